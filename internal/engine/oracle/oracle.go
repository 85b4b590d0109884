package oracle

import (
	"context"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// Editions returns the engines "oracle-ee" and "oracle-se2", and those of the
// multitenant architecture.
func Editions() []engine.Engine {
	return []engine.Engine{
		edition("oracle-ee", "Oracle Database Enterprise Edition", releases19()),
		edition("oracle-se2", "Oracle Database Standard Edition Two", releases19()),
		edition("oracle-ee-cdb", "Oracle Database Enterprise Edition (CDB)", append(releases19(), releases21()...)),
		edition("oracle-se2-cdb", "Oracle Database Standard Edition Two (CDB)", append(releases19(), releases21()...)),
	}
}

// Release updates as RDS names them. Of 21c there is the multitenant
// architecture alone.
func releases19() []string {
	return []string{"19.0.0.0.ru-2024-01.rur-2024-01.r1", "19.0.0.0.ru-2024-07.rur-2024-07.r1", "19.0.0.0.ru-2025-01.rur-2025-01.r1"}
}

func releases21() []string {
	return []string{"21.0.0.0.ru-2024-07.rur-2024-07.r1", "21.0.0.0.ru-2025-01.rur-2025-01.r1"}
}

// edition has no parameters: RDS gives a database TLS by the option SSL of an
// option group, with the settings SQLNET.SSL_VERSION, SQLNET.CIPHER_SUITE and
// FIPS.SSLFIPS_140, and not by a parameter group. A simulated listener has the
// option's port and what the option gives by its recommended setting, TLS 1.2.
func edition(name, description string, versions []string) engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{name},
			Description: description,
			DefaultPort: 2484,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return name + "-" + major(version) },
			// No manual says that a running listener reads its wallet again.
			HotReload:     func(string) bool { return false },
			Versions:      versions,
			Reader:        reader,
			Modes:         []pki.SSLMode{pki.SSLNone, pki.SSLVerifyCA},
			Migration:     migration(name),
			ReservedUsers: []string{"sys", "system", "rdsadmin", "dbsnmp", "outln", "xdb", "sysbackup", "sysdg", "syskm", "sysrac", "public"},
			// The names of common users of a CDB.
			ReservedPrefix: "c##",
		},
		Wire:      wire{},
		Login:     signIn,
		Looker:    looker,
		Simulator: &engine.Simulator{Serve: serve},
	}
}

// major is the first number.
func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

type wire struct{}

// StartTLS has nothing to do: TLS has the first byte.
func (wire) StartTLS(_ context.Context, c net.Conn, _ engine.Start) (net.Conn, engine.Greeting, error) {
	return c, engine.Greeting{}, nil
}
