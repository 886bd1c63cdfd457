package steps

// NextLabel is nextLabel, for its own test.
var NextLabel = nextLabel

// Screens lists the names of all screens, those of the detours last.
func Screens() []string {
	var names []string
	for sc := range screens() {
		names = append(names, sc.name)
	}
	return append(names, "token-label", "add-label", "refused", "import", "passphrase", "recipient", "sftp", "host", "request", "items")
}

// Detours counts those that are under way, and hold what they were given.
func (f Flow) Detours() int { return len(f.facts.Session.detours) }
