package steps

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dpc-onboard/keys"
)

// This file and check_words.go hold what a person reads, in the order in which
// they meet it, so that it can be reviewed and translated in one place. Words
// between *stars* name what the portal shows.

// titles name the steps in the rail.
var titles = map[ID]string{
	Access: "Access",
	Token:  "Create token",
	Save:   "Save tokens",
	Key:    "Key pair",
	Add:    "Add key",
	KeyID:  "Key ID",
	Check:  "Check",
	Send:   "Send",
}

// Title returns the name of a step.
func (id ID) Title() string { return titles[id] }

// What is said while something is done.
const (
	wordsLooking      = "Reading back what is saved"
	wordsProbing      = "Trying this computer's keyring"
	wordsOpeningVault = "Opening the vault"
	wordsKeeping      = "Keeping this"
	wordsSaving       = "Saving and reading back"
	wordsMakingKey    = "Making an RSA-4096 key pair on this computer"
	wordsImporting    = "Reading and saving the key pair"
	wordsWritingFiles = "Writing files"
	wordsChecking     = "Asking DPC"
	wordsSealing      = "Sealing the package"
	wordsReadingKey   = "Reading the public key"
	wordsUploading    = "Uploading the package"
	wordsRemoving     = "Deleting the local package"
	wordsKeepingOld   = "Keeping the old one safe"
	wordsBusy         = "something is still being done; wait a moment"
)

// Access.
const (
	wordsAccessTitle           = "Who is being onboarded?"
	wordsOrganization          = "Organization name"
	wordsOrganizationHint      = "as registered with DPC"
	wordsOrganizationEmpty     = "the organization's name is missing"
	wordsOrganizationEmptyHint = "Type the name that the practice is registered under with DPC."
	wordsOrganizationLong      = "this is too long for an organization's name"
	wordsNPI                   = "NPI"
	wordsNPIExample            = "10 digits"
	wordsNPIRight              = "check digit is right"
	wordsNPIEmpty              = "the NPI is missing"
	wordsNPILetters            = "an NPI has no letters"
	wordsNPISigns              = "there are spaces or other signs in this NPI"
	wordsNPIDigit              = "a digit of this NPI is wrong: its check digit does not fit"
	wordsNPIHint               = "Type the 10 digits of the NPI that was used to register with DPC, and nothing else."
	wordsNPIDigitHint          = "Compare it with the NPI that was used to register with DPC; two digits may have changed places."
	wordsEnvironment           = "Environment"
	wordsAccessNext            = "We have access. Start"
	wordsAccessAgain           = "A corrected NPI keeps everything that was saved. Another environment starts another onboarding; this one stays as it is."
	wordsNoChoice              = "that is not one of the choices"
	wordsNoChoiceHint          = "Choose one of those that are listed."
)

var wordsAccessGuide = []string{
	"CMS must have approved your organization and granted you access to the DPC portal. Have it open in a browser beside this window.",
	"You can close this window at any time. It goes on where you were.",
}

var wordsEnvironments = []Choice{
	{Value: string(Sandbox), Label: "Sandbox", Hint: "made-up patients; everyone starts here"},
	{Value: string(Production), Label: "Production", Hint: "real Medicare claims"},
}

func wordsNPILength(n int) string {
	return fmt.Sprintf("an NPI has 10 digits, this one has %d", n)
}

// The place for secrets.
const (
	wordsVaultTitle            = "Choose a passphrase for the vault"
	wordsNoKeyringTitle        = "This computer's keyring does not answer"
	wordsUnlockTitle           = "Open the vault"
	wordsUnlock                = "Open the vault"
	wordsUseVault              = "Use the vault"
	wordsTryKeyring            = "Try the keyring again"
	wordsVaultPassphrase       = "Vault passphrase"
	wordsNewPassphrase         = "Passphrase"
	wordsNewPassphraseHint     = "four or more words that nobody would guess together"
	wordsPassphraseAgain       = "The same once more"
	wordsPassphraseEmpty       = "the passphrase is missing"
	wordsPassphraseStrong      = "strong enough"
	wordsPassphraseDiffers     = "the two passphrases are not the same"
	wordsPassphraseDiffersHint = "Type the same passphrase in both fields."
	wordsWeakHint              = "Take four or more words that have nothing to do with each other or with the practice."
	wordsEmpty                 = "there is nothing here yet"
	wordsEmptyHint             = "Type or paste a value."
)

