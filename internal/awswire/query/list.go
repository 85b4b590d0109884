package query

import (
	"slices"
	"strconv"
	"strings"
)

// Strings reads a list of scalars. Its parameters are name.element.N,
// name.member.N or name.N; the first spelling found counts and the others
// stay unread. N need not start at 1 nor be dense; the order is numeric. An
// empty list ("name=") is present with no elements.
func (p *Params) Strings(name, element string) (values []string, present bool) {
	base, indexes, present := p.list(name, element)
	for _, n := range indexes {
		full := base + strconv.Itoa(n)
		v, ok := p.form.values[full]
		if !ok {
			continue // an element with members: not a scalar, stays unread
		}
		p.form.read[full] = true
		values = append(values, v)
	}
	return values, present
}

// Structs reads a list of structures, spelled as for Strings; each view names
// its members relative to the element (Tags.Tag.1.Key is "Key").
func (p *Params) Structs(name, element string) (views []*Params, present bool) {
	base, indexes, present := p.list(name, element)
	for _, n := range indexes {
		prefix := base + strconv.Itoa(n) + "."
		if !p.form.has(prefix) {
			continue // a bare scalar stays unread
		}
		views = append(views, &Params{form: p.form, prefix: prefix})
	}
	return views, present
}

// list finds the spelling in use: base is all before the number.
func (p *Params) list(name, element string) (base string, indexes []int, present bool) {
	full := p.prefix + name
	if v, ok := p.form.values[full]; ok && v == "" {
		p.form.read[full] = true
		present = true
	}
	for _, base := range [...]string{full + "." + element + ".", full + ".member.", full + "."} {
		if indexes := p.form.indexes(base); len(indexes) > 0 {
			return base, indexes, true
		}
	}
	return "", nil, present
}

// indexes lists, ascending, the N of every parameter base+N or base+N.….
func (f *form) indexes(base string) []int {
	var out []int
	start, _ := slices.BinarySearch(f.names, base)
	for _, name := range f.names[start:] {
		rest, ok := strings.CutPrefix(name, base)
		if !ok {
			break
		}
		digits, _, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(digits)
		// "01" and "+1" are other spellings of 1: they stay unread.
		if err == nil && n >= 0 && strconv.Itoa(n) == digits {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (f *form) has(prefix string) bool {
	i, _ := slices.BinarySearch(f.names, prefix)
	return i < len(f.names) && strings.HasPrefix(f.names[i], prefix)
}
