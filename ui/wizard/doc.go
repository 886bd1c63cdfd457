// Package wizard is the full-screen form of the onboarding: a Bubble Tea program
// that draws what steps asks and hands back what a person answers.
//
// There is one tea.Model, which routes. What it shows are parts that draw
// themselves: a card with the prompt and its form, or the list of onboardings, in
// one theme. Nothing in Update or View touches a file, a network or the keyring:
// effects run as commands, and their results come back as messages. What is costly
// is done in Update, where something changes; View puts finished lines into a frame.
package wizard
