// Package keys holds credential material: the RSA-4096 pair, its PEM forms and
// fingerprint, the signature that DPC's portal asks for, the client assertion
// that DPC's API asks for, the client token, the organization token, passphrases,
// and Secret, the type in which what others must not see travels.
//
// The package is pure. It knows no terminal, no network, no file and no clock;
// time and randomness come in as arguments. It imports no other room.
//
// What people paste is read leniently where the meaning is certain (white space,
// quotes, byte order marks, line breaks that a field swallowed) and refused
// otherwise, with an exported error for each case, so that whoever asks can put
// the remedy beside it. No error repeats any of the input.
//
// It follows RFC 7468 (PEM), RFC 5280 (SubjectPublicKeyInfo), RFC 8017
// (RSASSA-PKCS1-v1_5), RFC 7523 (client assertions), RFC 9562 (UUIDs) and the
// V2 JSON and V1 binary forms of libmacaroons; what DPC accepts is documented at
// https://dpc.cms.gov/docsV1.
package keys
