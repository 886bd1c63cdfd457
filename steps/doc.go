// Package steps is the whole onboarding as pure values: what to ask, what an
// answer means, and what follows. It mirrors the vendor's "Get Started" guide in
// eight steps, and holds every word that a person reads.
//
// It knows no terminal, no network, no file and no clock. What has to be done
// outside is handed out as an Effect, which a face runs and whose Result it
// hands back.
package steps
