package postgres

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

// The roles dbtls makes for itself.
const (
	agentRole = "dbtls_agent"
	superRole = "dbtls_superuser"
)

// New returns the engine "postgres".
func New() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"postgres"},
			Description: "PostgreSQL",
			DefaultPort: 5432,
			MasterUser:  "postgres",
			Major:       major,
			Family:      func(version string) string { return "postgres" + major(version) },
			// ssl_cert_file takes a reload since version 10 (its release
			// notes, "Allow SSL configuration to be updated during
			// configuration reload").
			HotReload: func(version string) bool { return discover.AtLeast(version, "10") },
			ReservedUsers: []string{
				agentRole, superRole, "rdsadmin", "public", "none",
				"current_user", "current_role", "session_user",
			},
			ReservedPrefix: "pg_",
		},
		Wire:   wire{},
		Server: server{},
	}
}

// major is the first number since version 10, the first two before.
func major(version string) string {
	first, rest, _ := strings.Cut(version, ".")
	if discover.AtLeast(version, "10") {
		return first
	}
	second, _, _ := strings.Cut(rest, ".")
	return first + "." + second
}
