package evidence

import (
	"cmp"
	"slices"
)

// sorted is spans in the order in which they began.
func sorted(spans []Span) []Span {
	return slices.SortedFunc(slices.Values(spans), func(a, b Span) int { return a.From.Compare(b.From) })
}

// Who names a client in a sentence.
func (k Key) Who() string {
	s := "user " + cmp.Or(k.User, "(none)")
	if k.Source != "" {
		s += " from " + k.Source
	}
	if k.Application != "" {
		s += " (" + k.Application + ")"
	}
	return s
}