var (
	wordsVaultGuide       = []string{"The vault is one encrypted file beside the progress files. The passphrase is kept nowhere: without it the vault can't be opened, by anyone."}
	wordsUnlockGuide      = []string{"The secrets of this onboarding are in the vault on this computer. Type its passphrase to go on where you were."}
	wordsNoKeyringGuide   = []string{"Secrets need a safe place before you create a token, because the portal shows it only once. Without a keyring you can use a vault: one encrypted file on this computer, under a passphrase of yours.", "Nothing is ever kept in clear."}
	wordsKeyringGoneGuide = []string{"The secrets of this onboarding are in the keyring. Unlock it or start it, then try again. With a vault instead, you would save the tokens and make a key anew."}
)

func wordsStored(kind StorageKind) string {
	if kind == Vault {
		return "The vault works: a test value was written, read back and deleted."
	}
	return "The keyring works: a test value was written, read back and deleted."
}

// Resume.
const wordsSetAsideHint = "The onboarding starts anew; secrets that were saved for it are taken up again."

func wordsSetAside(a *SetAside) string {
	return "The progress file " + a.Reason + ". It was kept as " + a.Path + "."
}

func wordsFound(s State) string {
	done := 0
	for _, stop := range Rail(s) {
		if stop.Status == StopDone {
			done++
		}
	}
	what := fmt.Sprintf("Found %s, %s: %d of %d steps done", s.Organization, s.Environment, done, len(IDs))
	if kept := keptSecrets(s); len(kept) > 0 {
		return what + "; read back from the " + string(s.Storage.Kind) + ": " + strings.Join(kept, ", ") + "."
	}
	return what + "."
}

func keptSecrets(s State) []string {
	var names []string
	if s.ClientToken != nil {
		names = append(names, secretTitles[ClientTokenName])
	}
	if s.OrganizationToken != nil {
		names = append(names, secretTitles[OrganizationTokenName])
	}
	if s.Key != nil {
		names = append(names, secretTitles[PrivateKeyName])
	}
	return names
}

var secretTitles = map[string]string{
	ClientTokenName:       "client token",
	OrganizationTokenName: "organization token",
	PrivateKeyName:        "private key",
	"key-id":              "public key ID",
}

func wordsVanished(name string, s *Storage) string {
	return fmt.Sprintf("The %s is no longer in the %s.", secretTitles[name], s.Kind)
}

func wordsAdopted(name string) string {
	return fmt.Sprintf("The %s had been saved before the program ended. It is taken up again.", secretTitles[name])
}

var wordsVanishedHints = map[string]string{
	ClientTokenName:       "The portal can't show it again. Create a new token there, then save it here.",
	OrganizationTokenName: "Copy it from the portal once more.",
	PrivateKeyName:        "Make a new key pair and add its public key in the portal.",
}

// Create token.
const (
	wordsTokenTitle     = "Create a client token in the portal"
	wordsTokenSuccess   = "I see “Success!”"
	wordsTokenFailed    = "No success message"
	wordsChangeLabel    = "Change the label"
	wordsTokenRetry     = "No “Success”? Go back in the portal and create the token again, with this new label."
	wordsTokenRetryHint = "If it fails again, sign out of the portal, sign in and try once more."
	wordsTokenAgain     = "The token that is saved stays until another one takes its place. Going back here undoes nothing."
	wordsLabel          = "Label"
	wordsLabelTitle     = "Choose a label"
	wordsUseLabel       = "Use this label"
	wordsLabelBlank     = "the label is blank"
	wordsLabelControl   = "there is a sign in this label that can't be seen"
	wordsLabelHint      = "1 to 25 characters"
)

