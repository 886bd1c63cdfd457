package steps

import (
	"fmt"
	"strings"
	"time"

	"dpc-onboard/keys"
)

// The files words*.go and check_words.go hold what a person reads, in the order in
// which they meet it, so that it can be reviewed and translated in one place.
// Words between *stars* name what the portal shows.

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
	wordsOrganizationUnseen    = "there is a sign in this name that can't be seen"
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
	wordsSecretInTheOpen       = "this is a token or a private key, and this field is shown"
	wordsSecretInTheOpenHint   = "Take it out again. Secrets go only into fields that hide what is typed."
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
	wordsOpenTitle             = "This onboarding could not be opened"
	wordsOpenAgain             = "Try again"
	wordsTryKeyringTitle       = "Try this computer's keyring"
	wordsStorageFirst          = "the NPI can't be corrected before the place for secrets is open"
	wordsStorageFirstHint      = "Go on with the NPI as it was, open the keyring or the vault, then come back here."
	wordsTryKeyring            = "Try the keyring again"
	wordsVaultPassphrase       = "Vault passphrase"
	wordsNewPassphrase         = "Passphrase"
	wordsNewPassphraseHint     = "five or more words that nobody would guess together"
	wordsPassphraseAgain       = "The same once more"
	wordsPassphraseEmpty       = "the passphrase is missing"
	wordsPassphraseStrong      = "strong enough"
	wordsPassphraseDiffers     = "the two passphrases are not the same"
	wordsPassphraseDiffersHint = "Type the same passphrase in both fields."
	wordsWeakHint              = "Take five or more words that have nothing to do with each other or with the practice."
	wordsEmpty                 = "there is nothing here yet"
	wordsEmptyHint             = "Type or paste a value."
)

var (
	wordsVaultGuide       = []string{"The vault is one encrypted file beside the progress files. The passphrase is kept nowhere: without it the vault can't be opened, by anyone."}
	wordsUnlockGuide      = []string{"The secrets of this onboarding are in the vault on this computer. Type its passphrase to go on where you were."}
	wordsNoKeyringGuide   = []string{"Secrets need a safe place before you create a token, because the portal shows it only once. Without a keyring you can use a vault: one encrypted file on this computer, under a passphrase of yours.", "Nothing is ever kept in clear."}
	wordsKeyringGoneGuide = []string{"The secrets of this onboarding are in the keyring. Unlock it or start it, then try again. With a vault instead, you would save the tokens and make a key anew."}
)

var (
	wordsOpenGuide        = []string{"Nothing was changed. Where another window has it open, close that one, then try again."}
	wordsTryKeyringGuide  = []string{"It was not tried yet. A test value is written, read back and deleted, so that your tokens have a safe place."}
	wordsKeyringOnlyGuide = []string{"The program was started with --store keyring. Unlock the keyring or start it, then try again. Without that option you could use an encrypted vault."}
)

func wordsStoredElsewhere(kind StorageKind, chosen string) string {
	return fmt.Sprintf("The secrets of this onboarding are in the %s, so it is used in spite of --store %s.", kind, chosen)
}

func wordsOldNPIKept(id string) string {
	return "The secrets that were saved for " + id + " could not all be deleted."
}

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
	what := fmt.Sprintf("Found %s, %s: %d of %d steps done", s.Organization, s.Environment, s.DoneSteps(), len(IDs))
	if kept := keptSecrets(s); len(kept) > 0 && s.Storage != nil {
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

func wordsVanished(name string, kind StorageKind) string {
	return fmt.Sprintf("The %s is no longer in the %s.", secretTitles[name], kind)
}

func wordsChanged(name string, kind StorageKind) string {
	return fmt.Sprintf("The %s in the %s is not the one that was saved, and can't be used here.", secretTitles[name], kind)
}

func wordsAdopted(name string) string {
	return fmt.Sprintf("The %s had been saved before the program ended. It is taken up again.", secretTitles[name])
}

var wordsVanishedHints = map[string]string{
	ClientTokenName:       "The portal can't show it again. Choose “" + wordsTokenLost + "” and create a new one.",
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
	wordsTokenLostNote  = "The token that is saved counts no more, because you went back for a new one."
	wordsTokenSaved     = "Use the token that is saved"
	wordsTokenAgain     = "The token that is saved stays until another one takes its place. Going back here undoes nothing."
	wordsLabel          = "Label"
	wordsLabelTitle     = "Choose a label"
	wordsUseLabel       = "Use this label"
	wordsLabelBlank     = "the label is blank"
	wordsLabelControl   = "there is a sign in this label that can't be seen"
	wordsLabelHint      = "1 to 25 characters"
	wordsLabelWrongHint = "Take 1 to 25 characters that can be seen."
)

var (
	wordsLabels     = map[Environment]string{Sandbox: "HealthEndeavors sandbox", Production: "HealthEndeavors prod"}
	wordsLabelGuide = []string{"The portal shows this label in its list, so that you know later what the entry is for. It takes at most 25 characters."}
)

func wordsTokenGuide(e Environment) []string {
	return []string{
		"1. Sign in to the portal and click *+ New token*.",
		fmt.Sprintf("2. Paste the label. Where the portal asks for an environment, choose *%s*.", portalName(e)),
		"3. Click *Create Token*. The next page says *Success!* and shows the token once. Leave that page open.",
	}
}

// portalName is an environment as the portal writes it.
func portalName(e Environment) string {
	if e == Production {
		return "Production"
	}
	return "Sandbox"
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

	wordsOrganizationTokenRecognized = "organization token"
	wordsOldToken                    = "this is the old client token, which is being replaced"
	wordsOldTokenHint                = "Copy the token that the portal has just made."
)

var wordsSaveGuide = []string{
	"Copy the token from the page that says *Success!* and paste it here. It is shown only once.",
	"Then paste the Organization Token: today's portal shows it as the organization's *ID*, under its name on the main page.",
}

func wordsTokenRecognized(s State, expires, now time.Time) string {
	return fmt.Sprintf("client token for %s, %s, %s", shortened(s.Organization), s.Environment, wordsExpires(expires, now))
}

// shortened cuts a long name for a line that says more than the name.
func shortened(name string) string {
	const most = 24
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}

func wordsSaveHalf(token bool) string {
	if token {
		return "The client token is saved. Only the organization token is missing."
	}
	return "The organization token is saved. Only the client token is missing."
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
	return fmt.Sprintf("Saved and read back. Client token for %s, %s, %s.", s.Organization, t.Environment, wordsExpires(t.Expires, now))
}

// wordsExpires says when a token ends, and how long that is from now.
func wordsExpires(at, now time.Time) string {
	switch {
	case at.IsZero():
		return "without an expiry date"
	case !now.Before(at):
		return "expired on " + day(at)
	}
	return fmt.Sprintf("expires %s (%s)", left(int(at.Sub(now).Hours()/24)), day(at))
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

// problem makes an error of a sentence and its remedy.
func problem(text, hint string) error { return &Problem{Err: fmt.Errorf("%s", text), Hint: hint} }

// sentence returns an error's text.
func sentence(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// day writes a date as people in the United States read it.
func day(t time.Time) string { return t.Format("January 2, 2006") }

func plural(n int, noun string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
