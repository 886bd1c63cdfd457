package steps

import (
	"fmt"

	"dpc-onboard/keys"
)

// The words of the steps key, add, id and check.

// Key pair.
const (
	wordsKeyTitle          = "Make the key pair"
	wordsKeyKeptTitle      = "The key pair is made"
	wordsMakeKey           = "Make the key pair"
	wordsMakeNewKey        = "Make a new key pair"
	wordsMakeNewKeyWarning = "The private key that is saved now is replaced and can't be brought back. The new public key must be added in the portal, and its key ID saved here."
	wordsKeepKey           = "Keep this key pair"
	wordsImportKey         = "Import a pair that exists"
	wordsMakeKeyHint       = "Try again. If it goes on failing, import a pair that was made with openssl."
	wordsFingerprint       = "Fingerprint"
	wordsKeySavedHint      = "The private key never leaves this computer in clear."
	wordsImportTitle       = "Import a key pair"
	wordsImport            = "Import the pair"
	wordsPrivateKey        = "Private Key"
	wordsPrivateKeyHint    = "Give the path of its PEM file, or paste its text."
	wordsPrivateKeyEmpty   = "the private key is missing"
	wordsPublicKeyOptional = "Public Key (optional)"
	wordsPublicKeyHint     = "The path of its PEM file, to check that the two belong together."
	wordsReadFileHint      = "Give the path of a file that you may read."
	wordsKeyHint           = "Export the key once more, or make a new pair here."
)

var (
	wordsKeyGuide     = []string{"DPC knows your requests by an RSA key pair of 4096 bits. It is made on this computer, never on a web site. The private key goes straight to safe storage."}
	wordsKeyKeptGuide = []string{"Going back here undoes nothing. A new pair would have to be added in the portal again, and the key ID of the old one would no longer count."}
	wordsImportGuide  = []string{"An RSA pair of at least 4096 bits as PEM files, without a passphrase. The files stay as they are: delete them yourself when the import is done."}
)

// wordsKeyHints say what to do about a key that can't be imported.
var wordsKeyHints = []struct {
	err  error
	hint string
}{
	{keys.ErrEncrypted, "Take its passphrase off first: openssl pkey -in KEY -out NEW. Delete NEW after the import."},
	{keys.ErrEC, "Make a new pair here: it is RSA with 4096 bits."},
	{keys.ErrAlgorithm, "Make a new pair here: it is RSA with 4096 bits."},
	{keys.ErrCertificate, "Give the file that begins with BEGIN PRIVATE KEY."},
	{keys.ErrPublic, "Give the file that begins with BEGIN PRIVATE KEY."},
	{keys.ErrPrivate, "Give the file that begins with BEGIN PUBLIC KEY, or leave this out."},
	{keys.ErrOpenSSH, "Turn a copy of it into PEM first: ssh-keygen -p -m PEM -f COPY."},
	{keys.ErrOpenSSHLine, "Give the file that begins with BEGIN PUBLIC KEY, or leave this out."},
	{keys.ErrPKCS1Public, "Leave the public key out: it is made from the private key."},
	{keys.ErrSeveral, "Give a file with one key alone."},
	{keys.ErrKeySmall, "Make a new pair here: it has 4096 bits."},
	{keys.ErrKeyLarge, "Make a new pair here: it has 4096 bits."},
	{keys.ErrDamaged, "Copy the whole file once more, from its BEGIN to its END line."},
	{keys.ErrNoMatch, "Give the two files that were made together, or leave the public key out."},
}

func wordsKeySaved(k KeyFact, kind StorageKind) string {
	made := "Key pair made"
	if k.Imported {
		made = "Key pair imported"
	}
	return fmt.Sprintf("%s. The private key was saved in the %s and read back.", made, kind)
}

func wordsPrivateKeyRecognized(bits int) string {
	return fmt.Sprintf("RSA private key, %d bits", bits)
}

func wordsPublicKeyRecognized(fingerprint string) string { return "public key " + fingerprint }

// Add key.
const (
	wordsAddTitle         = "Add the public key in the portal"
	wordsPublicKey        = "Public Key"
	wordsSnippet          = "Signature Snippet"
	wordsAdded            = "I have added the key"
	wordsAddRefused       = "The portal refused it"
	wordsAddFiles         = "Write them to files"
	wordsWriteFilesHint   = "Start the program in a folder that you may write to."
	wordsFilesWrittenHint = "Open each file, copy all of it and paste it into the portal. None of them is secret."
)

func wordsAddGuide(e Environment) []string {
	return []string{
		fmt.Sprintf("1. On the portal's main page click *+ Key* (or *Add key*). Where it asks for an environment, choose *%s*.", portalName(e)),
		"2. Copy each of the three values here and paste it into the field of the same name.",
		"3. Click *Add key*.",
	}
}

var wordsRefusals = []Note{
	{Kind: NoteInfo, Text: "“Public key could not be verified”: the signature snippet was changed on its way.", Hint: "Copy it again and paste it into an empty field."},
	{Kind: NoteInfo, Text: "“Must be a valid public key”: the tags are missing.", Hint: "Copy the public key with its BEGIN and END lines."},
	{Kind: NoteInfo, Text: "“Already registered”: this key is there already.", Hint: "Go on, and take the key ID that the portal shows for it."},
}

func wordsFilesWritten(folder string) string { return "Written to " + folder + "." }

// Key ID.
const (
	wordsKeyIDTitle          = "Save the key's ID"
	wordsKeyID               = "Public Key ID"
	wordsKeyIDHint           = "Copy the Key ID from the portal's list of public keys."
	wordsKeyIDNext           = "Save the key ID"
	wordsKeyIDEmpty          = "the public key ID is missing"
	wordsKeyIDIsPEM          = "this is a key, not its ID"
	wordsKeyIDIsToken        = "this is a client token, not a key ID"
	wordsKeyIDIsFingerprint  = "this is the key's fingerprint, not its ID"
	wordsKeyIDForm           = "a key ID has the form 01234567-89ab-cdef-0123-456789abcdef; this has not"
	wordsKeyIDIsOrganization = "this is the organization's ID, not the key's"
	wordsKeyIDIsOld          = "this is the old key's ID, and the key is being replaced"
	wordsKeyIDIsTokenID      = "this is the client token's ID, not the key's"
	wordsKeyIDRecognized     = "key ID"
)

func wordsKeyIDGuide(label string) []string {
	return []string{
		"The portal's main page now lists your public key with a *Key ID*.",
		fmt.Sprintf("Copy the ID that stands beside the label *%s* and paste it here.", label),
	}
}

func wordsKeyIDSaved(id string) string { return "Public key ID saved: " + id + "." }

// Check.
const (
	wordsCheckTitle = "Check with DPC that it works"
	wordsCheckNow   = "Check now"
	wordsCheckLater = "Check later"
	wordsCheckAgain = "Check again"
	wordsGoOn       = "Go on"
	wordsGoOnAnyway = "Go on without"
)

func wordsCheckGuide(e Environment) []string {
	guide := []string{"One request to DPC shows now what would otherwise come out days later. It reads nothing of any patient."}
	if e == Production {
		guide = append(guide, "Production answers only to IP addresses that you entered in the portal under *IP Addresses*: at most 8, public IPv4, no ranges.")
	}
	return guide
}

func wordsNotSaved(name string) string { return "the " + secretTitles[name] + " is not saved yet" }

func wordsNotThis(name string) string {
	return "the " + secretTitles[name] + " in safe storage is not the one that was noted"
}

const wordsNotSavedHint = "Start dpc-onboard and finish the step that is open."
