package secrets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"
)

// partSize is the keyring's part limit: how many bytes of a secret go into one
// value. 2,048 fit into the 2,560 that Windows allows, and in base64 with its
// command around it into the 4,096 that macOS allows, with room for the longest ID
// and name.
const partSize = 2048

// maxParts is how many parts a secret may have: 128 KiB in all.
const maxParts = 64

var (
	errHeader      = errors.New("its header can't be read")
	errHeaderNewer = errors.New("its header was written by a newer version of dpc-onboard")
)

// generation is one of the two sets of parts that a secret's saves alternate
// between. There are two fixed ones because a keyring can't be listed: what a
// crash left behind must be where the next save or delete looks.
type generation string

const (
	generationA generation = "a"
	generationB generation = "b"
)

// other returns the generation that takes g's place; the first is a.
func (g generation) other() generation {
	if g == generationA {
		return generationB
	}
	return generationA
}

// header describes the parts of a secret. Its text is what is stored under the
// secret's own name:
//
//	dpc-onboard/1 <generation> <parts> <length in bytes> <SHA-256 in hexadecimal>
//
// The parts are under <name>/<generation>/<n>, n from 1. The digest is of the
// whole secret, and no more telling than the secret beside it.
type header struct {
	generation generation
	parts      int
	length     int
	sum        string
}

const headerPrefix = "dpc-onboard/"

func newHeader(g generation, value string, parts int) header {
	sum := sha256.Sum256([]byte(value))
	return header{generation: g, parts: parts, length: len(value), sum: hex.EncodeToString(sum[:])}
}

func (h header) String() string {
	return fmt.Sprintf("%s1 %s %d %d %s", headerPrefix, h.generation, h.parts, h.length, h.sum)
}

// parseHeader accepts what String writes and nothing else.
func parseHeader(text string) (header, error) {
	var (
		version int
		h       header
	)
	_, err := fmt.Sscanf(text, headerPrefix+"%d %s %d %d %s", &version, &h.generation, &h.parts, &h.length, &h.sum)
	if version > 1 {
		return header{}, errHeaderNewer
	}
	sum, notHex := hex.DecodeString(h.sum)
	if err != nil || notHex != nil || len(sum) != sha256.Size || h.String() != text ||
		h.generation != generationA && h.generation != generationB ||
		h.parts < 1 || h.parts > maxParts || h.length < 1 || h.length > h.parts*partSize {
		return header{}, errHeader
	}
	return h, nil
}

// split cuts a value into parts of at most partSize bytes, never within a
// character: some keyrings keep text and not bytes.
func split(value string) []string {
	var parts []string
	for len(value) > partSize {
		cut := partSize
		for range utf8.UTFMax - 1 {
			if utf8.RuneStart(value[cut]) {
				break
			}
			cut--
		}
		parts = append(parts, value[:cut])
		value = value[cut:]
	}
	return append(parts, value)
}
