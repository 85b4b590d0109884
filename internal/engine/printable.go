package engine

import (
	"strings"
	"unicode"
)

// maxName bounds a name that a client chose, in bytes.
const maxName = 256

// Printable is a name that a client chose, fit for a terminal, a log and a
// report: control characters and those that turn text around are replaced by
// "?", and it is cut at 256 bytes.
func Printable(name string) string {
	name = strings.ToValidUTF8(name, "?")
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "")
}
