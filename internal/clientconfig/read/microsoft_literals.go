package read

import (
	"strings"
)

// joined is a string as a program builds it: literals with "+" between them.
type joined struct {
	text  string
	start int // of the first literal
	end   int
}

// joinedLiterals finds the strings of a text, those over lines put together. What
// is between two literals and no constant stands as "?".
func joinedLiterals(text string) (all []joined) {
	for n := 0; n < len(text) && len(all) < 20*maxFound; {
		c := text[n]
		if c != '"' && c != '\'' && c != '`' {
			n++
			continue
		}
		s, after := literalAt(text, n)
		if after <= n {
			n++
			continue
		}
		one := joined{text: s, start: n, end: after}
		for len(one.text) < 64<<10 {
			next, variable := nextPiece(text, one.end)
			if next < 0 {
				break
			}
			s, after := literalAt(text, next)
			if after <= next {
				break
			}
			if variable {
				one.text += untold
			}
			one.text += s
			one.end = after
		}
		all = append(all, one)
		n = one.end
	}
	return all
}

// literalAt is the string that begins at n, and where the text goes on; n when
// there is no end of it within reach.
func literalAt(text string, n int) (string, int) {
	quote := text[n]
	verbatim := n > 0 && text[n-1] == '@' || quote == '`'
	if strings.HasPrefix(text[n:], `"""`) {
		if end := strings.Index(text[n+3:min(len(text), n+maxQuoted)], `"""`); end >= 0 {
			return text[n+3 : n+3+end], n + end + 6
		}
	}
	var b strings.Builder
	for at := n + 1; at < min(len(text), n+maxQuoted); at++ {
		switch c := text[at]; {
		case c == quote && at+1 < len(text) && text[at+1] == quote && at > n+1 && verbatim:
			b.WriteByte(c)
			at++
		case c == quote:
			return b.String(), at + 1
		case c == '\\' && !verbatim && at+1 < len(text):
			at++
			b.WriteByte(text[at])
		case c == '\n' && !verbatim:
			return "", n
		default:
			b.WriteByte(c)
		}
	}
	return "", n
}

// nextPiece is where the next literal of a concatenation begins, -1 for none.
// Variable: something that is no constant stands between.
func nextPiece(text string, n int) (next int, variable bool) {
	limit := min(len(text), n+200)
	plus := false
	for at := n; at < limit; at++ {
		switch c := text[at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '_' && !plus:
		case c == '+' || c == '&':
			plus = true
		case c == '"' && plus, c == '\'' && plus:
			return at, variable
		case c == '@' && at+1 < limit && text[at+1] == '"', c == '$' && at+1 < limit && text[at+1] == '"':
		case plus && (asciiLetter(c) || asciiDigit(c) || strings.IndexByte("_.()[]", c) >= 0):
			variable = true
		default:
			return -1, false
		}
	}
	return -1, false
}
