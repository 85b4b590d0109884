package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

const maxLine = 4096 // bytes

// Line is one target of a list.
type Line struct {
	Number int // from 1
	Text   string
}

// Lines reads a list of targets: one in a line; blank lines and what follows a
// # are comments. A line has at most 4 KiB. The number is the line's.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := newLineReader(r)
		for {
			l, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

type lineReader struct {
	in     *bufio.Scanner
	number int
}

func newLineReader(r io.Reader) *lineReader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxLine), maxLine)
	return &lineReader{in: s}
}

// next is the next line that names something; io.EOF after the last.
func (l *lineReader) next() (Line, error) {
	for l.in.Scan() {
		l.number++
		text, _, _ := strings.Cut(l.in.Text(), "#")
		if l.number == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // some editors begin a file so
		}
		if text = strings.TrimSpace(text); text != "" {
			return Line{Number: l.number, Text: text}, nil
		}
	}
	err := l.in.Err()
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return Line{}, fault.New(fault.InvalidParameter, "line %d of the targets has more than %d bytes; write one ENGINE://HOST:PORT in a line", l.number+1, maxLine)
	case err != nil:
		return Line{}, fmt.Errorf("read targets: %w", err)
	}
	return Line{}, io.EOF
}
