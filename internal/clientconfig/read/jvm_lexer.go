package read

import (
	"strconv"
	"strings"
)

// A javaToken is one word of Java, Kotlin, Scala or Groovy, as far as these
// must be told apart here.
type javaToken struct {
	kind byte   // 'i' identifier, 's' string, 'n' number, else the punctuation itself
	text string // of a string: its value
	at   int    // where it begins, in bytes
	end  int
}

// javaTokens parts a program into words; comments are left out. It never fails:
// what it does not know is punctuation. In a program that was pasted as a single
// line no comment ends, so there "//" begins none: its words are read as code.
func javaTokens(text string) (all []javaToken) {
	lines := strings.Contains(strings.TrimSpace(text), "\n")
	for n := 0; n < len(text); {
		c := text[n]
		start := n
		switch {
		case c <= ' ':
			n++
			continue
		case lines && strings.HasPrefix(text[n:], "//"):
			n += javaLineLength(text[n:])
			continue
		case strings.HasPrefix(text[n:], "/*"):
			n = javaAfter(text, n+2, "*/")
			continue
		case strings.HasPrefix(text[n:], `"""`):
			var value string
			value, n = javaTextBlock(text, n)
			all = append(all, javaToken{'s', value, start, n})
		case c == '"' || c == '\'':
			var value string
			value, n = javaString(text, n)
			all = append(all, javaToken{'s', value, start, n})
		case javaLetter(c) || c == '_' || c == '$' || c >= 0x80:
			for n < len(text) && (javaNameByte(text[n]) || text[n] == '$' || text[n] >= 0x80) {
				n++
			}
			all = append(all, javaToken{'i', text[start:n], start, n})
		case javaDigit(c):
			for n < len(text) && javaNameByte(text[n]) {
				n++
			}
			all = append(all, javaToken{'n', text[start:n], start, n})
		default:
			n++
			all = append(all, javaToken{c, text[start:n], start, n})
		}
	}
	return all
}

// javaTextBlock reads a string in three quotes.
func javaTextBlock(text string, start int) (value string, end int) {
	from := start + len(`"""`)
	end = javaAfter(text, from, `"""`)
	return javaJoinLines(strings.TrimSuffix(text[from:end], `"""`)), end
}

// javaLineLength is the length of the line that a text begins with.
func javaLineLength(text string) int {
	if n := strings.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

// javaAfter is the place behind the next occurrence of a mark.
func javaAfter(text string, from int, mark string) int {
	if from > len(text) {
		return len(text)
	}
	if n := strings.Index(text[from:], mark); n >= 0 {
		return from + n + len(mark)
	}
	return len(text)
}

// javaJoinLines puts the lines of a text block together, without their indents: a
// URL is one line however it is laid out.
func javaJoinLines(block string) string {
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString(strings.TrimSuffix(strings.TrimSpace(line), `\`))
	}
	return b.String()
}

// javaString reads a string in quotes, which a line's end closes too.
func javaString(text string, start int) (value string, end int) {
	var b strings.Builder
	quote := text[start]
	for n := start + 1; n < len(text); n++ {
		switch c := text[n]; {
		case c == quote:
			return b.String(), n + 1
		case c == '\n':
			return b.String(), n
		case c == '\\' && n+1 < len(text):
			n++
			if text[n] == 'u' && n+4 < len(text) {
				if r, err := strconv.ParseUint(text[n+1:n+5], 16, 16); err == nil {
					b.WriteRune(rune(r))
					n += 4
					continue
				}
			}
			if at := strings.IndexByte("ntr", text[n]); at >= 0 {
				b.WriteByte("\n\t\r"[at])
				continue
			}
			b.WriteByte(text[n])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), len(text)
}

func javaLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func javaDigit(c byte) bool { return c >= '0' && c <= '9' }

func javaNameByte(c byte) bool { return javaLetter(c) || javaDigit(c) || c == '_' }
