package keys

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// The field of ssh-keygen's random art, in characters.
const (
	artWidth  = 17
	artHeight = 9
)

// artMarks are drawn by how often a square was visited; the last two are the
// start and the end of the walk.
const artMarks = " .o+=*BOX@%&#/^SE"

// Randomart returns a picture of the fingerprint that people recognize sooner than
// its letters: eleven lines of 19 characters, without a newline at the end. It is
// drawn as ssh-keygen draws one, over the SHA-256 of the SubjectPublicKeyInfo.
//
// The walk is the "drunken bishop" of Dirk Loss, Tobias Limmer and Alexander von
// Gernler, http://www.dirk-loss.de/sshvis/drunken_bishop.pdf.
func (k PublicKey) Randomart() string {
	if k.IsZero() {
		return ""
	}
	sum := sha256.Sum256(k.der())
	return randomart(sum[:], fmt.Sprintf("[RSA %d]", k.Bits()), "[SHA256]")
}

func randomart(digest []byte, title, footer string) string {
	field := walk(digest)
	var b strings.Builder
	b.WriteString(artEdge(title) + "\n")
	for _, row := range field {
		b.WriteByte('|')
		for _, visits := range row {
			b.WriteByte(artMarks[visits])
		}
		b.WriteString("|\n")
	}
	b.WriteString(artEdge(footer))
	return b.String()
}

// walk moves the bishop from the middle, a diagonal step for each two bits, the
// lowest first. At a wall it slides along.
func walk(digest []byte) (field [artHeight][artWidth]int) {
	const start, end = len(artMarks) - 2, len(artMarks) - 1
	x, y := artWidth/2, artHeight/2
	for _, bits := range digest {
		for range 4 {
			x = min(max(x+int(bits&1)*2-1, 0), artWidth-1)
			y = min(max(y+int(bits>>1&1)*2-1, 0), artHeight-1)
			field[y][x] = min(field[y][x]+1, start-1)
			bits >>= 2
		}
	}
	field[artHeight/2][artWidth/2] = start
	field[y][x] = end
	return field
}

// artEdge centers a title in a line of dashes, to the left where it can't be even.
func artEdge(title string) string {
	left := max(artWidth-len(title), 0) / 2
	right := max(artWidth-len(title)-left, 0)
	return "+" + strings.Repeat("-", left) + title + strings.Repeat("-", right) + "+"
}
