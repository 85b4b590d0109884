package query

import "unicode/utf8"

// special has bit c set for each ASCII character c that cannot stand as it is:
// < > & " ' and the control characters except tab and newline. All are below
// 64, so that one shift tells a plain character.
const special uint64 = 1<<'<' | 1<<'>' | 1<<'&' | 1<<'"' | 1<<'\'' | (1<<' '-1)&^(1<<'\t'|1<<'\n')

// AppendText appends s as XML 1.0 character data that is also fit for an
// attribute. Bytes that are no UTF-8 and characters that XML cannot carry
// become U+FFFD; a carriage return is escaped, or a parser would drop it.
func AppendText(dst []byte, s string) []byte {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < 64 && special>>c&1 == 0 || c >= 64 && c < utf8.RuneSelf {
			i++
			continue
		}
		with, size := substitute(s[i:])
		if with != "" {
			dst = append(append(dst, s[last:i]...), with...)
			last = i + size
		}
		i += size
	}
	return append(dst, s[last:]...)
}

// substitute returns what the first character of s becomes, "" when it may
// stay, and its length in bytes.
func substitute(s string) (with string, size int) {
	switch s[0] {
	case '<':
		return "&lt;", 1
	case '>':
		return "&gt;", 1
	case '&':
		return "&amp;", 1
	case '"':
		return "&#34;", 1
	case '\'':
		return "&#39;", 1
	case '\r':
		return "&#xD;", 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if r < ' ' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
		return "\uFFFD", size
	}
	return "", size
}
