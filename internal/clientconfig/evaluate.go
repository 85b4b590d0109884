package clientconfig

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Outcome is what a configuration does with a range of versions.
type Outcome struct {
	Since  string `json:"since,omitempty"`  // first version, "" for the oldest
	Before string `json:"before,omitempty"` // first version no more, "" for the newest
	Effect
	Rule   string `json:"rule"`
	Why    string `json:"why"`
	Fix    string `json:"fix,omitempty"`
	Source string `json:"source"`
	Proof  Proof  `json:"proof"`
}

// Answer is what a configuration does. When the driver's version is not known
// and versions differ, what they differ in is unknown, and Outcomes say which
// version does what.
type Answer struct {
	Effect
	Outcomes []Outcome `json:"outcomes"` // one, or one per range of versions that differ
}

// Evaluate applies a driver's rules to settings. A case that no rule is for is
// unknown, never safe.
func Evaluate(d Driver, s Settings) Answer {
	if s.Version != "" {
		o := outcome(d, s, s.Version)
		return Answer{Effect: o.Effect, Outcomes: []Outcome{o}}
	}
	var all []Outcome
	bounds := bounds(d)
	for n, since := range bounds {
		o := outcome(d, s, since)
		o.Since, o.Before = since, ""
		if n+1 < len(bounds) {
			o.Before = bounds[n+1]
		}
		if last := len(all) - 1; last >= 0 && all[last].Effect == o.Effect {
			all[last].Before = o.Before
			continue
		}
		all = append(all, o)
	}
	return Answer{Effect: common(all), Outcomes: all}
}

// bounds are the versions at which some rule begins or ends, ascending; the
// first is "", which is older than all.
func bounds(d Driver) []string {
	all := []string{""}
	for _, r := range d.Rules {
		all = append(all, r.Since, r.Before)
	}
	slices.SortFunc(all, CompareVersions)
	return slices.CompactFunc(all, func(a, b string) bool { return CompareVersions(a, b) == 0 })
}

func outcome(d Driver, s Settings, version string) Outcome {
	for _, r := range d.Rules {
		if !r.covers(version) || !r.holds(s.Options) {
			continue
		}
		o := Outcome{Effect: r.Then, Rule: r.ID, Why: r.Why, Fix: r.Fix, Source: r.Source, Proof: r.Proof}
		o.Trust = trusted(r, s)
		return o
	}
	return Outcome{
		Effect: Effect{Encrypts: EncryptsUnknown, Verifies: VerifiesUnknown, Trust: Trust{Kind: TrustUnknown}},
		Rule:   d.ID + "/unknown", Proof: Documented,
		Why: "no rule is known for these options of " + cmp.Or(d.Name, "this driver") + "; test it with a server it must refuse",
	}
}

// trusted is the store a rule's client verifies against: the one that its
// option names, else one that was named beside the driver's options.
func trusted(r Rule, s Settings) Trust {
	t := r.Then.Trust
	switch path := s.Options[r.TrustOption]; {
	case t.Kind == TrustNone:
	case r.TrustOption != "" && path != "":
		t.Path = path
	case s.Trust.Kind != TrustNone:
		t = s.Trust
	}
	return t
}

func (r Rule) covers(version string) bool {
	return CompareVersions(version, r.Since) >= 0 && (r.Before == "" || CompareVersions(version, r.Before) < 0)
}

func (r Rule) holds(options map[string]string) bool {
	for _, c := range r.When {
		if !c.holds(options) {
			return false
		}
	}
	return true
}

func (c Condition) holds(options map[string]string) bool {
	value, ok := options[c.Option]
	ok = ok && value != ""
	switch {
	case c.Absent && (!ok || len(c.Is) == 0):
		return !ok
	case c.Given:
		return ok
	}
	return slices.ContainsFunc(c.Is, func(want string) bool { return strings.EqualFold(want, value) })
}

// common is what all outcomes agree on; the rest is unknown.
func common(all []Outcome) Effect {
	e := all[0].Effect
	for _, o := range all[1:] {
		if o.Encrypts != e.Encrypts {
			e.Encrypts = EncryptsUnknown
		}
		if o.Verifies != e.Verifies {
			e.Verifies = VerifiesUnknown
		}
		if o.Trust != e.Trust {
			e.Trust = Trust{Kind: TrustUnknown}
		}
	}
	return e
}

// CompareVersions orders versions by their numbers: "5.1.38" is before
// "5.1.100", "8" equals "8.0". "" is before all; what follows the numbers
// ("-SNAPSHOT", "rc1") is not looked at.
func CompareVersions(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(min(len(a), 1), min(len(b), 1))
	}
	x, y := numbers(a), numbers(b)
	for n := range max(len(x), len(y)) {
		if c := cmp.Compare(at(x, n), at(y, n)); c != 0 {
			return c
		}
	}
	return 0
}

func at(all []int, n int) int {
	if n < len(all) {
		return all[n]
	}
	return 0
}

func numbers(version string) (all []int) {
	for part := range strings.SplitSeq(strings.TrimLeft(version, "vV="), ".") {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		digits := part
		if end >= 0 {
			digits = part[:end]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			return all
		}
		all = append(all, n)
		if end >= 0 {
			return all
		}
	}
	return all
}
