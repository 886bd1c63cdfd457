// Package dpctest is a stand-in for DPC's API, for tests of several rooms and of
// the built program. It runs on a loopback address and enforces what DPC does:
// which assertion is accepted and when, which status and which words come with a
// refusal, and in which FHIR STU3 and JSON bodies the answers come.
//
// Three habits of DPC's are easy to miss, and are kept here. /Token/auth looks at
// the assertion's signature and never at the client token's own: a token that
// was forged, deleted or has expired is refused only by the first request that
// carries the access token. /Token/validate looks at the form alone. And the list of
// tokens takes a year for one of the calendar, the token itself for 365.2425 days.
//
// With a bearer, an organization makes and deletes its tokens and keys, as the portal
// does: key labels are unique in an organization, and keys in all of DPC.
//
// Faults (slow, cut off, HTML, and so on) are set for a path with Break, or for the
// n-th request with Before and After, so that a client can be stopped between any two
// requests. Every request is recorded, here and at a Bystander, another host to which
// nothing of ours should ever go.
//
// See https://dpc.cms.gov/docsV1 for the API, RFC 7523 for client assertions and
// https://hl7.org/fhir/STU3 for the bodies.
package dpctest
