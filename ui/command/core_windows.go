package command

// noCoreDump does nothing: Windows keeps no dump of a Go program's crash unless
// its owner has asked for one.
func noCoreDump() {}
