package command

import (
	"context"
	"fmt"
	"time"

	"github.com/atotto/clipboard"
	"github.com/cli/browser"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/wait"
)

// openURL opens a page in the browser. One that has not failed within two seconds
// is running.
func openURL(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := wait.For(ctx, func() (any, error) { return nil, browser.OpenURL(url) })
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return record.WithHint(fmt.Errorf("no browser could be started: %w", err), "Open the page's address in your browser yourself.")
}

// systemClipboard returns what writes to the operating system's clipboard, and what
// empties it where it still holds a secret. Both are nil where there is none.
func systemClipboard() (copyText func(string) error, clearSecret func(keys.Secret) error) {
	if clipboard.Unsupported {
		return nil, nil
	}
	copyText = func(text string) error {
		if err := clipboard.WriteAll(text); err != nil {
			return record.WithHint(fmt.Errorf("the clipboard can't be reached: %w", err), "Select the text and copy it, or have it written to files.")
		}
		return nil
	}
	clearSecret = func(secret keys.Secret) error {
		held, err := clipboard.ReadAll()
		if err != nil || !keys.NewSecret(held).Equal(secret) {
			return err
		}
		return clipboard.WriteAll("")
	}
	return copyText, clearSecret
}
