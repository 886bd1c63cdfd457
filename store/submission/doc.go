// Package submission is the hand-over: it puts the six items that the guide ends
// with into one package, seals it for whoever opens it, writes it, and opens and
// verifies it again on the receiver's side. (Package sftp delivers it.)
//
// Each way to seal is a file of its own, which seals and opens, and a line in
// formats.go: age.go, html.go, pgp.go.
//
// # The package
//
// Inside every seal is the same zip, made and read in memory only. It holds
// exactly these seven files, stored without compression, in this order:
//
//	submission.json          what this is, and the SHA-256 of each file below
//	npi.txt                  the NPI used to register with DPC
//	client-token.txt         the client token                        (secret)
//	organization-token.txt   the organization token, or the organization's ID (secret)
//	public-key-id.txt        the ID that DPC's portal shows for the public key
//	public-key.pem           SubjectPublicKeyInfo, "BEGIN PUBLIC KEY"
//	private-key.pem          the private key of that pair            (secret)
//
// A .txt file is exactly the value, with no newline at the end, so that a
// program can use it as it is. A .pem file ends in a newline.
//
// # submission.json, schema 1
//
// A JSON object in UTF-8. A reader refuses another schema number, and ignores
// names that it does not know. Times are RFC 3339, in UTC.
//
//	schema           1
//	tool_version     the version of dpc-onboard that made the package
//	created_at       when
//	organization     the organization's name, as entered
//	npi              ten digits
//	environment      "sandbox" or "production"
//	token_label      the client token's label in the portal
//	token_expiry     when the client token expires
//	organization_id  UUID: the organization that the client token belongs to
//	key_label        the public key's label in the portal
//	key_id           UUID: the same as public-key-id.txt
//	key_fingerprint  "SHA256:" and the unpadded base64 of the SHA-256 of the
//	                 public key's SubjectPublicKeyInfo
//	check            {"passed": true, "at": time} where these very credentials
//	                 worked with DPC before they were sealed, else
//	                 {"passed": false}
//	files            file name to SHA-256 in hexadecimal, for the other six
//
// # Seals
//
// "age" is the age format, version 1 (https://age-encryption.org/v1), binary:
// under a passphrase (scrypt), or to one or more age or SSH public keys.
//
// "pgp" is an OpenPGP message as RFC 4880 has it, which GnuPG 2.2 reads: AES-256
// in CFB mode with a modification detection code, no AEAD; to a public key, or
// under a passphrase by the iterated and salted S2K with SHA-256.
//
// "html" is one web page that opens itself in a browser, without a network. The
// page ends in a data block
//
//	<script type="application/json" id="package">{…}</script>
//
// whose content is one JSON object without white space, with these names in
// this order:
//
//	format       "dpc-onboard-html"
//	schema       1
//	kdf          "PBKDF2-HMAC-SHA-256"
//	iterations   600000 to 10000000
//	salt         base64, 16 bytes
//	cipher       "AES-256-GCM"
//	nonce        base64, 12 bytes
//	page         SHA-256, in hexadecimal, of the file without the JSON object:
//	             all bytes before it and all bytes after it
//	sha256       SHA-256, in hexadecimal, of salt, nonce and ciphertext
//	ciphertext   base64: the zip under AES-256-GCM with its 16-byte tag
//
// The key is PBKDF2 (RFC 8018) over the passphrase in UTF-8, in Unicode's NFC,
// without white space around it. The additional data of AES-GCM (NIST SP
// 800-38D) are the format, a space, the schema in decimal, a space, and page. So
// a passphrase that does not fit can be told from damage (sha256 is right, the
// tag is not), and Open, which computes page from the file itself, refuses a page
// that was altered on its way. The page in the browser can't do that for itself:
// whoever can alter the file on its way could alter the page. That is this
// seal's limit; send it by SFTP or through the vendor's own portal.
package submission
