package read

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	// maxText is how much of one text is read, in bytes.
	maxText = 1 << 20
	// maxFound bounds how many configurations one text can have.
	maxFound = 1000
	// untold is the value of an option that is written as something other than
	// a constant: a variable, a call. No rule is for it, so it stays unknown.
	untold = "?"
)

// bounded is the part of a text that is read.
func bounded(text string) string { return text[:min(len(text), maxText)] }

// lines knows where the lines of a text begin.
type lines []int

func linesOf(text string) lines {
	starts := lines{0}
	for n := range len(text) {
		if text[n] == '\n' {
			starts = append(starts, n+1)
		}
	}
	return starts
}

// at is the position of an offset, in lines and bytes from 1.
func (l lines) at(path string, offset int) clientconfig.Position {
	n, found := slices.BinarySearch(l, offset)
	if !found {
		n--
	}
	return clientconfig.Position{File: path, Line: n + 1, Column: offset - l[n] + 1}
}

// lineAround is the line of a text that an offset is in.
func lineAround(text string, offset int) (start, end int) {
	start = strings.LastIndexByte(text[:offset], '\n') + 1
	end = strings.IndexByte(text[offset:], '\n')
	if end < 0 {
		return start, len(text)
	}
	return start, offset + end
}

// safeWord is a value that decides something: a mode, a switch. Whatever is not
// of a mode's shape is not shown, because it might be anything.
func safeWord(value string) string {
	if len(value) > 40 {
		return untold
	}
	for _, r := range value {
		if r != '-' && r != '_' && r != '.' && r != ' ' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return untold
		}
	}
	return value
}

// safePath is the path of a trust store, untold when the text says it with a
// variable.
func safePath(value string) string {
	if value == "" || len(value) > 4096 || strings.ContainsAny(value, "\n\r\x00{}") || strings.HasPrefix(value, "-----") {
		return untold
	}
	return value
}

// digits is a port, or nothing: what stands in a port's place may be part of a
// password that was not escaped.
func digits(port string) string {
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return ""
	}
	return port
}

// yes folds the ways to write a switch; others stay as they are.
func yes(value string) string {
	switch strings.ToLower(value) {
	case "1", "true", "yes", "on", "y", "enabled":
		return "true"
	case "0", "false", "no", "off", "n", "none", "null", "nil", "undefined", "disabled":
		return "false"
	}
	return safeWord(value)
}

// client is what a reader found before it is known which driver it is for.
type client struct {
	host, port, user, database string
	options                    map[string]string
	notes                      []string
}

// settings are a client's, read of a text for a driver.
func (c client) settings(driver string, hints map[string]Hint, text string) clientconfig.Settings {
	hint := hints[driver]
	return clientconfig.Settings{
		Driver: driver, Version: hint.Version, From: hint.From,
		Host: c.host, Port: digits(c.port), User: c.user, Database: c.database,
		Options: c.options, Notes: c.notes, Text: Redact(strings.TrimSpace(text)),
	}
}

// hinted lists those candidates that the files around depend on; otherwise
// the fallback, which owns the format.
func hinted(hints map[string]Hint, fallback string, candidates ...string) []string {
	var all []string
	for _, id := range candidates {
		if _, ok := hints[id]; ok {
			all = append(all, id)
		}
	}
	if len(all) == 0 {
		return []string{fallback}
	}
	return all
}

// fill sets an option unless it is set, and never to nothing.
func fill(options map[string]string, name, value string) {
	if value != "" {
		options[name] = cmp.Or(options[name], value)
	}
}
