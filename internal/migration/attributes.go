package migration

import (
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// attributes are what dbtls knows of an endpoint's ExtraConnectionAttributes.
type attributes struct {
	// legacyTLS allows TLS 1.0 and 1.1, and ciphers without forward secrecy.
	legacyTLS bool
}

const (
	attributeLegacy = "legacyTLS"
	maxAttributes   = 2048 // characters
)

// parseAttributes reads "name=value;name=value". An attribute that nobody
// knows would have no effect and is refused by name.
func parseAttributes(text string) (attributes, error) {
	var a attributes
	if len(text) > maxAttributes {
		return a, fault.New(fault.InvalidParameter, "ExtraConnectionAttributes has %d characters, %d at most", len(text), maxAttributes)
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		key := strings.ToLower(name)
		switch {
		case !ok || name == "":
			return a, fault.New(fault.InvalidParameter, "ExtraConnectionAttributes has a part that is not NAME=VALUE; parts are separated by semicolons")
		case seen[key]:
			return a, fault.New(fault.InvalidParameter, "ExtraConnectionAttributes has %s twice", shorten(name))
		case key != strings.ToLower(attributeLegacy):
			return a, fault.New(fault.NotBuilt, "The extra connection attribute %q is not built in dbtls, so it would have no effect; leave it out. There is: %s=true|false", shorten(name), attributeLegacy)
		case !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false"):
			return a, fault.New(fault.InvalidParameter, "The extra connection attribute %s is true or false", attributeLegacy)
		}
		seen[key] = true
		a.legacyTLS = strings.EqualFold(value, "true")
	}
	return a, nil
}
