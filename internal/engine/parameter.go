package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ApplyType says when a changed parameter takes effect.
type ApplyType string

// The apply types of AWS.
const (
	Dynamic ApplyType = "dynamic" // at once, sessions live on
	Static  ApplyType = "static"  // at the next reboot
)

// Parameter is one row of a family's catalogue: what a parameter group may say
// and what it does. Every parameter that is listed has its effect on a server,
// real or simulated, or says in Locked why it cannot be changed.
type Parameter struct {
	Name        string
	Description string
	Default     string // "" when the server has its own, which may depend on how it was built
	ApplyType   ApplyType
	DataType    string // "boolean", "integer", "string" or "list" (comma between values)
	// Allowed are the values there are, in the order and spelling in which
	// they are shown; a single "LOW-HIGH" is a range of integers; none allows
	// any text.
	Allowed []string
	// Check refuses values that Allowed cannot tell from good ones; nil: none.
	// Its error names the rule and the fix.
	Check func(value string) error
	// Cluster: in a cluster of an Aurora engine, the cluster's parameter group
	// sets it, not an instance's.
	Cluster bool
	// Locked says why it cannot be modified, "" when it can.
	Locked     string
	MinVersion string // first version that has it, "" for all
}

// switches are the words for off and on that a value may be given in.
var switches = []map[string]bool{
	{"0": true, "false": true, "off": true, "no": true},
	{"1": true, "true": true, "on": true, "yes": true},
}

// Canonical returns a value as it is stored and shown ("true" is "1" where the
// values are 0 and 1), or an error that names what is allowed.
func (p Parameter) Canonical(value string) (string, error) {
	value = strings.TrimSpace(value)
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("it has a control character")
	}
	out, ok := p.fit(value)
	if !ok {
		return "", fmt.Errorf("allowed: %s", strings.Join(p.Allowed, ","))
	}
	if p.Check != nil {
		if err := p.Check(out); err != nil {
			return "", err
		}
	}
	return out, nil
}

func (p Parameter) fit(value string) (string, bool) {
	switch low, high, isRange := p.span(); {
	case isRange:
		n, err := strconv.ParseInt(value, 10, 64)
		return strconv.FormatInt(n, 10), err == nil && n >= low && n <= high
	case len(p.Allowed) == 0:
		return value, true
	case p.DataType == "list":
		return p.fitList(value)
	}
	return p.fitOne(value)
}

// fitList takes values in any order, each once, and returns them in the order
// of Allowed.
func (p Parameter) fitList(value string) (string, bool) {
	given := map[string]bool{}
	for part := range strings.SplitSeq(value, ",") {
		v, ok := p.fitOne(strings.TrimSpace(part))
		if !ok {
			return "", false
		}
		given[v] = true
	}
	have := slices.DeleteFunc(slices.Clone(p.Allowed), func(v string) bool { return !given[v] })
	return strings.Join(have, ","), true
}

func (p Parameter) fitOne(value string) (string, bool) {
	for _, v := range p.Allowed {
		if strings.EqualFold(v, value) {
			return v, true
		}
	}
	if len(p.Allowed) != 2 {
		return "", false
	}
	for _, words := range switches {
		if !words[strings.ToLower(value)] {
			continue
		}
		for _, v := range p.Allowed {
			if words[strings.ToLower(v)] {
				return v, true
			}
		}
	}
	return "", false
}

// span reads Allowed as a range of integers.
func (p Parameter) span() (low, high int64, ok bool) {
	if len(p.Allowed) != 1 || p.DataType != "integer" {
		return 0, 0, false
	}
	a, b, ok := strings.Cut(p.Allowed[0], "-")
	low, err1 := strconv.ParseInt(a, 10, 64)
	high, err2 := strconv.ParseInt(b, 10, 64)
	return low, high, ok && err1 == nil && err2 == nil
}

// Values completes what somebody set with the defaults of the version's
// catalogue, which is what a server is told. Names the catalogue lacks are
// left out.
func (s Spec) Values(version string, set map[string]string) map[string]string {
	all := map[string]string{}
	if s.Parameters == nil {
		return all
	}
	for _, p := range s.Parameters(version) {
		if CompareVersions(version, p.MinVersion) < 0 {
			continue
		}
		if v, ok := set[p.Name]; ok && p.Locked == "" {
			all[p.Name] = v
		} else if p.Default != "" {
			all[p.Name] = p.Default
		}
	}
	return all
}

// Families lists the parameter group families of the versions dbtls knows,
// each with the newest of its versions.
func (s Spec) Families() map[string]string {
	m := map[string]string{}
	for _, v := range s.Versions {
		m[s.Family(v)] = v // oldest first: the newest stays
	}
	return m
}
