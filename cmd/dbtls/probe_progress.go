package main

import (
	"fmt"
	"io"
	"strings"
)

// progress is a line on a terminal that shows how far a sweep is. Methods of
// nil do nothing.
type progress struct {
	w      io.Writer
	total  int // -1: not known
	failed int
	shown  bool
}

const barWidth = 30

// clear takes the line away, for what is printed instead.
func (p *progress) clear() {
	if p != nil && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) draw(done int, ok bool) {
	if p == nil {
		return
	}
	if !ok {
		p.failed++
	}
	if p.total < 0 {
		fmt.Fprintf(p.w, "\r%d probed, %d failed\x1b[K", done, p.failed)
	} else {
		full := barWidth * done / max(1, p.total)
		fmt.Fprintf(p.w, "\r[%s%s] %d/%d, %d failed\x1b[K", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done, p.total, p.failed)
	}
	p.shown = true
}
