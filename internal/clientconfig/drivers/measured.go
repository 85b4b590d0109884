package drivers

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// run is a driver that e2e/lint has run in a version, and the rules for which
// it did what they say.
type run struct{ driver, version, rules string }

// Runs is the version in which each driver was run, by Driver.ID.
func Runs() map[string]string {
	all := map[string]string{}
	for _, r := range runs() {
		all[r.driver] = r.version
	}
	return all
}

// proven sets every rule's Proof: measured is what a run stands behind and the
// version that was run is in the rule's range. The test of e2e/lint fails when a
// rule is listed that no driver was run for, and when one is missing.
func proven(all []clientconfig.Driver) []clientconfig.Driver {
	listed := runs()
	for _, d := range all {
		n := slices.IndexFunc(listed, func(r run) bool { return r.driver == d.ID })
		for k := range d.Rules {
			d.Rules[k].Proof = clientconfig.Documented
			if n >= 0 && listed[n].proves(d.Rules[k]) {
				d.Rules[k].Proof = clientconfig.Measured
			}
		}
	}
	return all
}

func (r run) proves(rule clientconfig.Rule) bool {
	return slices.Contains(strings.Fields(r.rules), strings.TrimPrefix(rule.ID, r.driver+"/")) &&
		clientconfig.CompareVersions(r.version, rule.Since) >= 0 &&
		(rule.Before == "" || clientconfig.CompareVersions(r.version, rule.Before) < 0)
}

// runs is what e2e/lint writes with DBTLS_LINT_RULES.
func runs() []run {
	return []run{
		{"asyncpg", "0.27.0", "default disable prefer require require-root-file ssl-false ssl-true verify-ca verify-full"},
		{"freetds", "1.3.17", "off"},
		{"go-mssqldb", "1.11.2", "default default-verify disable encrypt encrypt/certificate optional strict trust"},
		{"go-ora", "2.8.24", "no-verify tcp verify"},
		{"go-sql-driver-mysql", "1.10.1", "default false preferred skip-verify skip-verify-fallback true true-fallback"},
		{"lib-pq", "1.10.9", "default-require disable require require-root-file verify-ca verify-ca-system verify-full verify-full-system"},
		{"libpq", "15.18", "allow allow-default-root-file allow-missing-file allow-root-file default default-default-root-file default-missing-file disable " +
			"prefer prefer-default-root-file prefer-missing-file prefer-root-file require require-default-root-file require-missing-file " +
			"require-root-file verify-ca verify-full"},
		{"mariadb-cli", "10.11.19", "ca-file default skip-ssl ssl verify-ca-file verify-system"},
		{"mariadb-connector-j", "2.7", "2-default 2-sslmode-ignored 2-trust 2-verify 2-verify-chain 2-verify-chain/serversslcert 2-verify/serversslcert 2-verify/truststore"},
		{"mariadb-node", "3.5.4", "default false object object-node-roots true unverified"},
		{"mariadb-odbc", "3.1.15-3", "sslverify"},
		{"mongo-go", "2.9.3", "default false insecure true true-default-roots"},
		{"mongodb-node", "6.10.0", "default false insecure invalid-certificates invalid-hostnames invalid-hostnames-default-roots true true-default-roots"},
		{"mysql-cli", "9.7.4", "ca-ssl-ca default disabled preferred required verify-ca verify-identity"},
		{"mysql-node", "2.18.1", "chain chain-node-roots default false true unverified"},
		{"mysql2-node", "3.24.6", "chain chain-node-roots default false unverified verify-identity verify-identity-node-roots"},
		{"node-oracledb", "6.10.0", "match no-match tcp"},
		{"node-postgres", "8.23.1", "default disable false libpq-require libpq-require-root-file no-verify object object-node-roots sslmode sslmode-root-file true " +
			"unverified"},
		{"pgjdbc", "42.5", "allow blind blind-ssl default disable java-always java-default java-verify-full prefer require verify-ca verify-full"},
		{"pgx", "5.12.0", "default disable prefer require require-root-file verify-ca verify-ca-system verify-full verify-full-system"},
		{"postgres-js", "3.4.9", "default prefer require unverified verify"},
		{"psqlodbc", "13.02.0000-2", "disable prefer require verify-ca verify-full"},
		{"psycopg2", "2.9.5", "default disable require require-root-file verify-ca verify-full"},
		{"psycopg", "3.1.7", "default disable require require-root-file verify-ca verify-full"},
		{"pymongo", "3.11.0", "default false insecure invalid-certificates invalid-hostnames invalid-hostnames-default-roots true true-default-roots"},
		{"pymysql", "1.0.2", "default dict dict-nameless dict-no-ca dict-system disabled ssl-ca-alone ssl-empty ssl-verify-cert ssl-verify-cert-system " +
			"ssl-verify-identity ssl-verify-identity-alone"},
		{"python-oracledb", "1.2.1", "match no-match tcp"},
		{"tedious", "18.6.1", "default default-trust default/ca off strict trust verify"},
	}
}
