package plain

// keepLines has nothing to do: raw mode leaves the console's output as it is.
func keepLines(int) {}
