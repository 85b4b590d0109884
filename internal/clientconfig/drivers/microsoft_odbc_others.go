package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// psqlODBC hands sslmode to libpq, and has a default of its own, which its
// documentation does not name: unknown.
func psqlODBC() clientconfig.Driver {
	absent := mssRule("default", "", "", untold(), "the connection string says no SSLmode, and the driver's default is set where the data source is", "write SSLmode=verify-full and pqopt={sslrootcert=FILE}", valueAbsent(sslMode))
	rules := slices.Concat([]clientconfig.Rule{absent}, libpqModes())
	for n := range rules {
		rules[n].Proof = clientconfig.Documented // what was measured is libpq itself
	}
	return clientconfig.Driver{ID: "psqlodbc", Name: "psqlODBC", Engine: "postgres", Packages: []string{"deb:odbc-postgresql"},
		Rules: ruled("psqlodbc", "https://odbc.postgresql.org/docs/config.html", rules...)}
}

// mysqlODBC is MySQL Connector/ODBC.
func mysqlODBC() clientconfig.Driver {
	const fix = "write SSLMODE=VERIFY_IDENTITY;SSLCA=FILE"
	ca := func(r clientconfig.Rule) clientconfig.Rule { r.TrustOption = "sslca"; return r }
	always := clientconfig.EncryptsAlways
	return clientconfig.Driver{ID: "mysql-odbc", Name: "MySQL Connector/ODBC", Engine: "mysql",
		Rules: ruled("mysql-odbc", "https://dev.mysql.com/doc/connector-odbc/en/connector-odbc-configuration-connection-parameters.html",
			mssRule("disabled", "8.0", "", plain(), "SSLMODE=DISABLED never encrypts", fix, valueIs("sslmode", "disabled")),
			mssRule("preferred", "8.0", "", blind(clientconfig.EncryptsMaybe), "SSLMODE=PREFERRED encrypts when the server offers it and verifies nothing", fix, valueIs("sslmode", "preferred")),
			mssRule("required", "8.0", "", blind(always), "SSLMODE=REQUIRED verifies nothing", fix, valueIs("sslmode", "required"), valueAbsent("sslca")),
			ca(mssRule("verify-ca", "8.0", "", chained(always, inFile("")), "SSLMODE=VERIFY_CA verifies the chain and not the name", fix, valueIs("sslmode", "verify_ca"), valueGiven("sslca"))),
			ca(mssRule("verify-identity", "8.0", "", full(always, inFile("")), "SSLMODE=VERIFY_IDENTITY verifies the chain and the name", "", valueIs("sslmode", "verify_identity"), valueGiven("sslca"))),
		)}
}

// mariadbODBC is MariaDB Connector/ODBC. What it does by default has changed
// with the C connector inside it: no rule.
func mariadbODBC() clientconfig.Driver {
	r := mssRule("sslverify", "", "", full(clientconfig.EncryptsAlways, inFile("")), "SSLVERIFY=1 with SSLCA verifies the chain and the name", "", valueIs("sslverify", "1", "true", "yes"), valueGiven("sslca"))
	r.TrustOption = "sslca"
	return clientconfig.Driver{ID: "mariadb-odbc", Name: "MariaDB Connector/ODBC", Engine: "mariadb",
		Rules: ruled("mariadb-odbc", "https://mariadb.com/docs/connectors/mariadb-connector-odbc", r)}
}
