package keys

// Pair is an RSA key pair of at least 4096 bits.
type Pair struct{}
