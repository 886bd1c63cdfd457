// Package sftp delivers a sealed package to a folder on the vendor's SFTP
// server, and says "delivered" only after reading the file back.
//
// What it promises:
//
//   - Nothing is sent to a server whose host key is not known: not a password,
//     not a signature, not even which keys there are. An unknown key comes back
//     as *record.UnknownHost, to be asked about; a changed or revoked one is
//     refused, with no way to go on from here.
//   - The file is written as NAME.part, read back and compared, and only then
//     renamed to NAME. A file under the final name is always whole, and a file that
//     is already there is never overwritten.
//   - A NAME.part stays behind only after a lost connection or a cancel; the next try
//     removes it and sends the file anew. After any other failure (a full disk, a
//     file that differs, a name that is taken) it is deleted at once.
//   - Where the final name holds this very file already, the delivery is complete:
//     so it is when the connection was lost after the rename and before the
//     server's answer.
//   - Every wait ends: by the context, or by one of the limits in Options.
//
// Signing in follows OpenSSH as far as the libraries carry: passwords (also by
// keyboard-interactive), key files, the agent, ~/.ssh/config and known_hosts
// with hashed names, @cert-authority and @revoked. The agent is not forwarded,
// nothing is compressed, and algorithms that are known to be weak are not
// offered.
//
// Specifications: RFC 4251 to 4254 and RFC 4256 (SSH), RFC 8332 (RSA with
// SHA-2), draft-ietf-secsh-filexfer-02 (SFTP, version 3), ssh_config(5) and
// the section on known hosts of sshd(8).
package sftp
