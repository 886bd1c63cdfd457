//go:build unix

package command_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
)

// vaultPassphrase is the one in the scripts' files.
const vaultPassphrase = "copper lantern drifts beyond quiet harbor"

// onboardedCommand makes an onboarding that was sealed as a web page and sent by
// SFTP, with secrets in the vault and a client token that has some days left:
//
//	onboarded ID DAYS FILE    the token is written to the file, too
func onboardedCommand(ts *testscript.TestScript, _ bool, args []string) {
	t := ts.Value(test{}).(testing.TB)
	s := ts.Value(portal{}).(*dpctest.Server)
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	location := "https://sandbox.dpc.cms.gov/api"
	if strings.HasSuffix(args[0], "-production") {
		location = "https://prod.dpc.cms.gov/api"
	}
	token := s.Token(dpctest.Token{Life: time.Duration(days)*24*time.Hour + time.Hour, Label: "HealthEndeavors sandbox", Location: location})
	pair := keystest.Pair(t)
	if len(s.Keys()) > 0 {
		pair = keystest.OtherPair(t)
	}
	keyID := s.AddKey(pair.Public())
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(token.Reveal()+"\n"), 0o600))

	state, err := record.Begun(args[0])
	ts.Check(err)
	dir := filepath.Join(ts.Getenv("XDG_STATE_HOME"), "dpc-onboard")
	vault := secrets.New(dir)
	vault.WorkFactor = 1
	ts.Check(vault.Use(context.Background(), record.Vault, keys.NewSecret(vaultPassphrase)))
	fact := func(name string, value keys.Secret) record.SecretFact {
		ts.Check(vault.Save(context.Background(), args[0], name, value))
		return record.SecretFact{At: time.Now(), Digest: value.Digest(), Length: value.Len()}
	}
	_, says, err := keys.ParseToken(token)
	ts.Check(err)
	signature, err := pair.Sign()
	ts.Check(err)
	organization := fact(record.OrganizationTokenName, keys.NewSecret(dpctest.OrganizationID))
	now := time.Now()
	state.Organization, state.CreatedAt, state.AccessAt = "Sunrise Family Practice", now, now
	state.Storage = &record.Storage{Kind: record.Vault, At: now}
	state.TokenLabel, state.TokenShownAt, state.OrganizationToken = "HealthEndeavors sandbox", now, &organization
	state.ClientToken = &record.TokenFact{
		SecretFact: fact(record.ClientTokenName, token), ID: says.ID, Label: state.TokenLabel,
		OrganizationID: says.OrganizationID, Environment: state.Environment, Expires: says.Expires,
	}
	state.Key = &record.KeyFact{
		SecretFact: fact(record.PrivateKeyName, pair.Private()), Label: "practice-key",
		Fingerprint: pair.Public().Fingerprint(), PublicKey: pair.Public().PEM(), Signature: signature,
	}
	state.Added = &record.AddedFact{Fingerprint: state.Key.Fingerprint, At: now}
	state.Addresses = &record.AddressFact{At: now}
	state.KeyID = &record.KeyIDFact{ID: keyID, Fingerprint: state.Key.Fingerprint, At: now}
	state = state.WithCheck(check.Report{At: now, Passed: true})
	made, _ := state.Origin()
	state.Sealed = &record.SealedFact{File: "dpc.html", Format: "html", Recipient: record.ByPassphrase, SHA256: "ab", At: now, Origin: made}
	state = state.WithDelivery(record.DeliveryFact{At: now, How: record.BySFTP, Where: "sftp://me@files.example.com/in/dpc.html", SHA256: "ab"})

	files := progress.New(dir)
	_, _, err = files.Open(args[0])
	ts.Check(err)
	ts.Check(files.Save(state))
	ts.Check(files.Close())
}

// cutShortCommand has a renewal of an onboarding end after DPC made its token.
func cutShortCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(portal{}).(*dpctest.Server)
	s.Break("/Token", func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPost && dpctest.HangUp()(w, r)
	})
	defer s.Break("/Token", nil)
	// Nothing was made then, so it is made here, under the label that was noted.
	_ = ts.Exec("dpc-onboard", append([]string{"renew"}, args[1:]...)...)
	files := progress.New(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "dpc-onboard"))
	state, _, err := files.Open(args[0])
	ts.Check(err)
	ts.Check(files.Close())
	if len(state.Renewing) != 1 {
		ts.Fatalf("%d renewals are noted", len(state.Renewing))
	}
	s.Token(dpctest.Token{Label: state.Renewing[0].Label})
}

// listedCommand expects a number of tokens and of keys at DPC: listed 1 2.
func listedCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(portal{}).(*dpctest.Server)
	got := strconv.Itoa(len(s.Tokens())) + " " + strconv.Itoa(len(s.Keys()))
	if want := strings.Join(args, " "); got != want {
		ts.Fatalf("DPC lists %s tokens and keys, want %s", got, want)
	}
}
