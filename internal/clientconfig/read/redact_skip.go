package read

import (
	"strings"
)

// bracketEnd is the bracket that closes the one at n, 0 for none on this line
// or the next few.
func bracketEnd(text string, n int) int {
	open, shut := text[n], byte('}')
	if open == '[' {
		shut = ']'
	}
	depth := 0
	for at := n; at < min(len(text), n+maxQuoted); at++ {
		switch text[at] {
		case open:
			depth++
		case shut:
			if at+1 < len(text) && text[at+1] == shut && open == '{' && depth == 1 {
				at++ // ODBC writes a closing brace twice
				continue
			}
			if depth--; depth == 0 {
				return at
			}
		}
	}
	return 0
}

// indentedTo is the end of the lines below n's that are indented more, as a
// block of YAML is.
func indentedTo(text string, n int) int {
	begin := strings.LastIndexByte(text[:n], '\n') + 1
	own := skipSpaces(text, begin) - begin
	end := endOfLine(text, n)
	if strings.Trim(text[n:end], "|>+-0123456789 \t\r") != "" {
		return n
	}
	for end < len(text) {
		next := end + 1
		stop := endOfLine(text, next)
		if blank := strings.TrimSpace(text[min(next, len(text)):stop]) == ""; !blank && skipSpaces(text, next)-next <= own {
			break
		}
		end = stop
	}
	return end
}

// skipSpaces skips spaces, and line ends that a shell skips.
func skipSpaces(text string, n int) int {
	for n < len(text) {
		switch {
		case text[n] == ' ' || text[n] == '\t':
			n++
		case strings.HasPrefix(text[n:], "\\\n") || strings.HasPrefix(text[n:], "`\n") || strings.HasPrefix(text[n:], "^\n"):
			n += 2
		case strings.HasPrefix(text[n:], "\\\r\n") || strings.HasPrefix(text[n:], "`\r\n") || strings.HasPrefix(text[n:], "^\r\n"):
			n += 3
		default:
			return n
		}
	}
	return n
}

func skipBlanks(text string, n int) int {
	for n < len(text) && strings.IndexByte(" \t\r\n", text[n]) >= 0 {
		n++
	}
	return n
}

func endOfLine(text string, n int) int {
	if n >= len(text) {
		return len(text)
	}
	if end := strings.IndexByte(text[n:], '\n'); end >= 0 {
		return n + end
	}
	return len(text)
}
