// Package e2e walks the built program as a person does: in a real terminal, with
// the real keyring, through the whole guide and through sudden ends. It has tests
// alone.
package e2e
