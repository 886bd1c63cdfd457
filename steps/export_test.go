package steps

// NextLabel is nextLabel, for its own test.
var NextLabel = nextLabel

// Screens lists the names of all screens.
func Screens() []string {
	var names []string
	for _, s := range screens {
		names = append(names, s.name)
	}
	return names
}
