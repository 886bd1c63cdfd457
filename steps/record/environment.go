package record

import (
	"dpc-onboard/keys"
	"dpc-onboard/steps/portal"
)

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

// Words returns what the environment's portal shows.
func (e Environment) Words() portal.Words {
	if e == Production {
		return portal.Production
	}
	return portal.Sandbox
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
