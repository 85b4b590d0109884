// Package redshift says what is true of Amazon Redshift for whoever connects
// to it: its wire is PostgreSQL's of version 8, and one parameter forces TLS.
// RDS has no engine of that name: here it is one that dbtls plays, so that
// clients and migrations have an endpoint to be tested against. dbtls runs no
// Redshift server; nobody else than AWS does.
//
// TLS starts as PostgreSQL's does, and in no other way:
//
//	client                          server
//	SSLRequest 00000008 04d2162f ->
//	                             <- S
//	TLS ClientHello              ->
package redshift

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/pki"
)

// paramRequire is the parameter that forces TLS
// (https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html).
const paramRequire = "require_ssl"

// New returns the engine "redshift".
func New() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"redshift"},
			Extension:   true,
			Description: "Amazon Redshift",
			DefaultPort: 5439,
			MasterUser:  "awsuser",
			Versions:    []string{"1.0"},
			Major:       func(version string) string { return version },
			Family:      func(version string) string { return "redshift-" + version },
			HotReload:   func(string) bool { return true },
			Parameters:  parameters,
			Force:       forcing,
			Reader:      reader,
			ReservedUsers: []string{
				"rdsdb", "public", "none", "current_user", "session_user",
			},
			ReservedPrefix: "pg_",
			// TLS all the same: DMS has no setting for it.
			Modes:     []pki.SSLMode{pki.SSLNone},
			Migration: []engine.Migration{{Name: "redshift", Display: "Amazon Redshift", TargetOnly: true, AlwaysTLS: true}},
		},
		Wire:   wire{postgres.Wire()},
		Login:  postgres.Login(wire{postgres.Wire()}),
		Looker: postgres.LookerBy(wire{postgres.Wire()}, look),
		Simulator: postgres.Simulator(postgres.Play{
			Demands: demands,
			Direct:  func(string) bool { return false },
			Refused: func(_ string, s postgres.Startup) string { return postgres.NoEntry(s, "SSL off") },
		}),
	}
}

func parameters(string) []engine.Parameter {
	return []engine.Parameter{{
		Name: paramRequire, Description: "Requires SSL for all database connections.", Default: "false",
		ApplyType: engine.Static, DataType: "boolean", Allowed: []string{"true", "false"},
	}}
}

// forcing: a cluster's parameter group has no exceptions.
func forcing(string) *engine.Force {
	return &engine.Force{
		Parameter: paramRequire, On: "true", Off: "false",
		Refusal: `FATAL: no pg_hba.conf entry for host "…", user "…", database "…", SSL off`,
		Means:   "the client did not use TLS, which is required; no entry is missing, and the same login over TLS is let in",
	}
}

// demands: TLS 1.2 is the least that AWS's endpoints take.
func demands(version string, values map[string]string) (postgres.Demands, error) {
	values = engine.Spec{Parameters: parameters}.Values(version, values)
	return postgres.Demands{Force: values[paramRequire] != "false", Min: tls.VersionTLS12}, nil
}

// wire is PostgreSQL's without its newer way into TLS.
type wire struct{ engine.Wire }

// StartTLS sends SSLRequest.
func (w wire) StartTLS(ctx context.Context, c net.Conn, how engine.Start) (net.Conn, engine.Greeting, error) {
	if how.Direct {
		return nil, engine.Greeting{}, fmt.Errorf("start TLS of Redshift: %w", engine.ErrNoDirect)
	}
	return w.Wire.StartTLS(ctx, c, how)
}