var (
	wordsLabels     = map[Environment]string{Sandbox: "HealthEndeavors sandbox", Production: "HealthEndeavors prod"}
	wordsLabelGuide = []string{"The portal shows this label in its list, so that you know later what the entry is for. It takes at most 25 characters."}
)

func wordsTokenGuide(e Environment) []string {
	return []string{
		"1. Sign in to the portal and click *+ New token*.",
		fmt.Sprintf("2. Paste the label. Where the portal asks for an environment, choose *%s*.", e),
		"3. Click *Create Token*. The next page says *Success!* and shows the token once. Leave that page open.",
	}
}

func wordsLabelLong(n int) string {
	return fmt.Sprintf("the label has %d characters, the portal takes 25", n)
}

func wordsLabelRight(label string) string {
	return fmt.Sprintf("%d of %d characters", len([]rune(label)), maxLabel)
}

// Save tokens.
const (
	wordsSaveTitle             = "Save both tokens"
	wordsClientToken           = "Client Token"
	wordsClientTokenHint       = "Copy the whole long text from the page that says “Success!”."
	wordsOrganizationToken     = "Organization Token"
	wordsOrganizationTokenHint = "Copy the organization's ID from under its name on the portal's main page."
	wordsSave                  = "Save both"
	wordsTokenLost             = "I no longer have the token"
	wordsSaveAgain             = "Both are saved. Leave a field empty to keep what is saved in it."
	wordsSaveAgainHint         = "A new client token means that the live check and the package have to be made again."
	wordsTokenEmpty            = "the client token is missing"
	wordsGoToDashboard         = "You can leave that page now: click *Go To Dashboard*."
	wordsSameTwice             = "this is the client token once more"
	wordsSameTwiceHint         = "The organization token is the shorter one: the ID under the organization's name on the portal's main page."
	wordsExpiredHint           = "Create a new token in the portal."
	wordsOtherOrganizationHint = "Copy both from the same organization's page in the portal."
	wordsOrganizationNeeded    = "the new client token is another organization's, so its organization token is needed too"

	wordsOrganizationTokenEmpty = "the organization token is missing"
	wordsNoOrganizationToken    = "this is neither an organization ID nor a token"
	wordsOrganizationID         = "organization ID"
)

var wordsSaveGuide = []string{
	"Copy the token from the page that says *Success!* and paste it here. It is shown only once.",
	"Then paste the Organization Token: today's portal shows it as the organization's *ID*, under its name on the main page.",
}

func wordsTokenRecognized(length int, e Environment, days int) string {
	return fmt.Sprintf("client token, %s, expires in %s", e, plural(days, "day"))
}

func wordsOrganizationTokenOf(length int, id string) string {
	return fmt.Sprintf("organization token, %d characters", length)
}

func wordsOtherEnvironment(got, want Environment) string {
	return fmt.Sprintf("this token is for %s, and this onboarding is for %s", got, want)
}

func wordsOtherEnvironmentHint(want Environment) string {
	return fmt.Sprintf("Create a token for %s at %s.", want, want.Portal())
}

func wordsExpired(at time.Time) string {
	return "this token expired on " + day(at)
}

func wordsOtherOrganization(got, want string) string {
	return fmt.Sprintf("this is organization %s, but the client token is of organization %s", got, want)
}

func wordsSaved(s State, now time.Time) string {
	t := s.ClientToken
	return fmt.Sprintf("Saved and read back. Client token of %s, %s, %s.", s.Organization, t.Environment, wordsExpires(t.Expires, now))
}

func wordsExpires(at, now time.Time) string {
	if at.IsZero() {
		return "without an expiry date"
	}
	days := int(at.Sub(now).Hours() / 24)
	return fmt.Sprintf("expires in %s (%s)", plural(days, "day"), day(at))
}

