package record

import "dpc-onboard/keys"

// Environment is one of DPC's two environments.
type Environment string

const (
	Sandbox    Environment = "sandbox"
	Production Environment = "production"
)

// Known reports whether it is one of the two.
func (e Environment) Known() bool { return e == Sandbox || e == Production }

// APIBase returns the base of DPC's API, without a slash at the end.
func (e Environment) APIBase() string {
	if e == Production {
		return "https://prod.dpc.cms.gov/api/v1"
	}
	return "https://sandbox.dpc.cms.gov/api/v1"
}

// Portal returns the address of DPC's web portal.
func (e Environment) Portal() string {
	if e == Production {
		return "https://dpc.cms.gov"
	}
	return "https://sandbox.dpc.cms.gov"
}

// Name is the environment as the portal writes it.
func (e Environment) Name() string {
	if e == Production {
		return "Production"
	}
	return "Sandbox"
}

// EnvironmentOf tells a token's environment by the host that made it. A host of
// neither (a test API, or the day CMS moves) says nothing.
func EnvironmentOf(t keys.Token) (Environment, bool) {
	switch {
	case t.Host == "sandbox.dpc.cms.gov":
		return Sandbox, true
	case t.Host == "prod.dpc.cms.gov", t.Host == "dpc.cms.gov":
		return Production, true
	}
	return "", false
}
