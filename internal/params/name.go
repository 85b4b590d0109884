package params

import (
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// maxName is AWS's limit on the names of groups.
const maxName = 255

// parseName checks the name of a new group by AWS's rule and returns it in
// lower case. No name with a dot passes, so "default.…" stays the defaults'.
func parseName(kind inventory.GroupKind, name string) (string, error) {
	ok := len(name) >= 1 && len(name) <= maxName && letter(name[0]) &&
		!strings.HasSuffix(name, "-") && !strings.Contains(name, "--")
	for _, c := range []byte(name) {
		ok = ok && (letter(c) || c == '-' || (c >= '0' && c <= '9'))
	}
	if !ok {
		return "", fault.New(fault.InvalidParameter,
			"The parameter %sName %q is not a valid identifier: 1 to %d ASCII letters, digits and hyphens, a letter first, no hyphen at the end and no two in a row; names that begin with %q are the default groups'",
			noun(kind), shorten(name), maxName, inventory.DefaultGroup(""))
	}
	return strings.ToLower(name), nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// key is the name under which a group is looked for: of an ARN of this account
// its last part.
func (s *Service) key(r Ref) string {
	return strings.ToLower(strings.TrimPrefix(r.Name, inventory.GroupARN(r.Kind, r.Region, s.Account, "")))
}

// defaultOf is the family whose default group has the name.
func defaultOf(name string) (family string, ok bool) {
	return strings.CutPrefix(name, inventory.DefaultGroup(""))
}
