package keys

// Randomart draws over any digest, for comparison with ssh-keygen.
var Randomart = randomart
