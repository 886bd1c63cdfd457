package keys

// The types of PEM block that RFC 7468, OpenSSL and OpenSSH give to keys.
const (
	typePKCS8 = "PRIVATE KEY"
	typeSPKI  = "PUBLIC KEY"
)
