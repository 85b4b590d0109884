package sqlserver

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sort is what a piece of a statement is.
type sort byte

// The sorts of pieces.
const (
	ends     sort = iota // nothing is left
	word                 // a name or keyword, in lower case
	quoted               // a name in brackets or double quotes, in lower case
	variable             // @name or @@name, in lower case
	digits               // a number without sign or point
	literal              // a text, without its quotes
	mark                 // one character
)

// piece is one piece of a statement.
type piece struct {
	sort sort
	text string
}

// is reports whether p is that keyword or mark.
func (p piece) is(text string) bool {
	return (p.sort == word || p.sort == mark) && p.text == text
}

// lexer cuts Transact-SQL into pieces. Anything is cut somehow: what makes no
// sense is the parser's to refuse.
type lexer struct{ rest string }

func (l *lexer) next() piece {
	l.space()
	if l.rest == "" {
		return piece{}
	}
	first, size := utf8.DecodeRuneInString(l.rest)
	switch {
	case first == '[':
		return piece{quoted, strings.ToLower(l.until(size, ']'))}
	case first == '"':
		return piece{quoted, strings.ToLower(l.until(size, '"'))}
	case first == '\'':
		return piece{literal, l.until(size, '\'')}
	case (first == 'N' || first == 'n') && strings.HasPrefix(l.rest[size:], "'"):
		return piece{literal, l.until(size+1, '\'')}
	case first == '@':
		return piece{variable, strings.ToLower(l.take(inName))}
	case unicode.IsDigit(first):
		return piece{digits, l.take(unicode.IsDigit)}
	case inName(first):
		return piece{word, strings.ToLower(l.take(inName))}
	}
	l.rest = l.rest[size:]
	return piece{mark, string(first)}
}

func inName(r rune) bool {
	return r == '_' || r == '@' || r == '#' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// space passes over white space and comments.
func (l *lexer) space() {
	for {
		l.rest = strings.TrimLeftFunc(l.rest, unicode.IsSpace)
		end := ""
		switch {
		case strings.HasPrefix(l.rest, "--"):
			end = "\n"
		case strings.HasPrefix(l.rest, "/*"):
			end = "*/"
		default:
			return
		}
		if i := strings.Index(l.rest[2:], end); i >= 0 {
			l.rest = l.rest[2+i+len(end):]
		} else {
			l.rest = ""
		}
	}
}

func (l *lexer) take(in func(rune) bool) string {
	n := strings.IndexFunc(l.rest, func(r rune) bool { return !in(r) })
	if n < 0 {
		n = len(l.rest)
	}
	s := l.rest[:n]
	l.rest = l.rest[n:]
	return s
}

// until takes what stands between the opening, skip bytes long, and the close,
// which stands for itself where it is doubled.
func (l *lexer) until(skip int, closing byte) string {
	l.rest = l.rest[skip:]
	var b strings.Builder
	for {
		i := strings.IndexByte(l.rest, closing)
		if i < 0 {
			b.WriteString(l.rest)
			l.rest = ""
			return b.String()
		}
		b.WriteString(l.rest[:i])
		l.rest = l.rest[i+1:]
		if l.rest == "" || l.rest[0] != closing {
			return b.String()
		}
		b.WriteByte(closing)
		l.rest = l.rest[1:]
	}
}
