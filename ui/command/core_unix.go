//go:build unix

package command

import "syscall"

// noCoreDump keeps the memory of a crash, with the secrets in it, off the disk.
// Where the system refuses, there is nothing else to be done about it.
func noCoreDump() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
