// Package record is what is known of an onboarding: its State, which is a set of
// facts and never a position, what each fact was made from, and the words by which
// the rooms name things to each other (environments, backends, formats,
// deliveries, problems). Nothing in it asks, draws or does anything.
//
// State is the content of a progress file. It holds no secret.
package record