// wordsTokenHints say what to do about what was pasted as a client token.
var wordsTokenHints = []struct {
	err  error
	hint string
}{
	{keys.ErrTokenUUID, "A token's ID, or the organization's, is not the token. Copy the whole long text from the page that says “Success!”."},
	{keys.ErrTokenPEM, "The key comes later. Copy the long text from the page that says “Success!”."},
	{keys.ErrTokenJWT, "Access tokens last five minutes and are made from the client token. Copy the client token from the portal."},
	{keys.ErrTokenLabel, "Copy the token alone, without the word before it."},
	{keys.ErrTokenWord, "The label only names the token. Copy the long text from the page that says “Success!”."},
	{keys.ErrTokenCut, "Click into the portal's text field, select all of it (Ctrl+A), copy it and paste it again."},
	{keys.ErrTokenTwo, "Paste one value into each field."},
	{keys.ErrTokenBase64, "Click into the portal's text field, select all of it (Ctrl+A), copy it and paste it again."},
}

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

func wordsKeySaved(k KeyFact, s *Storage) string {
	made := "Key pair made"
	if k.Imported {
		made = "Key pair imported"
	}
	return fmt.Sprintf("%s. The private key was saved in the %s and read back.", made, s.Kind)
}

func wordsPrivateKeyRecognized(bits int, fingerprint string) string {
	return fmt.Sprintf("RSA private key, %d bits", bits)
}

func wordsPublicKeyRecognized(fingerprint string) string { return "public key " + fingerprint }

// Add key.
const (
	wordsAddTitle          = "Add the public key in the portal"
	wordsPublicKey         = "Public Key"
	wordsSnippet           = "Signature Snippet"
	wordsAdded             = "I have added the key"
	wordsAddRefused        = "The portal refused it"
	wordsAddFiles          = "Write them to files"
	wordsWriteFilesHint    = "Start the program in a folder that you may write to."
	wordsFilesWrittenHint  = "Open each file, copy all of it and paste it into the portal. None of them is secret."
	wordsReadyForClipboard = "ready to copy"
)

