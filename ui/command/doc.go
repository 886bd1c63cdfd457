// Package command is the command line: one cobra command for each thing that
// dpc-onboard does, and the one place that wires the rooms together. Each command has
// a file: its flags and help, what it does, and what it prints. They share the app.
//
// What scripts can rely on:
//
//   - Results go to stdout; words for people, and errors, go to stderr. An error
//     is lower case and says what failed and why; the line after it, which begins
//     with "hint:", says what to do.
//   - JSON has "schema": 1 and never holds a secret, except that of
//     "open --json --secrets". The fields are documented at the types: see
//     statusReport, checkReport and doctorReport here, and the submission's own in
//     package submission.
//   - Exit codes: see ExitCode.
//   - A secret comes in by a file or by a hidden prompt, never by an argument or
//     an environment variable.
//
// The commands follow the command line's customs as POSIX.1-2024 (XBD 12) and GNU
// have them: options anywhere, -- ends them, - is standard input.
package command
