package mysql

import (
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

// MySQL returns the engine "mysql".
func MySQL() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"mysql"},
			Description: "MySQL Community Edition",
			DefaultPort: 3306,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return "mysql" + major(version) },
			// ALTER INSTANCE RELOAD TLS came with 8.0.16
			// (https://dev.mysql.com/doc/refman/8.0/en/alter-instance.html).
			HotReload:     func(version string) bool { return discover.AtLeast(version, reloadSince) },
			Versions:      []string{"5.7.44", "8.0.40", "8.0.43", "8.4.6"},
			Parameters:    func(version string) []engine.Parameter { return mysqlTraits(version).catalogue() },
			CAs:           withoutECC("5.7"),
			ReservedUsers: []string{"root", "mysql", "mysql.sys", "mysql.session", "mysql.infoschema", "rdsadmin", "event_scheduler", "system user", "dbtls_probe"},
			Force:         func(version string) *engine.Force { return mysqlTraits(version).force(version, transportRefusal()) },
			Reader:        reader,
			Modes:         modes(),
			Migration:     []engine.Migration{{Name: "mysql", Display: "MySQL"}},
		},
		Wire:    wire{},
		Login:   signIn,
		Schemas: schemas,
		Looker:  looker,
		Server:  server{product: mysqld()},
		Simulator: simulator(playing{
			announce: func(version string) string { return version },
			traits:   mysqlTraits,
			plugin:   mysqlPlugin,
			forced:   refusedTransport,
		}),
	}
}

// reloadSince is the version that brought the reload, TLS 1.3, and settings
// of TLS that change while the server runs.
const reloadSince = "8.0.16"

func mysqlTraits(version string) traits {
	t := traits{switches: []string{"0", "1"}, tlsVersions: []string{tls12}}
	if major(version) == "5.7" {
		t.switchSince = "5.7.8"
	}
	if discover.AtLeast(version, reloadSince) {
		t.tlsVersions, t.tlsDynamic = []string{tls12, tls13}, true
	}
	return t
}

// mysqlPlugin is the default of default_authentication_plugin.
func mysqlPlugin(version string) string {
	if discover.AtLeast(version, "8.0") {
		return cachingPlugin
	}
	return nativePlugin
}
