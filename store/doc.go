// Package store is where things are kept: the progress of each onboarding in a
// file, and its secrets in the operating system's keyring or, where none
// answers, in a vault.
//
// The folder is dpc-onboard under $XDG_STATE_HOME, or the operating system's own
// place on macOS and Windows, mode 0700. All files in it have mode 0600:
//
//	<npi>-<environment>.json                  progress, versioned JSON, no secrets
//	<npi>-<environment>.json.set-aside-<time> what stood there and could not be read
//	<npi>-<environment>.lock, .owner          held while an onboarding is open, and by whom
//	vault.age, vault.lock                     the secrets, where there is no keyring
//
// A name that ends in .tmp is a write that was cut off; the next one replaces it.
//
// Two types implement what package steps asks for: Progress (steps.Progress) and
// Secrets (steps.Secrets).
//
// Specifications: XDG Base Directory (https://specifications.freedesktop.org/basedir/),
// Secret Service (https://specifications.freedesktop.org/secret-service/) and age
// (https://age-encryption.org/v1).
package store
