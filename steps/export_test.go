package steps

// NextLabel is nextLabel, for its own test.
var NextLabel = nextLabel

// RenewedLabel is renewedLabel, for its own test.
var RenewedLabel = renewedLabel

// Screens lists the names of all screens, those of the detours last.
func Screens() []string {
	var names []string
	for sc := range screens() {
		names = append(names, sc.name)
	}
	return append(names, "token-label", "add-label", "refused", "import", "passphrase", "recipient", "sftp", "host", "request", "items", "renew")
}

// Detours counts those that are under way, and hold what they were given.
func (f Flow) Detours() int { return len(f.facts.Session.detours) }
