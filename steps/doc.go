// Package steps is the whole onboarding as pure values: what to ask, what an
// answer means, and what follows. It mirrors the vendor's "Get Started" guide in
// eight steps.
//
// Each step has a file of its own (access.go, token.go, … send.go), which reads
// from top to bottom: its help, when it is done, what it asks in which words, what
// an answer leads to, and what is then done outside. The table in steps.go lists
// the steps; flow.go moves through them.
//
// It knows no terminal, no network, no file and no clock. What has to be done
// outside is handed out as an Effect, which a UI runs and whose Result it hands
// back.
package steps
