package read

import "strings"

// javaBlock is the body of a function, from its first to its last token.
type javaBlock struct{ first, last int }

// findBlocks finds the outermost braces that are no class's: the bodies of
// functions, each with whatever is within.
func (p *javaProgram) findBlocks() {
	depth, inside, start := 0, false, 0
	isClass := false
	for n := range p.tokens {
		switch t := p.tokens[n]; {
		case t.kind == 'i':
			switch t.text {
			case "class", "interface", "object", "enum", "record", "trait":
				isClass = isClass || !inside && !p.is(n-1, ".")
			}
		case t.kind == '{' && inside:
			depth++
		case t.kind == '{' && isClass:
			isClass = false
		case t.kind == '{':
			inside, depth, start = true, 1, n
		case t.kind == '}' && inside:
			if depth--; depth == 0 {
				inside = false
				p.blocks = append(p.blocks, javaBlock{start, n})
			}
		case t.kind == ';' && !inside:
			isClass = false
		}
	}
	if inside {
		p.blocks = append(p.blocks, javaBlock{start, len(p.tokens)})
	}
}

// blockAt is the function that a token is in, -1 for none.
func (p *javaProgram) blockAt(n int) int {
	low, high := 0, len(p.blocks)
	for low < high {
		if mid := (low + high) / 2; p.blocks[mid].last < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(p.blocks) && p.blocks[low].first <= n {
		return low
	}
	return -1
}

// property notes X.setProperty(name, value) and its like, and X["name"] = value.
func (p *javaProgram) property(n int) {
	if p.kind(n) == '[' && p.kind(n+1) == 's' && p.is(n+2, "]") && p.is(n+3, "=") && p.kind(n-1) == 'i' {
		value, _, _ := p.expression(n + 4)
		p.set(javaSetting{on: p.tokens[n-1].text, name: p.tokens[n+1].text, value: value, at: p.tokens[n+1].at, block: p.blockAt(n)})
		return
	}
	if p.kind(n) != 'i' || !p.is(n+1, "(") {
		return
	}
	switch p.tokens[n].text {
	case "setProperty", "put", "addDataSourceProperty", "addProperty", "addConnectionProperty", "setConnectionProperty":
	default:
		return
	}
	name, known, end := p.expression(n + 2)
	if !known || !p.is(end, ",") {
		return
	}
	value, _, _ := p.expression(end + 1)
	on := ""
	if p.is(n-1, ".") && p.kind(n-2) == 'i' {
		on = p.tokens[n-2].text
	}
	p.set(javaSetting{on: on, name: name, value: value, at: p.tokens[n].at, block: p.blockAt(n)})
}

// set files a property: the trust store and the login apart from the rest.
func (p *javaProgram) set(s javaSetting) {
	switch lower := strings.ToLower(s.name); {
	case jdbcSecret(lower):
		p.secrets = append(p.secrets, s.value)
	case s.on == "System" && s.name == "javax.net.ssl.trustStore":
		p.trust, p.trustAt = s.value, s.at
	case s.on == "System":
	case lower == "user" || lower == "username":
		p.user = s.value
	case len(p.sets) < javaMaxFound:
		p.sets = append(p.sets, s)
	}
}

// connection notes getConnection(url), (url, properties) and (url, user,
// password).
func (p *javaProgram) connection(n int) {
	if !p.is(n, "getConnection") || !p.is(n+1, "(") || len(p.urls) == javaMaxFound {
		return
	}
	value, known, end := p.expression(n + 2)
	if _, ok := jdbcParse(value); !known || !ok {
		return
	}
	u := javaURL{value: value, at: p.tokens[p.origin(n+2, end)].at, block: p.blockAt(n)}
	switch {
	case p.is(end, ",") && p.kind(end+1) == 'i' && p.is(end+2, ")"):
		u.props = p.tokens[end+1].text
	case p.is(end, ","):
		u.plain = true
		if _, _, next := p.expression(end + 1); p.is(next, ",") {
			if password, known, _ := p.expression(next + 1); known {
				p.secrets = append(p.secrets, password)
			}
		}
	default:
		u.plain = true
	}
	p.urls = append(p.urls, u)
}

// origin is the token at which an expression's URL is written: in the
// expression itself, or where the name in it was given its value. What is
// written there is marked as read.
func (p *javaProgram) origin(from, end int) int {
	for n := from; n < end; n++ {
		p.used[n] = true
	}
	for n := from; n < end; n++ {
		if p.kind(n) == 's' {
			return n
		}
		if p.kind(n) != 'i' {
			continue
		}
		if b, ok := p.bound(p.tokens[n].text, n); ok {
			p.used[b.first] = true
			return b.first
		}
	}
	return from
}

// looseURL notes a URL that no getConnection was seen to use: a constant, a
// setUrl, an annotation.
func (p *javaProgram) looseURL(n int) {
	if len(p.urls) == javaMaxFound || p.used[n] || p.is(n-1, "+") || p.is(n-1, ".") || (p.kind(n) != 's' && (p.kind(n) != 'i' || !p.is(n+1, "+"))) {
		return
	}
	value, known, end := p.expression(n)
	if !known || end == n {
		return
	}
	if _, ok := jdbcParse(value); !ok || strings.HasSuffix(value, ":") {
		return
	}
	for k := n; k < end; k++ {
		p.used[k] = true
	}
	p.urls = append(p.urls, javaURL{value: value, at: p.tokens[n].at, block: p.blockAt(n)})
}

// optionsFor are the properties that a URL is opened with: those of the
// variable that it is opened with, of its function; else those of the function;
// else, for a URL outside of functions, those of the file.
func (p *javaProgram) optionsFor(u javaURL) (options []jdbcOption) {
	if u.plain {
		return nil
	}
	pick := func(want func(javaSetting) bool) {
		for _, s := range p.sets {
			if want(s) {
				options = append(options, jdbcOption{s.name, s.value})
			}
		}
	}
	if u.props != "" {
		pick(func(s javaSetting) bool { return s.on == u.props && s.block == u.block })
		if len(options) == 0 {
			pick(func(s javaSetting) bool { return s.on == u.props })
		}
		return options
	}
	pick(func(s javaSetting) bool { return s.block == u.block })
	if len(options) == 0 && (u.block < 0 || len(p.urls) == 1) {
		pick(func(javaSetting) bool { return true })
	}
	return options
}
