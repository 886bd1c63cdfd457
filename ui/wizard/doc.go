// Package wizard is the full-screen face of the onboarding: a Bubble Tea program
// that draws what steps asks and hands back what a person answers.
//
// There is one tea.Model. Widgets belong to one prompt and are made anew for the
// next; screens are plain functions of the model and a width; nothing in Update
// or View touches a file, a network or the keyring: effects run as commands, and
// their results come back as messages.
package wizard
