package mysql

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// Aurora returns the engine "aurora-mysql". There is no such server outside
// its cloud: dbtls plays it and does not run it.
func Aurora() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"aurora-mysql"},
			Clustered:   true,
			Description: "Aurora MySQL",
			DefaultPort: 3306,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return "aurora-mysql" + major(version) },
			HotReload:   func(version string) bool { return major(version) != "5.7" },
			Versions: []string{
				"5.7.mysql_aurora.2.11.6", "5.7.mysql_aurora.2.12.5",
				"8.0.mysql_aurora.3.04.3", "8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.08.2", "8.0.mysql_aurora.3.10.1",
			},
			Parameters:    func(version string) []engine.Parameter { return auroraTraits(version).catalogue() },
			ReservedUsers: []string{"root", "mysql.sys", "mysql.session", "mysql.infoschema", "rdsadmin", "rdsproxyadmin"},
			Force:         func(version string) *engine.Force { return auroraTraits(version).force(version, transportRefusal()) },
			Reader:        reader,
			Modes:         modes(),
			Migration:     []engine.Migration{{Name: "aurora", Display: "Amazon Aurora MySQL"}},
		},
		Wire:    wire{},
		Login:   signIn,
		Schemas: schemas,
		Looker:  looker,
		Simulator: simulator(playing{
			announce: auroraWire,
			traits:   auroraTraits,
			plugin:   func(string) string { return nativePlugin },
			forced:   refusedTransport,
		}),
	}
}

func auroraTraits(version string) traits {
	t := traits{switches: []string{"OFF", "ON"}, tlsVersions: []string{tls12}, cluster: true}
	if major(version) == "8.0" {
		t.tlsVersions = []string{tls12, tls13}
	}
	return t
}

// auroraWire is the version of the MySQL that an Aurora version is compatible
// with, which is what its servers announce
// (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/).
func auroraWire(version string) string {
	for _, known := range [][2]string{
		{".mysql_aurora.2.11.", "5.7.12"},
		{".mysql_aurora.2.12.", "5.7.44"},
		{".mysql_aurora.3.04.", "8.0.28"},
		{".mysql_aurora.3.05.", "8.0.32"},
		{".mysql_aurora.3.08.", "8.0.39"},
		{".mysql_aurora.3.10.", "8.0.42"},
	} {
		if strings.Contains(version, known[0]) {
			return known[1]
		}
	}
	return major(version) + ".0"
}