func wordsAddGuide(e Environment) []string {
	return []string{
		fmt.Sprintf("1. On the portal's main page click *+ Key* (or *Add key*). Where it asks for an environment, choose *%s*.", e),
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

const wordsNotSavedHint = "Start dpc-onboard and finish the step that is open."

// Send.
const (
	wordsSealTitle               = "Seal the package"
	wordsFormat                  = "How will they open it?"
	wordsProtect                 = "Who can open it?"
	wordsFolder                  = "Folder"
	wordsFolderHint              = "where the sealed file is written"
	wordsFolderEmpty             = "the folder is missing"
	wordsSeal                    = "Seal the package"
	wordsPageNeedsPassphrase     = "a web page can't be sealed to a public key"
	wordsPageNeedsPassphraseHint = "Take a passphrase, or one of the other two ways to open it."
	wordsOwnPassphraseTitle      = "Type a passphrase for the package"
	wordsRecipientTitle          = "Whose public key?"
	wordsRecipient               = "Public key"
	wordsRecipientLook           = "Look at this key"
	wordsRecipientOther          = "Look at another key"
	wordsRecipientWhose          = "This key belongs to"
	wordsSealTo                  = "Seal to this key"
)

var (
	wordsSealGuide = []string{"The six items go into one sealed file: NPI, client token, organization token, public key ID, public key and private key. It is never written in clear."}
	wordsFormats   = []Choice{
		{Value: "age", Label: "With age or dpc-onboard", Hint: "free tools; the best choice where you have no other word"},
		{Value: "html", Label: "With a web browser alone", Hint: "nothing to install; send it by SFTP or the help desk, never by e-mail"},
		{Value: "pgp", Label: "With GnuPG or another OpenPGP program", Hint: "where they asked for PGP"},
	}
	wordsProtects = []Choice{
		{Value: "made", Label: "Whoever has a passphrase made here", Hint: "shown once; say it over the phone"},
		{Value: "own", Label: "Whoever has a passphrase of mine", Hint: "typed twice"},
		{Value: "key", Label: "Only the holder of a public key", Hint: "where they gave you one"},
	}
	wordsOwnPassphraseGuide = []string{"Tell it to the receiver over the phone, never in the message that carries the file."}
	wordsRecipientGuides    = map[string][]string{
		"age": {"Paste the public key that the receiver gave you, or give the path of a file that holds it."},
		"pgp": {"Give the path of the public key file that the receiver gave you."},
	}
	wordsRecipientHints = map[string]string{
		"age": "begins with age1, ssh-ed25519 or ssh-rsa",
		"pgp": "often ends in .asc or .gpg",
	}
)

func wordsSealed(s SealedFact) string {
	return fmt.Sprintf("Sealed: %s (%s).", filepath.Base(s.File), wordsBytes(s.Size))
}

func wordsBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f KB", float64(n)/1024)
}

const (
	wordsDeliverTitle       = "Hand it over"
	wordsFile               = "File"
	wordsSize               = "Size"
	wordsOpensWith          = "Opens with"
	wordsPassphrase         = "Passphrase, shown once"
	wordsBySFTP             = "Send it by SFTP"
	wordsByRequest          = "Submit a Request"
	wordsByOther            = "I hand it over myself"
	wordsByOtherWhere       = "by hand"
	wordsSealAgain          = "Seal it again"
	wordsPassphraseGone     = "The passphrase was shown once, when the package was sealed, and is kept nowhere."
	wordsPassphraseGoneHint = "If you did not write it down, seal the package again."
	wordsSentBeforeHint     = "Send it again only if the receiver asked for it."
	wordsSFTPTitle          = "Send it by SFTP"
	wordsSFTPURL            = "Address"
	wordsSFTPURLHint        = "sftp://user@host/folder/"
	wordsSFTPPassword       = "Password (optional)"
	wordsSFTPPasswordHint   = "or the passphrase of the key file"
	wordsSFTPKey            = "SSH key file (optional)"
	wordsSFTPKeyHint        = "empty: the SSH agent and your usual keys"
	wordsUpload             = "Upload"
	wordsHostTitle          = "This server is new here"
	wordsHost               = "Server"
	wordsHostKey            = "Key type"
	wordsHostStop           = "Stop"
	wordsHostTrust          = "It is the same: trust it"
	wordsRequestTitle       = "Submit a Request"
	wordsSubject            = "Subject"
	wordsMessage            = "Message"
	wordsSubmitted          = "I have submitted it"
)

var (
	wordsDeliverGuide = []string{"The sealed file is ready. Send it to the vendor, and say the passphrase over the phone, never in the same message."}
	wordsSFTPGuide    = []string{"The vendor gives you the address and how to sign in. The file gets its name only once it has arrived whole."}
	wordsHostGuide    = []string{"Ask the vendor for the server's fingerprint and compare it with this one. If it differs, stop: somebody may stand between you and the server."}
	wordsRequestGuide = []string{"Open the vendor's help desk, attach the sealed file, and paste subject and message. Never write the passphrase there."}
)

func wordsOpensBy(s SealedFact) string {
	if s.Recipient == "passphrase" {
		return "a passphrase"
	}
	return "the private key of " + s.Recipient
}

var wordsHow = map[string]string{"sftp": "by SFTP to", "request": "by a request at", "other": ""}

func wordsDelivery(d DeliveryFact) string {
	return strings.TrimSpace(wordsHow[d.How] + " " + d.Where)
}

func wordsSentBefore(n int, last DeliveryFact) string {
	return fmt.Sprintf("A package was handed over already: %s on %s (%s so far).", wordsDelivery(last), day(last.At), plural(n, "hand-over"))
}

func wordsDelivered(d DeliveryFact) string {
	return fmt.Sprintf("Handed over %s on %s.", wordsDelivery(d), day(d.At))
}

func wordsRequestSubject(s State) string {
	return fmt.Sprintf("DPC credentials for NPI %s (%s)", s.NPI, s.Environment)
}

func wordsRequestMessage(s State) string {
	text := fmt.Sprintf("Please find attached the DPC credentials of %s, NPI %s, for %s.\n", s.Organization, s.NPI, s.Environment)
	if p := s.Sealed; p != nil {
		text += fmt.Sprintf("File: %s\nSHA-256: %s\n", filepath.Base(p.File), p.SHA256)
		if p.Recipient == "passphrase" {
			text += "Please call us for the passphrase.\n"
		}
	}
	return text
}

// The end.
const (
	wordsClose           = "Close"
	wordsRemove          = "Delete the local package"
	wordsStartProduction = "Start production"
	wordsCalendar        = "Calendar file for the expiry"
	wordsCalendarHint    = "Open it with your calendar to be reminded."
	wordsSendAgain       = "Hand it over again"
	wordsReplaceToken    = "Replace the client token"
	wordsReplaceKey      = "Replace the key pair"
	wordsKeepOld         = "Keep the old one after all"
	wordsRotatingHint    = "It still works at DPC, too."
	wordsReplacedHint    = "Delete the old one in the portal now."
)

func wordsFinishTitle(s State) string { return s.Organization + " is onboarded" }

func wordsFinishGuide(s State) []string {
	if s.Environment == Sandbox {
		return []string{"Everything of the guide is done for sandbox. When the vendor's tests have passed, start production: organization and NPI are filled in for you."}
	}
	return []string{"Everything of the guide is done for production."}
}

func wordsRemoveWarning(file string) string {
	return "This deletes " + file + ". The tokens and the key stay in safe storage, so you can seal a new package at any time."
}

func wordsRemoved(file string) string { return "Deleted " + file + "." }

func wordsRemovedHint(s *Storage) string {
	return fmt.Sprintf("The tokens and the private key stay in the %s until you run dpc-onboard forget.", s.Kind)
}

func wordsCalendarWritten(path string) string { return "Written: " + path + "." }

var rotationNames = map[string]string{"token": "client token", "key": "key pair"}

func wordsReplacing(what string) string {
	return fmt.Sprintf("The old %s is kept until the new one is checked.", rotationNames[what])
}

func wordsRotating(what string) string {
	return fmt.Sprintf("This replaces the %s. The old one is kept until the new one is checked.", rotationNames[what])
}

func wordsReplaced(what string) string {
	return fmt.Sprintf("The new %s is checked, so the old one was deleted from this computer.", rotationNames[what])
}

// summaryRows say what was made, what was sent and what ends when.
func summaryRows(f Facts) []Row {
	s := f.State
	rows := []Row{
		{Name: wordsOrganization, Value: s.Organization},
		{Name: wordsNPI, Value: s.NPI},
		{Name: wordsEnvironment, Value: string(s.Environment)},
	}
	if t := s.ClientToken; t != nil {
		rows = append(rows, Row{Name: wordsClientToken, Value: fmt.Sprintf("“%s”, %s", s.TokenLabel, wordsExpires(t.Expires, f.Session.Now))})
	}
	if s.Key != nil && s.KeyID != nil {
		rows = append(rows, Row{Name: wordsKeyID, Value: s.KeyID.ID}, Row{Name: wordsFingerprint, Value: s.Key.Fingerprint})
	}
	if c := s.currentCheck(); c != nil {
		rows = append(rows, Row{Name: "Live check", Value: c.Summary()})
	}
	for _, d := range s.Sent {
		rows = append(rows, Row{Name: "Handed over", Value: fmt.Sprintf("%s, %s", day(d.At), wordsDelivery(d))})
	}
	if !f.Session.Passphrase.IsZero() {
		rows = append(rows, Row{Name: wordsPassphrase, Secret: f.Session.Passphrase})
	}
	if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
		rows = append(rows, Row{Name: "Before " + day(t.Expires), Value: "create a new client token: start dpc-onboard and choose “" + wordsReplaceToken + "”"})
	}
	return rows
}

