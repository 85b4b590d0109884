package db2

import (
	"context"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// Editions returns the engines "db2-se" and "db2-ae".
func Editions() []engine.Engine {
	return []engine.Engine{edition("db2-se", "Standard"), edition("db2-ae", "Advanced")}
}

func edition(name, title string) engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{name},
			Description: "IBM Db2 " + title + " Edition",
			// An instance has one port and it speaks TLS. RDS gives 50000 to
			// plain clients and asks for another to speak TLS on.
			DefaultPort: 50001,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return name + "-" + major(version) },
			// ssl_svr_label is configurable online since 11.5.2; connections
			// begun before keep their certificate (Db2's manual, ssl_svr_label).
			HotReload:      func(version string) bool { return engine.CompareVersions(version, "11.5.2") >= 0 },
			Versions:       []string{"11.5.9.0.sb00000000.r1", "11.5.9.0.sb00063198.r1", "11.5.9.0.sb00075854.r1"},
			Modes:          []pki.SSLMode{pki.SSLNone, pki.SSLVerifyCA},
			Migration:      migration(name),
			Parameters:     func(string) []engine.Parameter { return parameters() },
			ReservedUsers:  []string{"rdsadmin", "rdsdb", "db2inst1", "users", "admins", "guests", "public", "local"},
			ReservedPrefix: "sys",
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
