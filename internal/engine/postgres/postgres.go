package postgres

import "github.com/dbtls/dbtls/internal/engine"

// The roles dbtls makes for itself.
const (
	agentRole   = "dbtls_agent"
	superRole   = "dbtls_superuser"
	replicaRole = "dbtls_replica" // the one that providers let replicas log in with
)

// New returns the engine "postgres".
func New() engine.Engine {
	return product{forcedSince: "15"}.engine(engine.Spec{
		Names:       []string{"postgres"},
		Description: "PostgreSQL",
		Migration:   []engine.Migration{{Name: "postgres", Display: "PostgreSQL"}},
		Versions: []string{
			"9.6.24", "10.23", "11.22", "12.22", "13.20", "13.23", "14.17", "14.20",
			"15.12", "15.18", "16.8", "16.11", "17.4", "17.7", "18.1", "18.4",
		},
	})
}

// Aurora returns the engine "aurora-postgresql". Its servers are the installed
// PostgreSQL's: the names, the families and the defaults are what differs.
func Aurora() engine.Engine {
	// 17: "Requiring an SSL/TLS connection to an Aurora PostgreSQL DB
	// cluster", Aurora User Guide.
	return product{forcedSince: "17", clustered: true}.engine(engine.Spec{
		Names:       []string{"aurora-postgresql"},
		Description: "Aurora PostgreSQL",
		Migration:   []engine.Migration{{Name: "aurora-postgresql", Display: "Amazon Aurora PostgreSQL"}},
		Versions:    []string{"11.21", "12.22", "13.20", "14.17", "15.12", "15.13", "16.8", "16.9", "17.4", "17.5"},
	})
}
