package read

import (
	"sort"
	"strings"
)

// javaProgram is what a piece of Java, Kotlin, Scala or Groovy says of its database
// connections.
type javaProgram struct {
	tokens  []javaToken
	lines   jvmNewlines
	left    int                      // bytes of values that may still be put together
	names   map[string][]javaBinding // values that names were given, in their order
	blocks  []javaBlock
	sets    []javaSetting
	urls    []javaURL
	used    map[int]bool // tokens that are part of an expression already read
	trust   string       // javax.net.ssl.trustStore
	trustAt int
	user    string
	secrets []string
}

// javaBinding is a value that a name has from a place on.
type javaBinding struct {
	at    int // token
	first int // token at which the value begins
	value string
}

// javaSetting is a property that is set on a variable: props.setProperty(name, value).
type javaSetting struct {
	on          string
	name, value string
	at          int // byte
	block       int
}

// javaURL is a JDBC URL in a program.
type javaURL struct {
	value string
	at    int    // byte
	block int    // in which it is used, -1 when in none
	props string // the variable with the properties it is opened with
	plain bool   // it is opened without properties
}

// readJavaProgram reads a program in one pass for names and one for what is done
// with them.
func readJavaProgram(text string) *javaProgram {
	p := &javaProgram{tokens: javaTokens(text), lines: jvmNewlinesOf(text), left: 8 * jvmMaxText, names: map[string][]javaBinding{}, used: map[int]bool{}}
	p.findBlocks()
	for n := range p.tokens {
		p.bind(n)
	}
	for n := range p.tokens {
		p.property(n)
		p.connection(n)
	}
	for n := range p.tokens {
		p.looseURL(n)
	}
	sort.SliceStable(p.urls, func(a, b int) bool { return p.urls[a].at < p.urls[b].at })
	return p
}

func (p *javaProgram) is(n int, text string) bool {
	return n >= 0 && n < len(p.tokens) && p.tokens[n].kind != 's' && p.tokens[n].text == text
}

func (p *javaProgram) kind(n int) byte {
	if n < 0 || n >= len(p.tokens) {
		return 0
	}
	return p.tokens[n].kind
}

// bind notes a name that is given a value which is known: NAME = "a" + OTHER,
// and NAME += "b".
func (p *javaProgram) bind(n int) {
	if p.kind(n) != 'i' || p.is(n-1, ".") && !p.is(n-2, "this") {
		return
	}
	name, from, before := p.tokens[n].text, n+2, ""
	switch {
	case p.is(n+1, "=") && !p.is(n+2, "="):
	case p.is(n+1, "+") && p.is(n+2, "="):
		from, before = n+3, p.lookup(name, n)
	case p.is(n+1, ":") && p.kind(n+2) == 'i' && p.is(n+3, "="): // Kotlin, Scala
		from = n + 4
	default:
		return
	}
	value, known, end := p.expression(from)
	if !known || end == from || len(value)+len(before) > jdbcMaxURL {
		return
	}
	p.names[name] = append(p.names[name], javaBinding{at: n, first: from, value: before + value})
}

// lookup is the value of a name at a token: the last it was given before, else
// the first it is given at all (a constant below its use).
func (p *javaProgram) lookup(name string, n int) string {
	if b, ok := p.bound(name, n); ok {
		return b.value
	}
	return ""
}

func (p *javaProgram) bound(name string, n int) (javaBinding, bool) {
	all := p.names[name]
	if len(all) == 0 {
		return javaBinding{}, false
	}
	k := sort.Search(len(all), func(k int) bool { return all[k].at >= n })
	return all[max(k-1, 0)], true
}

// expression reads a sum of strings and names. known is whether any part of it
// is; what is not known stands in it as a placeholder.
func (p *javaProgram) expression(n int) (value string, known bool, end int) {
	var b strings.Builder
	for first := true; ; first = false {
		if !first {
			if !p.is(n, "+") || p.is(n+1, "=") || p.is(n+1, "+") {
				return b.String(), known, n
			}
			n++
		}
		part, ok, next := p.term(n)
		if p.left -= len(part); next == n || p.left < 0 {
			return b.String(), known && p.left >= 0, n
		}
		known = known || ok
		b.WriteString(part)
		n = next
	}
}

// term reads one string, number, name or call.
func (p *javaProgram) term(n int) (value string, known bool, end int) {
	switch p.kind(n) {
	case 's':
		return p.interpolate(p.tokens[n].text, n), true, n + 1
	case 'n':
		return p.tokens[n].text, true, n + 1
	case 'i':
	default:
		return "", false, n
	}
	if (p.is(n, "s") || p.is(n, "f")) && p.kind(n+1) == 's' && p.tokens[n].end == p.tokens[n+1].at { // Scala's s"…"
		return p.interpolate(p.tokens[n+1].text, n), true, n + 2
	}
	name := p.tokens[n].text
	if name == "new" || name == "return" || name == "throw" {
		return "", false, n
	}
	for n++; p.is(n, ".") && p.kind(n+1) == 'i'; n += 2 {
		name = p.tokens[n+1].text
	}
	if p.is(n, "(") { // a call: what it gives is not known
		return "${" + name + "}", false, p.closing(n)
	}
	if name == "true" || name == "false" {
		return name, true, n
	}
	if v := p.lookup(name, n); v != "" {
		return v, true, n
	}
	return "${" + name + "}", false, n
}

// interpolate fills in "$name" and "${name}" of Kotlin, Scala and Groovy.
func (p *javaProgram) interpolate(text string, n int) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "$")
		b.WriteString(before)
		if p.left -= len(before); !ok || p.left < 0 {
			return b.String()
		}
		braces := strings.HasPrefix(rest, "{")
		name := strings.TrimPrefix(rest, "{")
		end := 0
		for end < len(name) && javaNameByte(name[end]) {
			end++
		}
		value := p.lookup(name[:end], n)
		switch {
		case braces && value != "" && strings.HasPrefix(name[end:], "}"):
			p.left -= len(value)
			b.WriteString(value)
			text = name[end+1:]
		case !braces && value != "":
			p.left -= len(value)
			b.WriteString(value)
			text = name[end:]
		case !braces && end > 0:
			b.WriteString("${" + name[:end] + "}")
			text = name[end:]
		default:
			b.WriteByte('$')
			text = rest
		}
	}
}

// closing is the place behind the parenthesis that closes the one at n; a call
// longer than any that matters ends where the looking does.
func (p *javaProgram) closing(n int) int {
	depth := 0
	for end := min(len(p.tokens), n+javaMaxCall); n < end; n++ {
		switch p.kind(n) {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return n + 1
			}
		}
	}
	return n
}

// jdbcMaxURL bounds a value that is put together, in bytes.
const jdbcMaxURL = 1 << 13

// javaMaxFound bounds the URLs, and the properties, of one file.
const javaMaxFound = 1000

// javaMaxCall bounds the words of a call that are looked at, so that parentheses
// within parentheses cost no more than their number.
const javaMaxCall = 200
