package postgres

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/pki"
)

// product is what differs between the engines that are PostgreSQL. Code asks
// these fields, never a product's name.
type product struct {
	forcedSince string // the first version whose rds.force_ssl is on by default
	clustered   bool
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

// engine is what the engines have in common.
func (p product) engine(spec engine.Spec) engine.Engine {
	spec.DefaultPort = 5432
	spec.MasterUser = "postgres"
	spec.Clustered = p.clustered
	spec.Major = major
	prefix := spec.Names[0]
	spec.Family = func(version string) string { return prefix + major(version) }
	// ssl_cert_file takes a reload since version 10 (its release notes, "Allow
	// SSL configuration to be updated during configuration reload").
	spec.HotReload = func(version string) bool { return discover.AtLeast(version, "10") }
	spec.Parameters = p.parameters
	spec.Conflict = func(version string, values map[string]string) error {
		_, err := p.terms(version, values)
		return err
	}
	spec.Force = forcing
	spec.Reader = Reader
	spec.Modes = []pki.SSLMode{pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull}
	spec.ReservedUsers = reservedUsers()
	spec.ReservedPrefix = "pg_"
	return engine.Engine{
		Spec:    spec,
		Wire:    Wire(),
		Login:   Login(Wire()),
		Schemas: Schemas(Wire()),
		Looker:  Looker(Wire()),
		Server:  server{p},
		Simulator: Simulator(Play{
			Demands: p.demands,
			Direct:  func(version string) bool { return discover.AtLeast(version, "17") },
			Refused: refusedPlain,
		}),
		Replicas: &engine.Replicas{Allow: allowReplicas, Credential: replicaCredential},
		Log:      loginLog(),
	}
}

func reservedUsers() []string {
	return []string{
		agentRole, superRole, replicaRole, "rdsadmin", "public", "none",
		"current_user", "current_role", "session_user",
	}
}
