package sqlserver

import (
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// Editions returns SQL Server once for each edition that has an API name.
func Editions() []engine.Engine {
	return []engine.Engine{
		edition("sqlserver-ee", "Microsoft SQL Server Enterprise Edition"),
		edition("sqlserver-se", "Microsoft SQL Server Standard Edition"),
		edition("sqlserver-ex", "Microsoft SQL Server Express Edition"),
		edition("sqlserver-web", "Microsoft SQL Server Web Edition"),
	}
}

func edition(name, description string) engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{name},
			Description: description,
			DefaultPort: 1433,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return family(name, version) },
			// The certificate is read at start.
			HotReload:     func(string) bool { return false },
			Versions:      versions(),
			Parameters:    func(string) []engine.Parameter { return parameters() },
			Force:         func(string) *engine.Force { return forcing() },
			Reader:        readerRole,
			ReservedUsers: reservedUsers(),
			// Names in double hash marks are the server's own ("Principals" in
			// Microsoft's manual).
			ReservedPrefix: "##",
			Modes:          []pki.SSLMode{pki.SSLNone, pki.SSLRequire, pki.SSLVerifyFull},
			Migration:      migration(name),
		},
		Wire:      wire{},
		Simulator: &engine.Simulator{Serve: serve, Logins: true},
		Login:     signIn,
		Looker:    looker,
	}
}

// reservedUsers are logins and users that exist in every server, RDS's own,
// and the fixed server roles, which share their name space.
func reservedUsers() []string {
	return []string{
		"sa", "rdsa", "rdsadmin", "rds_superuser_role", "public", "guest", "dbo", "sys", "information_schema",
		"sysadmin", "serveradmin", "securityadmin", "processadmin", "setupadmin", "bulkadmin", "diskadmin", "dbcreator",
	}
}