const (
	wordsNo = "No, go back"
)

func wordsYes(label string) string { return "Yes: " + strings.ToLower(label[:1]) + label[1:] }

// help explains each step.
var help = map[ID]Help{
	Access: {
		What:  "The practice that is being connected to DPC, and which of DPC's two environments it is for.",
		Why:   "DPC knows a practice by its NPI. Sandbox has made-up patients, so that nothing can go wrong while you try.",
		Wrong: "CMS has not granted access yet: then the portal does not let you in. Ask at dpcinfo@cms.hhs.gov.",
		Kept:  "Name, NPI and environment are in a progress file on this computer. They are no secrets.",
	},
	Token: {
		What:  "A client token says which organization a request comes from. You create one in the portal.",
		Why:   "DPC takes requests from software only with a token of the organization's.",
		Wrong: "No “Success!” appears: go back in the portal and try again with a new label. One token is for one vendor.",
		Kept:  "Only the label is kept here. The token itself comes in the next step.",
	},
	Save: {
		What:  "The client token and the organization token, as the portal shows them.",
		Why:   "The vendor needs both. The portal shows the client token once and never again.",
		Wrong: "Half a token, or the token's ID in its place. Both are found out at once, before you leave the portal's page.",
		Kept:  "In this computer's keyring, or in the encrypted vault. Never in a plain file.",
	},
	Key: {
		What:  "Two halves: the public key goes to DPC, the private key proves that a request is yours.",
		Why:   "DPC checks each request against the public key. It asks for RSA with at least 4096 bits.",
		Wrong: "A key that was made on a web site may be known to others. This one never was outside of this computer.",
		Kept:  "The private key is in the keyring or the vault, the public key in the progress file.",
	},
	Add: {
		What:  "The portal's form for a public key: label, public key and signature snippet.",
		Why:   "The signature snippet proves to DPC that you hold the private key, without showing it.",
		Wrong: "A value is cut or changed on its way. Copy it again, or write the three values to files.",
		Kept:  "None of the three is secret.",
	},
	KeyID: {
		What:  "The ID under which DPC keeps your public key.",
		Why:   "Each request names it, so that DPC knows which key to check with.",
		Wrong: "The organization's ID, or another key's, in its place. The live check finds that out.",
		Kept:  "In the progress file. It is no secret.",
	},
	Check: {
		What:  "A sign-in to DPC with exactly what you saved.",
		Why:   "It shows now whether the vendor will be able to connect.",
		Wrong: "No network, a proxy in between, a wrong clock: those are told apart from a wrong credential.",
		Kept:  "The outcome and its time are in the progress file and in the package.",
	},
	Send: {
		What:  "One sealed file with the six items that the vendor needs.",
		Why:   "Whoever has these items can act as your organization, so they travel sealed.",
		Wrong: "The passphrase in the same message as the file. Say it over the phone.",
		Kept:  "The sealed file is where you chose. What was sent, when and to whom is in the progress file.",
	},
}

