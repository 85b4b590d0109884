package read

import (
	"strings"
)

// maxQuoted is how far the end of a quoted value is looked for, in bytes.
const maxQuoted = 4096

// valueOf is the value that belongs to the name at text[start:end], false when
// nothing follows that could be one.
func valueOf(text string, start, end int) (hiddenSpan, bool) {
	n, ok := separatorAt(text, end)
	if ok {
		return valueAt(text, n)
	}
	// No separator: an element's content, an argument of a command, or a word.
	n = end
	for n < len(text) && (text[n] == '"' || text[n] == '\'' || text[n] == '\\' || text[n] == ' ' || text[n] == '\t') {
		n++
	}
	if n < len(text) && text[n] == '>' {
		if closing := strings.IndexByte(text[n:], '<'); closing > 0 {
			return hiddenSpan{n + 1, n + closing}, true
		}
		return hiddenSpan{n + 1, endOfLine(text, n)}, true
	}
	if strings.HasPrefix(strings.ToLower(text[n:min(len(text), n+5)]), "value") {
		if n, ok := separatorAt(text, n+5); ok {
			return valueAt(text, n)
		}
	}
	if end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		return wordAt(text, skipSpaces(text, end))
	}
	return hiddenSpan{}, false
}

// separatorAt skips what stands between a name and its value; false when it is
// not a value that follows. A list of name and value pairs, as in Kubernetes,
// is one too.
func separatorAt(text string, n int) (int, bool) {
	quotes := n
	for n < len(text) && (text[n] == '"' || text[n] == '\'' || text[n] == '`' || text[n] == '\\' || text[n] == ']') {
		n++
	}
	wasQuoted := n > quotes
	n = skipSpaces(text, n)
	rest := text[n:]
	switch {
	case strings.HasPrefix(rest, "%3D"), strings.HasPrefix(rest, "%3d"), strings.HasPrefix(rest, "%3A"), strings.HasPrefix(rest, "%3a"):
		return n + 3, true
	case strings.HasPrefix(rest, "("):
		return skipBlanks(text, n+1), true
	case wasQuoted && strings.HasPrefix(rest, ","), strings.HasPrefix(rest, "\n") && pairFollows(rest):
		if at, ok := pairValue(text, n); ok {
			return at, true
		}
		return skipBlanks(text, n+1), true
	}
	if at, ok := pairValue(text, n); ok {
		return at, true
	}
	sign := n
	for n < len(text) && strings.IndexByte("=:!?|+", text[n]) >= 0 {
		n++
	}
	if n == sign {
		return n, false
	}
	if n < len(text) && text[n] == '>' {
		n++
	}
	return valueStart(text, n), true
}

// pairFollows reports whether a next line gives the value of the name before it.
func pairFollows(rest string) bool {
	_, ok := pairValue(rest, 0)
	return ok
}

// pairValue skips `, "value": ` or, on the next line, `value: `.
func pairValue(text string, n int) (int, bool) {
	start := n
	for n < len(text) && strings.IndexByte(" \t\r\n,\"'\\", text[n]) >= 0 && n-start < 80 {
		n++
	}
	if n == start || n+5 > len(text) || !strings.EqualFold(text[n:n+5], "value") {
		return 0, false
	}
	for n += 5; n < len(text) && strings.IndexByte("\"' \t\\", text[n]) >= 0; n++ {
	}
	if n >= len(text) || text[n] != ':' && text[n] != '=' {
		return 0, false
	}
	return skipSpaces(text, n+1), true
}

// valueStart skips to a value, which may be on the next line when it is quoted
// there, or a block of YAML.
func valueStart(text string, n int) int {
	n = skipSpaces(text, n)
	if next := skipBlanks(text, n); next < len(text) && (text[next] == '"' || text[next] == '\'') {
		return next
	}
	return n
}

// valueAt is the value that begins at n.
func valueAt(text string, n int) (hiddenSpan, bool) {
	if n >= len(text) {
		return hiddenSpan{}, false
	}
	switch c := text[n]; {
	case strings.HasPrefix(text[n:], "&quot;"):
		if end := strings.Index(text[n+6:], "&quot;"); end >= 0 {
			return hiddenSpan{n + 6, n + 6 + end}, true
		}
	case strings.HasPrefix(text[n:], `\"`), strings.HasPrefix(text[n:], `\'`):
		if end := strings.Index(text[n+2:min(len(text), n+maxQuoted)], text[n:n+2]); end >= 0 {
			return gluedTo(text, hiddenSpan{n + 2, n + 2 + end}, n+4+end), true
		}
	case strings.HasPrefix(text[n:], `"""`), strings.HasPrefix(text[n:], "'''"):
		if end := strings.Index(text[n+3:min(len(text), n+maxQuoted)], text[n:n+3]); end >= 0 {
			return hiddenSpan{n + 3, n + 3 + end}, true
		}
	case c == '"' || c == '\'' || c == '`':
		s, after := quotedAt(text, n)
		return gluedTo(text, s, after), true
	case (c == '|' || c == '>') && indentedTo(text, n) > n:
		return hiddenSpan{n, indentedTo(text, n)}, true
	case c == '{' || c == '[':
		if end := bracketEnd(text, n); end > 0 {
			if end+1 < len(text) && strings.IndexByte(" \t\r\n,;)]}&\"'`", text[end+1]) < 0 {
				rest, _ := bareValue(text, end+1) // not the end of the value after all
				return hiddenSpan{n, max(end, rest.end)}, true
			}
			return gluedTo(text, hiddenSpan{n + 1, end}, end+1), true
		}
		return hiddenSpan{n, endOfLine(text, n)}, true
	}
	return bareValue(text, n)
}

// quotedAt is the inside of the quotes that begin at n, and where the text goes
// on. A backslash escapes, a doubled quote is one. Without an end, the line is
// hidden.
func quotedAt(text string, n int) (s hiddenSpan, after int) {
	quote := text[n]
	for at := n + 1; at < min(len(text), n+maxQuoted); at++ {
		switch {
		case text[at] == '\\':
			at++
		case text[at] != quote:
		case at+1 < len(text) && text[at+1] == quote && at > n+1:
			at++
		default:
			return hiddenSpan{n + 1, at}, at + 1
		}
	}
	end := endOfLine(text, n)
	return hiddenSpan{n + 1, end}, end
}

// gluedTo takes in what is glued to a closing quote, as a shell joins 'a'b.
func gluedTo(text string, s hiddenSpan, after int) hiddenSpan {
	if after >= len(text) || strings.IndexByte(" \t\r\n,;)]}&<>+|#", text[after]) >= 0 || text[after] == '.' || text[after] == '/' {
		return s
	}
	if text[after] == '"' || text[after] == '\'' || text[after] == '\\' {
		if next := after + 1; next >= len(text) || strings.IndexByte(" \t\r\n,;)]}", text[next]) >= 0 {
			return s // the quote of the string around it
		}
	}
	rest, ok := bareValue(text, after)
	if !ok {
		return s
	}
	return hiddenSpan{s.start, rest.end}
}
