package read

import "strings"

const (
	// maxArguments is how much of a call is read, in bytes, and maxNested how
	// deep its brackets may be.
	maxArguments = 16 << 10
	maxNested    = 20
)

// value is one argument as a program writes it.
type value struct {
	text    string // a constant, else ""
	literal bool   // in quotes
	word    bool   // a bare word: true, None, 5432, a name
	symbol  bool   // a symbol of Ruby's; a word too
	object  bool   // brackets with named values: an object, a dictionary
	// path is the constant inside an expression, where there is one:
	// fs.readFileSync("ca.pem").
	path string
}

// call is a call's arguments. Those of brackets inside brackets are named by
// their path, in lower case: ssl.ca, connect_args.ssl.ca.
type call struct {
	named      map[string]value
	positional []value
	end        int // offset after the closing bracket, or where reading ended
}

// arguments reads the arguments of a call, of an object or of an array, in the
// way of Python, JavaScript, PHP, Ruby and Go: the text at an offset is the
// opening bracket. It reads what it can tell and takes all else as unknown.
func arguments(text string, at int) call {
	c := call{named: map[string]value{}, end: at}
	if at >= len(text) || closing(text[at]) == 0 {
		return c
	}
	r := argumentReader{text: text[:min(len(text), at+maxArguments)], call: &c}
	r.n = at + 1
	r.group(closing(text[at]), "", 0)
	c.end = r.n
	return c
}

func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '{':
		return '}'
	case '[':
		return ']'
	}
	return 0
}

type argumentReader struct {
	text string
	n    int
	call *call
}

// group reads items up to a closing bracket.
func (r *argumentReader) group(end byte, prefix string, depth int) {
	for position := 0; r.skip(); {
		switch c := r.text[r.n]; c {
		case end:
			r.n++
			return
		case ',', ';', ')', ']', '}':
			r.n++
		default:
			before := r.n
			r.item(prefix, depth, position)
			position++
			if r.n == before {
				r.n++
			}
		}
	}
}

// skip goes to what is no space and no comment. False at the end.
func (r *argumentReader) skip() bool {
	for r.n < len(r.text) {
		rest := r.text[r.n:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			r.n++
		case strings.HasPrefix(rest, "//"), rest[0] == '#':
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				r.n = len(r.text)
				return false
			}
			r.n += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				r.n = len(r.text)
				return false
			}
			r.n += end + 4
		default:
			return true
		}
	}
	return false
}

// item reads one argument: "key: value", "key=value", "key => value", or a
// value alone.
func (r *argumentReader) item(prefix string, depth, position int) {
	start := r.n
	name, ok := r.key()
	if ok && r.skip() && r.separator() {
		r.skip()
		r.value(prefix+strings.ToLower(name), depth, true)
		return
	}
	r.n = start
	v := r.value(prefix, depth, false)
	if prefix == "" && position < 20 {
		r.call.positional = append(r.call.positional, v)
	}
}

// key reads a name, a constant of a class, a symbol or a quoted name.
func (r *argumentReader) key() (string, bool) {
	if c := r.text[r.n]; c == '"' || c == '\'' {
		return r.quoted()
	}
	start := r.n
	for r.n < len(r.text) {
		switch c := r.text[r.n]; {
		case c == '_' || c == '-' && r.n > start || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 || c == '$' || c == '\\':
			r.n++
		case c == ':' && strings.HasPrefix(r.text[r.n:], "::") && r.n > start:
			r.n += 2
		case c == ':' && r.n == start:
			r.n++ // a symbol of Ruby's
		default:
			return strings.TrimLeft(r.text[start:r.n], ":*$"), r.n > start
		}
	}
	return "", false
}

// separator reads what stands between a key and its value.
func (r *argumentReader) separator() bool {
	if r.n >= len(r.text) {
		return false
	}
	rest := r.text[r.n:]
	switch {
	case strings.HasPrefix(rest, "=>"), strings.HasPrefix(rest, ":="):
		r.n += 2
	case strings.HasPrefix(rest, "=="), strings.HasPrefix(rest, "::"):
		return false
	case rest[0] == ':' || rest[0] == '=':
		r.n++
	default:
		return false
	}
	return true
}

// quoted reads a string; false when it does not end.
func (r *argumentReader) quoted() (string, bool) {
	quote := r.text[r.n]
	width := 1
	if triple := strings.Repeat(string(quote), 3); strings.HasPrefix(r.text[r.n:], triple) {
		width = 3
	}
	end := r.text[r.n : r.n+width]
	var b strings.Builder
	for n := r.n + width; n < len(r.text); n++ {
		switch {
		case strings.HasPrefix(r.text[n:], end):
			r.n = n + width
			return b.String(), true
		case r.text[n] == '\\' && n+1 < len(r.text):
			n++
			b.WriteByte(r.text[n])
		default:
			b.WriteByte(r.text[n])
		}
	}
	r.n = len(r.text)
	return "", false
}
