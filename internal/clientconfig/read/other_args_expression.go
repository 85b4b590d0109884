package read

import "strings"

// value reads one value and keeps it under its name.
func (r *argumentReader) value(name string, depth int, named bool) value {
	v := value{}
	if r.n < len(r.text) {
		v = r.expression(name, depth, named)
	}
	if named {
		r.call.named[name] = v
	}
	return v
}

// expression reads up to the next comma or closing bracket.
func (r *argumentReader) expression(name string, depth int, named bool) (v value) {
	start, pieces, nested := r.n, 0, false
	for r.n < len(r.text) {
		c := r.text[r.n]
		switch {
		case c == ',' || c == ';' || c == ')' || c == ']' || c == '}':
			return finished(v, r.text[start:r.n], pieces, nested)
		case c == '"' || c == '\'' || c == '`':
			s, ok := r.quoted()
			if ok && v.path == "" {
				v.path = s
			}
			v.literal = ok
			pieces++
		case closing(c) != 0:
			nested = true
			inner := name
			if named || name != "" {
				inner = name + "."
			}
			pieces++
			keep := named || c != '(' || strings.HasSuffix(strings.ToLower(r.text[start:r.n]), "array")
			r.nestedGroup(c, inner, depth, keep, &v)
		case c == '\n' && pieces > 0:
			if !r.continues() {
				return finished(v, r.text[start:r.n], pieces, nested)
			}
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			r.n++
		default:
			r.n++
			if v.literal || nested {
				pieces++
			}
		}
	}
	return finished(v, r.text[start:r.n], pieces, nested)
}

// nestedGroup reads a bracket inside an expression: its own names, under the
// name of the expression; the string in it, which may be a path.
func (r *argumentReader) nestedGroup(open byte, prefix string, depth int, keep bool, v *value) {
	var inner call
	if depth < maxNested {
		inner = call{named: map[string]value{}}
		sub := argumentReader{text: r.text, n: r.n + 1, call: &inner}
		sub.group(closing(open), "", depth+1)
		r.n = sub.n
	} else {
		r.n = len(r.text)
	}
	for key, found := range inner.named {
		if keep {
			r.call.named[prefix+key] = found
		}
	}
	for _, found := range inner.positional {
		if v.path == "" && found.path != "" {
			v.path = found.path
		}
		if keep && open == '{' && !found.literal {
			r.shorthand(prefix, found)
		}
	}
}

// spread is the name of what an object takes over from another.
const spread = "..."

// shorthand keeps what an object has without a value beside it: {ssl}, which is
// a variable, and {...settings}, which may be anything.
func (r *argumentReader) shorthand(prefix string, v value) {
	name := spread
	if v.word && !strings.HasPrefix(v.text, spread) {
		name = strings.ToLower(v.text)
	}
	if _, ok := r.call.named[prefix+name]; !ok {
		r.call.named[prefix+name] = value{}
	}
}

// continues goes past a line break and reports whether the expression goes on
// after it; it stays where it is when not. Items without a comma between them
// are of a list of statements.
func (r *argumentReader) continues() bool {
	rest := strings.TrimLeft(r.text[r.n:], " \t\r\n")
	if rest != "" && strings.IndexByte("+.?|&)]},\"'`", rest[0]) < 0 {
		return false
	}
	r.n = len(r.text) - len(rest)
	return true
}
