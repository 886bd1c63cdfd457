//go:build !windows

package plain

import (
	"github.com/charmbracelet/x/termios"
)

// keepLines turns the terminal's output processing on again, which raw mode
// turns off: a line end then still begins a new line, here and for whatever else
// writes to this terminal.
func keepLines(fd int) {
	state, err := termios.GetTermios(fd)
	if err != nil {
		return
	}
	_ = termios.SetTermios(fd, uint32(state.Ispeed), uint32(state.Ospeed), nil, nil,
		map[termios.O]bool{termios.OPOST: true, termios.ONLCR: true}, nil, nil)
}
