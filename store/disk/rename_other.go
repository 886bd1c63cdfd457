//go:build !windows

package disk

import "os"

// Rename renames a file over another one, in one step.
func Rename(from, to string) error { return os.Rename(from, to) }
