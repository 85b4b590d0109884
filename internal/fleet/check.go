package fleet

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// placeOf says which kind of provider an instance class means: the two of
// dbtls's own name theirs, any class of AWS the server's default.
func placeOf(class, byDefault string) (string, error) {
	switch {
	case class == "db."+provider.Local:
		return provider.Local, nil
	case class == "db."+provider.Simulated:
		return provider.Simulated, nil
	case !strings.HasPrefix(class, "db.") || len(class) < 4:
		return "", fault.New(fault.InvalidParameter, "Invalid DB Instance class: %q; use db.local, db.simulated, or any AWS class such as db.t3.micro, which means db.%s here", class, byDefault)
	}
	return byDefault, nil
}

// checkMaster holds the master user to RDS's rules for names and passwords.
func checkMaster(spec engine.Spec, user, password string) error {
	if user == "" {
		return blank("MasterUsername")
	}
	if password == "" {
		return blank("MasterUserPassword")
	}
	if len(user) > 16 || !identifier(user) {
		return fault.New(fault.InvalidParameter, "The parameter MasterUsername %q is not valid: 1 to 16 ASCII letters, digits and underscores, a letter first", user)
	}
	lower := strings.ToLower(user)
	if slices.Contains(spec.ReservedUsers, lower) || (spec.ReservedPrefix != "" && strings.HasPrefix(lower, spec.ReservedPrefix)) {
		return fault.New(fault.InvalidParameter, "MasterUsername %s cannot be used as it is a reserved word used by the engine", user)
	}
	if len(password) < 8 || len(password) > 128 || strings.ContainsFunc(password, notPasswordRune) {
		return fault.New(fault.InvalidParameter, "The parameter MasterUserPassword is not a valid password: 8 to 128 printable ASCII characters besides '/', '@', '\"' and ' '")
	}
	return nil
}

func blank(name string) error {
	return fault.New(fault.InvalidParameter, "The parameter %s must be provided and must not be blank.", name)
}

func notPasswordRune(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/@"`, r) }

func checkDatabase(name string) error {
	if name == "" || (len(name) <= 63 && identifier(name)) {
		return nil
	}
	return fault.New(fault.InvalidParameter, "The parameter DBName %q is not valid: 1 to 63 ASCII letters, digits and underscores, a letter first", name)
}

func identifier(s string) bool {
	for n, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (n == 0 || (c != '_' && (c < '0' || c > '9'))) {
			return false
		}
	}
	return true
}

func (s *Service) engineNames() string {
	var names []string
	for _, e := range s.Engines {
		names = append(names, e.Name())
	}
	return strings.Join(names, ", ")
}
