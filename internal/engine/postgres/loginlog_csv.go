package postgres

import (
	"bytes"
	"errors"
	"strings"
)

// maxRow bounds a row that is looked at, in bytes. Longer ones hold statements:
// what a client says of itself is part of one startup packet (maxStartup), and a
// row about a login has it three times at most, its quotes doubled.
const maxRow = 1 << 16

// errDamaged says that bytes are not what the server writes.
var errDamaged = errors.New("the log is damaged")

// csvState is where in a row the scanner is.
type csvState byte

const (
	csvStart  csvState = iota // before the first byte of a field
	csvBare                   // in a field without quotes
	csvQuoted                 // in one with quotes
	csvClosed                 // after a quote in it: its end, or half of a doubled one
)

// csvScanner cuts a csvlog into rows. The server puts every text in quotes and
// doubles those inside, so that no text ends its own field or row. Whatever
// breaks that rule was not written in one piece; what follows it cannot be told
// from what a client said, and there is no way back into step.
type csvScanner struct {
	at   csvState
	part []byte // of the row so far, from earlier calls
	long bool   // the row is longer than maxRow, and part is empty
}

// next returns the first row of data, without its newline and good until the
// next call, and what follows it. found is false when data ends before; row is
// nil for one that is too long.
func (s *csvScanner) next(data []byte) (row, rest []byte, found bool, err error) {
	for n := 0; n < len(data); n++ {
		if s.at == csvQuoted {
			skip := bytes.IndexByte(data[n:], '"')
			if skip < 0 {
				break
			}
			n += skip
		}
		ended, err := s.step(data[n])
		if err != nil {
			return nil, nil, false, err
		}
		if ended {
			return s.take(data[:n]), data[n+1:], true, nil
		}
	}
	s.keep(data)
	return nil, nil, false, nil
}

// step takes one byte and reports whether it ended a row.
func (s *csvScanner) step(c byte) (ended bool, err error) {
	switch {
	case s.at == csvQuoted && c == '"':
		s.at = csvClosed
	case s.at == csvQuoted:
	case s.at == csvClosed && c == '"', s.at == csvStart && c == '"':
		s.at = csvQuoted
	case c == ',':
		s.at = csvStart
	case c == '\n':
		s.at = csvStart
		return true, nil
	case s.at == csvClosed, c == '"':
		return false, errDamaged
	default:
		s.at = csvBare
	}
	return false, nil
}

// keep remembers the part of a row that data ended with.
func (s *csvScanner) keep(data []byte) {
	if s.long || len(s.part)+len(data) > maxRow {
		s.long, s.part = true, nil
		return
	}
	s.part = append(s.part, data...)
}

// take is the row that end ends.
func (s *csvScanner) take(end []byte) []byte {
	if len(s.part) == 0 && !s.long && len(end) <= maxRow {
		return end
	}
	s.keep(end)
	row := s.part
	s.part, s.long = s.part[:0], false
	return row
}

// inRow reports whether what came so far ends within a row.
func (s *csvScanner) inRow() bool { return s.long || s.at != csvStart || len(s.part) > 0 }

// csvRow is a row in its fields, each as it is written.
type csvRow [][]byte

// split takes a row apart that the scanner has accepted; fields is used again.
func split(row []byte, fields csvRow) csvRow {
	fields = fields[:0]
	quoted, begin := false, 0
	for n, c := range row {
		switch {
		case c == '"':
			quoted = !quoted // twice for a doubled one
		case c == ',' && !quoted:
			fields, begin = append(fields, row[begin:n]), n+1
		}
	}
	return append(fields, row[begin:])
}

// null: an empty text has quotes.
func (r csvRow) null(n int) bool { return len(r[n]) == 0 }

// text is a field without its quotes.
func (r csvRow) text(n int) string {
	f := r[n]
	if len(f) < 2 || f[0] != '"' {
		return string(f)
	}
	return strings.ReplaceAll(string(f[1:len(f)-1]), `""`, `"`)
}

// is compares a field that has no quotes inside.
func (r csvRow) is(n int, want string) bool {
	f := r[n]
	if len(f) > 1 && f[0] == '"' {
		f = f[1 : len(f)-1]
	}
	return string(f) == want
}
