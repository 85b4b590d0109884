package mongodb

import (
	"context"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// New returns the engine "mongodb".
func New() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"mongodb", "docdb"},
			Extension:   true,
			Description: "MongoDB",
			DefaultPort: 27017,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return "mongodb-" + major(version) },
			// The command rotateCertificates is new in version 5.0
			// (https://www.mongodb.com/docs/manual/reference/command/rotateCertificates/).
			HotReload:  func(version string) bool { return engine.CompareVersions(version, "5.0") >= 0 },
			Versions:   []string{"5.0.31", "6.0.20", "7.0.16", "8.0.4"},
			Modes:      []pki.SSLMode{pki.SSLNone, pki.SSLRequire, pki.SSLVerifyFull},
			Migration:  []engine.Migration{{Name: "mongodb", Display: "MongoDB"}, {Name: "docdb", Display: "Amazon DocumentDB (with MongoDB compatibility)"}},
			Parameters: func(string) []engine.Parameter { return parameters() },
			Force:      func(string) *engine.Force { return forcing() },
			Reader:     reader,
			// The users every deployment has of its own.
			ReservedUsers:  []string{"__system"},
			ReservedPrefix: "__",
		},
		Wire:      wire{},
		Login:     signIn,
		Looker:    looker,
		Simulator: &engine.Simulator{Serve: serve},
	}
}

// major is the first two numbers, the release series.
func major(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

type wire struct{}

// StartTLS has nothing to do: TLS has the first byte.
func (wire) StartTLS(_ context.Context, c net.Conn, _ engine.Start) (net.Conn, engine.Greeting, error) {
	return c, engine.Greeting{}, nil
}
