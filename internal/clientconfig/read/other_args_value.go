package read

import "strings"

// finished says what an expression is: one constant, a word, or neither.
func finished(v value, text string, pieces int, nested bool) value {
	text = strings.TrimSpace(text)
	switch {
	case v.literal && pieces == 1 && !nested && isQuoted(text):
		v.text = v.path
	case !nested && pieces == 0 && text != "" && isName(text):
		v = value{text: strings.TrimPrefix(text, ":"), word: true, symbol: text[0] == ':'}
	default:
		v.literal, v.text = false, ""
		v.object = strings.IndexByte("{[", (text + " ")[0]) >= 0 || strings.HasPrefix(text, "dict(") || strings.HasPrefix(text, "array(")
	}
	return v
}

// isQuoted reports whether an expression is a string and nothing else; Python
// and others may put letters before the quote, but not f, which substitutes.
func isQuoted(text string) bool {
	switch text[0] {
	case '"', '\'':
		return true
	case '`':
		return !strings.Contains(text, "${")
	case 'r', 'b', 'u', 'R', 'B', 'U', '@':
		return len(text) > 1 && (text[1] == '"' || text[1] == '\'')
	}
	return false
}

func isName(text string) bool {
	for n := range len(text) {
		if c := text[n]; c != '_' && c != '.' && c != ':' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// decided is an option of a program that decides something: a constant, or
// untold.
func (c call) decided(name string) string {
	v, ok := c.named[name]
	switch {
	case !ok:
		return ""
	case v.literal:
		return safeWord(v.text)
	case v.symbol:
		return safeWord(v.text)
	case v.word:
		return constantWord(v.text)
	}
	return untold
}

// constantWord is a word that is the same everywhere: a switch, a number, a
// constant of Python's ssl module. Any other name is a variable.
func constantWord(word string) string {
	last := word[strings.LastIndexAny(word, ".:")+1:]
	switch folded := yes(last); {
	case folded == "true" || folded == "false" || strings.HasPrefix(last, "CERT_"):
		return folded
	case strings.Trim(last, "0123456789") == "":
		return safeWord(last)
	}
	return untold
}

// file is an option of a program that names a file.
func (c call) file(name string) string {
	v, ok := c.named[name]
	switch {
	case !ok || v.word && yes(v.text) == "false":
		return ""
	case v.path != "":
		return safePath(v.path)
	}
	return untold
}

// constant is an option whose text is a constant, else "".
func (c call) constant(names ...string) string {
	for _, name := range names {
		if v := c.named[name]; v.literal || v.word && digits(v.text) != "" {
			return v.text
		}
	}
	return ""
}

// under are the options below a name.
func under(named map[string]value, prefix string) map[string]value {
	all := map[string]value{}
	for name, v := range named {
		if rest, ok := strings.CutPrefix(name, prefix+"."); ok {
			all[rest] = v
		}
	}
	return all
}
