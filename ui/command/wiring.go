package command

import (
	"context"
	"crypto/rand"
	"os"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store"
	"dpc-onboard/store/submission"
	"dpc-onboard/store/submission/sftp"
)

// services wires what the flow's effects reach through.
func (a *app) services(ctx context.Context, secrets steps.Secrets, progress *store.Progress) steps.Services {
	return steps.Services{
		Now:           a.now,
		Secrets:       secrets,
		Progress:      progress,
		Checker:       checker{a},
		Packages:      a.packages(),
		NewPair:       newPairs(ctx).next,
		NewPassphrase: func() (keys.Secret, error) { return keys.NewPassphrase(rand.Reader) },
		ReadFile:      readFile,
		WriteFile:     writeFile,
		RemoveFile:    func(path string) error { return os.Remove(submission.HomePath(path)) },
		FileExists:    fileExists,
	}
}

// checker asks the DPC of the onboarding's environment, or that of --api-url.
type checker struct{ app *app }

// Check is steps.Checker's.
func (c checker) Check(ctx context.Context, state steps.State, creds steps.Credentials, report func(steps.CheckLine)) (steps.CheckReport, error) {
	client, err := c.app.client(state.Environment)
	if err != nil {
		return steps.CheckReport{}, err
	}
	return client.Check(ctx, state, creds, report)
}

// packages seals, and uploads by SFTP.
type packages struct{ submission.Packages }

func (a *app) packages() packages {
	return packages{submission.Packages{Version: a.version, Now: a.now}}
}

// Upload is steps.Packages's.
func (packages) Upload(ctx context.Context, u steps.Upload, report func(done, total int64)) (steps.DeliveryFact, error) {
	options, err := sftp.DefaultOptions()
	if err != nil {
		return steps.DeliveryFact{}, err
	}
	return sftp.Upload(ctx, u, options, report)
}
