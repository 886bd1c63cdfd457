//go:build !windows

package store

import "os"

// replace renames a file over another one, in one step.
func replace(from, to string) error { return os.Rename(from, to) }