var (
	helpVault = Help{
		What:  "A safe place for the tokens and the private key.",
		Why:   "The portal shows the client token only once, so it must have a place before it exists.",
		Wrong: "A forgotten passphrase: the vault then stays closed, and tokens and key have to be made anew.",
		Kept:  "vault.age, beside the progress files, encrypted with age.",
	}
	helpFinish = Help{
		What:  "What was made and sent, and what ends when.",
		Why:   "A client token lasts a year. Before that day it needs to be replaced.",
		Wrong: "A lost package or passphrase: seal a new one here at any time.",
		Kept:  "The tokens and the key stay in safe storage until you run dpc-onboard forget.",
	}
)

// problem makes an error of a sentence and its remedy.
func problem(text, hint string) error { return &Problem{Err: fmt.Errorf("%s", text), Hint: hint} }

// sentence returns an error's text.
func sentence(err error) string { return err.Error() }

// day writes a date as people in the United States read it.
func day(t time.Time) string { return t.Format("January 2, 2006") }

func plural(n int, noun string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func wordsCalendarSummary(s State) string {
	return fmt.Sprintf("DPC client token of %s (%s) expires", s.Organization, s.Environment)
}

func wordsCalendarText(s State) string {
	return fmt.Sprintf("The client token “%s” for NPI %s ends on this day. Before it does, start dpc-onboard and choose “%s”.", s.TokenLabel, s.NPI, wordsReplaceToken)
}
