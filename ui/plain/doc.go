// Package plain is the onboarding line by line, for screen readers and scripts.
// It draws the same prompts as the wizard and knows no more of them.
//
// What it promises:
//
//   - One sentence on a line. No color, no spinner, nothing that is drawn again.
//   - A prompt is "Label: " on a line of its own, with the default in brackets.
//     Choices are numbered; their number, or Enter for the default, is the answer.
//   - Errors come before the prompt that they are about, and only what was wrong is
//     asked again.
//   - "back", "quit" and "help" are answers everywhere.
//   - "@path" is an answer wherever a value is typed: it is read from that file. A
//     value that begins with @ is written with two of them.
//   - A PEM is read to its END line, however many lines it has.
//   - The end of input is as good as "quit": everything is saved.
//   - What is hidden is never shown, on a terminal or elsewhere, but for the last
//     four characters of a client token, which say nothing of it.
//
// On a terminal the lines are read in raw mode, because the terminal's own line
// editing cuts a line at 4,095 bytes (Linux) or 1,024 (macOS) without a word. It
// takes bracketed paste (DEC private mode 2004), so that a line break inside of
// what is pasted does not end the answer.
package plain
