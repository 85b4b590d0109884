package ase

import (
	"context"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// New returns the engine "sybase", which is what AWS DMS calls SAP ASE.
//
// It has no parameters: a server speaks TLS where its listeners say so, and
// its cipher suites are set by a stored procedure (sp_ssladmin), not by the
// server's configuration.
func New() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"sybase"},
			Extension:   true,
			Description: "SAP ASE (Sybase)",
			DefaultPort: 5000,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return "sybase-" + major(version) },
			// sp_ssladmin adds a certificate while the server runs, but no
			// manual says that a listener takes it before it is started again.
			HotReload:     func(string) bool { return false },
			Versions:      []string{"16.0.3.14", "16.0.4.5"}, // 16.0 SP03 PL14, SP04 PL05
			Modes:         []pki.SSLMode{pki.SSLNone, pki.SSLVerifyFull},
			Migration:     []engine.Migration{{Name: "sybase", Display: "SAP ASE"}},
			ReservedUsers: []string{"sa", "probe", "guest", "public", "dbo"},
		},
		Wire:      wire{},
		Login:     signIn,
		Simulator: &engine.Simulator{Serve: serve, Logins: true},
	}
}

// major is the first two numbers.
func major(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

type wire struct{}

// StartTLS has nothing to do: TLS has the first byte.
func (wire) StartTLS(_ context.Context, c net.Conn, _ engine.Start) (net.Conn, engine.Greeting, error) {
	return c, engine.Greeting{}, nil
}
