package read

import (
	"slices"
	"strings"
)

// bareValue is a value without quotes that begins at n. It ends where what follows
// cannot be a part of it: the next option, the end of the code around it, the
// end of the line. A separator that no option follows may be in the password.
func bareValue(text string, n int) (hiddenSpan, bool) {
	start := n
	for n < len(text) {
		c := text[n]
		if c == '\n' {
			if n > start && text[n-1] == '\\' {
				n++ // a properties file goes on
				continue
			}
			break
		}
		if endsBare(text, start, n) && (n > start || c != '#') {
			break
		}
		if c == '\\' && n+1 < len(text) && text[n+1] != '\n' && text[n+1] != '"' {
			n++
		}
		n++
	}
	n = min(n, len(text))
	return hiddenSpan{start, start + len(strings.TrimRight(text[start:n], " \t\r"))}, n > start
}

// endsBare reports whether a value without quotes that began at start ends
// before the byte at n.
func endsBare(text string, start, n int) bool {
	rest := text[n+1:]
	switch c := text[n]; c {
	case ';', '&', ',':
		rest = strings.TrimPrefix(rest, "amp;")
		trimmed := strings.TrimLeft(rest, " \t")
		return trimmed == "" || trimmed[0] == '\n' || trimmed[0] == '\r' || strings.IndexByte("\"'`", trimmed[0]) >= 0 && endsCode(trimmed[1:]) || optionFollows(trimmed)
	case '%':
		return strings.HasPrefix(rest, "26") && optionFollows(rest[2:])
	case '#':
		return n > 0 && (text[n-1] == ' ' || text[n-1] == '\t')
	case '"', '\'', '`', '<':
		return endsCode(rest) || c == '<' && strings.HasPrefix(rest, "/")
	case '\\':
		return strings.HasPrefix(rest, `"`) && endsCode(rest[1:])
	case ')', ']', '}':
		return bracketOpened(text[max(0, start-maxQuoted):start], c) && (rest == "" || strings.IndexByte("(/,?;)\"'`]}\r\n .:", rest[0]) >= 0)
	case ' ', '\t':
		return wordEnds(strings.TrimLeft(rest, " \t"))
	}
	return false
}

// bracketOpened reports whether before has the bracket that c closes.
func bracketOpened(before string, c byte) bool {
	return strings.IndexByte(before, "([{"[strings.IndexByte(")]}", c)]) >= 0
}

// endsCode reports whether a quote ended a string of a program here.
func endsCode(rest string) bool {
	rest = strings.TrimLeft(rest, " \t")
	return rest == "" || strings.IndexByte(",;)]}+\r\n>\"'`&|", rest[0]) >= 0 || strings.HasPrefix(rest, "/>")
}

// wordEnds reports whether the word at the start of rest begins something new
// after a value: an option, a redirection, one of the commands that
// environment variables are set for.
func wordEnds(rest string) bool {
	if rest == "" || strings.IndexByte("-#|>&;\r\n)}]", rest[0]) >= 0 || strings.HasPrefix(rest, "/>") {
		return true
	}
	shellWord := rest
	if end := strings.IndexAny(rest[:min(len(rest), 64)], " \t\r\n;"); end >= 0 {
		shellWord = rest[:end]
	}
	return optionFollows(rest) || isCommand(shellWord) || slices.Contains([]string{"+", "host", "user", "login", "machine", "java", "export", "using", "where", "\\"}, strings.ToLower(shellWord))
}

// firstWords begin the names of several words of ADO.NET's options.
const firstWords = " user initial data trust integrated persist connect connection application multiple multi min max packet workstation network current failover" +
	" load host server use ssl allow certificate root search column pool command default wallet dba auto tcp read ip app context transaction type character treat" +
	" old convert keep include incr decr self statement metadata ha proxy extended tns database trusted "

// optionFollows reports whether "name=" or "name:" begins rest. A name of more
// than one word begins with one by which such names of ADO.NET begin.
func optionFollows(rest string) bool {
	rest = strings.TrimLeft(rest[:min(len(rest), 96)], "\"'`")
	if rest == "" || !asciiLetter(rest[0]) && rest[0] != '_' && rest[0] != '$' {
		return false
	}
	n, count := 0, 1
	for n < len(rest) && (inName(rest[n]) || rest[n] == ' ' && count < 5) {
		if rest[n] == ' ' {
			count++
		}
		n++
	}
	name := strings.TrimRight(rest[:n], " ")
	if first, _, more := strings.Cut(name, " "); more && !strings.Contains(firstWords, " "+strings.ToLower(first)+" ") {
		return false
	}
	if name == "" || len(name) > 48 || n >= len(rest) {
		return false
	}
	after := strings.TrimLeft(rest[n:], "\"'`] \t")
	switch {
	case after == "":
		return false
	case after[0] == '=':
		return true
	case after[0] == ':':
		return len(after) == 1 || strings.IndexByte(" \t\"'[{", after[1]) >= 0
	}
	return strings.HasPrefix(strings.ToLower(after), "%3d")
}

// wordAt is the word at n, which follows the name of a secret after a space, as
// an argument does. A word that begins with a hyphen is the next option.
func wordAt(text string, n int) (hiddenSpan, bool) {
	if n >= len(text) || strings.IndexByte("-\r\n;,)&|<>=", text[n]) >= 0 {
		return hiddenSpan{}, false
	}
	if text[n] == '"' || text[n] == '\'' {
		s, after := quotedAt(text, n)
		return gluedTo(text, s, after), true
	}
	end := n
	for end < len(text) && strings.IndexByte(" \t\r\n", text[end]) < 0 {
		if text[end] == '\\' && end+1 < len(text) && text[end+1] == ' ' {
			end++
		}
		end++
	}
	return hiddenSpan{n, end}, true
}
