package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// mysqlDrivers are the libraries that speak MySQL's protocol, but for Java's
// and Microsoft's.
func mysqlDrivers() []clientconfig.Driver {
	return []clientconfig.Driver{
		{ID: "mysql-url", Name: "a mysql:// URL whose driver nothing tells", Engine: "mysql"},
		{ID: "go-sql-driver-mysql", Name: "Go-MySQL-Driver", Engine: "mysql", Packages: []string{"go:github.com/go-sql-driver/mysql"}, Rules: goMySQL()},
		{ID: "mysql2-node", Name: "mysql2 (Node.js)", Engine: "mysql", Packages: []string{"npm:mysql2"}, Rules: nodeMySQL2()},
		{ID: "mysql-node", Name: "mysql (Node.js)", Engine: "mysql", Packages: []string{"npm:mysql"}, Rules: nodeMySQL()},
		{ID: "mariadb-node", Name: "mariadb (Node.js)", Engine: "mariadb", Packages: []string{"npm:mariadb"}, Rules: nodeMariaDB()},
		{ID: "pymysql", Name: "PyMySQL", Engine: "mysql", Packages: []string{"pypi:PyMySQL", "pypi:pymysql"}, Rules: pyMySQL()},
		{ID: "mysql-connector-python", Name: "MySQL Connector/Python", Engine: "mysql", Packages: []string{"pypi:mysql-connector-python"}, Rules: connectorPython()},
		{ID: "mysqlclient", Name: "mysqlclient (MySQLdb)", Engine: "mysql", Packages: []string{"pypi:mysqlclient"}, Rules: mysqlByLibrary("mysqlclient", "https://mysqlclient.readthedocs.io/user_guide.html")},
		{ID: "mariadb-python", Name: "MariaDB Connector/Python", Engine: "mariadb", Packages: []string{"pypi:mariadb"}, Rules: mariaPython()},
		{ID: "mysql2-ruby", Name: "mysql2 (Ruby)", Engine: "mysql", Packages: []string{"gem:mysql2"}, Rules: mysqlByLibrary("mysql2-ruby", "https://github.com/brianmario/mysql2#ssltls-options")},
		{ID: "php-mysql", Name: "PHP mysqli and PDO_MYSQL (mysqlnd)", Engine: "mysql", Packages: []string{"composer:ext-mysqli", "composer:ext-pdo_mysql"}, Rules: phpMySQL()},
		{ID: "sqlx-mysql", Name: "sqlx (MySQL)", Engine: "mysql", Packages: []string{"cargo:sqlx", "cargo:sqlx-mysql"}, Rules: sqlxMySQL()},
		{ID: "mysql-dotnet", Name: "MySqlConnector (.NET)", Engine: "mysql", Packages: []string{"nuget:MySqlConnector"}, Rules: dotnetMySQL()},
	}
}

// goMySQL: tls is one word; a word of the program's own choice is a
// configuration that the program registers.
func goMySQL() []clientconfig.Rule {
	const source = "https://pkg.go.dev/github.com/go-sql-driver/mysql#readme-tls"
	const tlsFix = "register a tls.Config with the trust bundle and name it in tls="
	return ruled("go-sql-driver-mysql", source,
		clientconfig.Rule{ID: "socket", When: when(valueIs("transport", "unix")), Then: plain(), Why: "a Unix socket does not leave the machine"},
		clientconfig.Rule{ID: "false", When: when(valueIs("tls", "false")), Then: plain(), Why: "tls=false never encrypts", Fix: tlsFix},
		clientconfig.Rule{ID: "default", When: when(valueAbsent("tls")), Then: plain(), Why: "without tls= it never encrypts", Fix: tlsFix},
		clientconfig.Rule{ID: "true-fallback", When: when(valueIs("tls", "true"), valueIs("allowfallbacktoplaintext", "true")), Then: full(clientconfig.EncryptsMaybe, from(clientconfig.TrustSystem)), Fix: tlsFix,
			Why: "tls=true verifies chain and name against the system's roots; allowFallbackToPlaintext connects without TLS when the server does not offer it"},
		clientconfig.Rule{ID: "skip-verify-fallback", When: when(valueIs("tls", "skip-verify"), valueIs("allowfallbacktoplaintext", "true")), Then: blind(clientconfig.EncryptsMaybe), Fix: tlsFix,
			Why: "tls=skip-verify verifies nothing; allowFallbackToPlaintext connects without TLS when the server does not offer it"},
		clientconfig.Rule{ID: "true", When: when(valueIs("tls", "true")), Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)), Fix: tlsFix,
			Why: "tls=true verifies chain and name against the system's roots, which hold no CA of a database service"},
		clientconfig.Rule{ID: "skip-verify", When: when(valueIs("tls", "skip-verify")), Then: blind(clientconfig.EncryptsAlways), Why: "tls=skip-verify encrypts and verifies nothing", Fix: tlsFix},
		clientconfig.Rule{ID: "preferred", When: when(valueIs("tls", "preferred")), Then: blind(clientconfig.EncryptsMaybe), Why: "tls=preferred encrypts when the server offers it and verifies nothing", Fix: tlsFix},
		clientconfig.Rule{ID: "variable", When: when(valueIs("tls", "?")), Then: untold(), Why: "what tls is set to is not in the text", Fix: tlsFix},
		clientconfig.Rule{ID: "registered", When: when(valueGiven("tls")), Why: "tls names a configuration that the program registers with RegisterTLSConfig: what it verifies is decided there",
			Then: clientconfig.Effect{Encrypts: clientconfig.EncryptsAlways, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)}},
	)
}

// pyMySQL has two ways to be told, and they do not mean the same: ssl={"ca": …}
// verifies, ssl_ca=… alone does not.
func pyMySQL() []clientconfig.Rule {
	const source = "https://github.com/PyMySQL/PyMySQL/blob/main/pymysql/connections.py"
	const change = "https://github.com/PyMySQL/PyMySQL/pull/1234"
	const fix = `write ssl={"ca": FILE}, the trust bundle`
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	rules := []clientconfig.Rule{
		{ID: "disabled", When: when(valueIs("ssl_disabled", "true")), Then: plain(), Why: "ssl_disabled never encrypts", Fix: fix},
		{ID: "context", When: when(valueIs("ssl", "context")), Why: "an ssl.SSLContext is given, made elsewhere in the program: what it verifies is decided there",
			Then: clientconfig.Effect{Encrypts: clientconfig.EncryptsUnknown, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)}},
		{ID: "default", Before: "1.2", When: when(valueAbsent("ssl"), valueAbsent("ssl.ca"), valueAbsent("ssl_ca"), valueAbsent("ssl_verify_cert"), valueAbsent("ssl_verify_identity")), Then: plain(), Fix: fix,
			Why: "without ssl options a PyMySQL before 1.2 never encrypts"},
		{ID: "default-preferred", Since: "1.2", When: when(valueAbsent("ssl"), valueAbsent("ssl.ca"), valueAbsent("ssl_ca"), valueAbsent("ssl_verify_cert"), valueAbsent("ssl_verify_identity")), Then: blind(maybe), Fix: fix, Source: change,
			Why: "without ssl options PyMySQL 1.2 and later encrypts when the server offers it and verifies nothing"},
		{ID: "ssl-empty", Before: "1.2", When: when(valueIs("ssl", "false"), valueAbsent("ssl_ca"), valueAbsent("ssl_verify_cert")), Then: plain(), Why: "without ssl options it never encrypts", Fix: fix},
	}
	for _, v := range []struct {
		since, before, source, falls string
		e                            clientconfig.Encrypts
	}{
		{"", "1.2", source, ", and connects without TLS when the server does not offer it", maybe},
		{"1.2", "", change, "", always},
	} {
		kw := func(id, why string, then clientconfig.Effect, when ...clientconfig.Condition) {
			fix := fix
			if then.Verifies == clientconfig.VerifiesName {
				fix = ""
			}
			since := v.since
			if since == "" {
				since = "1.0" // the ssl_* arguments came with 1.0.0
			}
			rules = append(rules, clientconfig.Rule{ID: id, Since: since, Before: v.before, When: when, Then: then, TrustOption: "ssl_ca", Why: why + v.falls, Fix: fix, Source: v.source})
		}
		kw("ssl-verify-identity", "ssl_verify_cert with ssl_verify_identity verifies chain and name", full(v.e, inFile("")), valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true"), valueIs("ssl_verify_identity", "true"))
		kw("ssl-verify-cert", "ssl_verify_cert verifies the chain and not the name", chained(v.e, inFile("")), valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true"))
		rules = append(rules, pyMySQLDict(v.since, v.before, v.falls, source, v.e)...)
	}
	rules = append(rules,
		clientconfig.Rule{ID: "ssl-verify-identity-alone", Since: "1.0", Before: "1.2", When: when(valueIs("ssl_verify_identity", "true"), valueAbsent("ssl_verify_cert")), Then: blind(maybe), Fix: fix,
			Why: "ssl_verify_identity without ssl_verify_cert verifies nothing"},
		clientconfig.Rule{ID: "ssl-verify-cert-system", Since: "1.0", Before: "1.2", When: when(valueIs("ssl_verify_cert", "true"), valueAbsent("ssl_ca"), valueAbsent("ssl_verify_identity")), Then: chained(maybe, from(clientconfig.TrustSystem)), Fix: fix,
			Why: "ssl_verify_cert verifies the chain against the system's roots and not the name, and connects without TLS when the server does not offer it"},
		clientconfig.Rule{ID: "dict-system", Before: "1.2", When: when(valueIs("ssl", "true"), valueAbsent("ssl.ca"), valueAbsent("ssl.capath"), valueIs("ssl.verify_mode", "required", "true", "1", "yes", "CERT_REQUIRED"), valueAbsent("ssl_ca")), Then: chained(maybe, from(clientconfig.TrustSystem)), Fix: fix,
			Why: "verify_mode required without a ca verifies the chain against the system's roots and not the name"})
	// From 1.2 on it is not known whether ssl_ca alone verifies.
	rules = append(rules, clientconfig.Rule{ID: "ssl-ca-alone", Since: "1.0", Before: "1.2", When: when(valueGiven("ssl_ca"), valueAbsent("ssl_verify_cert"), valueAbsent("ssl_verify_identity")), Then: blind(maybe), Fix: fix,
		Why: "ssl_ca without ssl_verify_cert verifies nothing, and connects without TLS when the server does not offer it"},
		clientconfig.Rule{ID: "ssl-ca-unverified", Since: "1.0", Before: "1.2", When: when(valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "false")), Then: blind(maybe), Fix: fix,
			Why: "ssl_verify_cert=False verifies nothing"})
	return ruled("pymysql", source, rules...)
}

// pyMySQLDict are the rules of the argument ssl as a dictionary.
func pyMySQLDict(since, before, falls, source string, e clientconfig.Encrypts) []clientconfig.Rule {
	rule := func(id, why string, then clientconfig.Effect, when ...clientconfig.Condition) clientconfig.Rule {
		when = append(when, valueAbsent("ssl_verify_cert"), valueAbsent("ssl_verify_identity"))
		return clientconfig.Rule{ID: id, Since: since, Before: before, When: when, Then: then, TrustOption: "ssl.ca", Why: why + falls, Source: source}
	}
	return []clientconfig.Rule{
		rule("dict-unverified", "verify_mode none verifies nothing", blind(e), valueGiven("ssl.ca"), valueIs("ssl.verify_mode", "none", "false", "0", "no", "CERT_NONE"), valueIs("ssl.check_hostname", "false")),
		rule("dict-nameless", "check_hostname False leaves the name unverified", chained(e, inFile("")), valueGiven("ssl.ca"), valueAbsent("ssl.verify_mode"), valueIs("ssl.check_hostname", "false")),
		rule("dict", `ssl={"ca": …} verifies chain and name`, full(e, inFile("")), valueGiven("ssl.ca"), valueAbsent("ssl.verify_mode"), valueAbsent("ssl.check_hostname")),
		rule("dict", `ssl={"ca": …} verifies chain and name`, full(e, inFile("")), valueGiven("ssl.ca"), valueIs("ssl.verify_mode", "required", "true", "1", "yes", "CERT_REQUIRED"), valueAbsent("ssl.check_hostname")),
		rule("dict", `ssl={"ca": …} verifies chain and name`, full(e, inFile("")), valueGiven("ssl.ca"), valueAbsent("ssl.verify_mode"), valueIs("ssl.check_hostname", "true")),
		rule("dict-no-ca", "ssl without a ca verifies nothing", blind(e), valueIs("ssl", "true"), valueAbsent("ssl.ca"), valueAbsent("ssl.capath"), valueAbsent("ssl.verify_mode"), valueAbsent("ssl_ca")),
	}
}

func connectorPython() []clientconfig.Rule {
	const source = "https://dev.mysql.com/doc/connector-python/en/connector-python-connectargs.html"
	const fix = "write ssl_ca=FILE, ssl_verify_cert=True, ssl_verify_identity=True"
	always := clientconfig.EncryptsAlways
	return ruled("mysql-connector-python", source,
		clientconfig.Rule{ID: "disabled", When: when(valueIs("ssl_disabled", "true")), Then: plain(), Why: "ssl_disabled never encrypts", Fix: fix},
		clientconfig.Rule{ID: "verify-identity", When: when(valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true"), valueIs("ssl_verify_identity", "true")), Then: full(always, inFile("")), TrustOption: "ssl_ca",
			Why: "ssl_verify_cert and ssl_verify_identity verify chain and name"},
		clientconfig.Rule{ID: "verify-cert", When: when(valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true"), valueAbsent("ssl_verify_identity")), Then: chained(always, inFile("")), TrustOption: "ssl_ca",
			Why: "ssl_verify_cert verifies the chain and not the name", Fix: "add ssl_verify_identity=True"},
		clientconfig.Rule{ID: "verify-cert", When: when(valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true"), valueIs("ssl_verify_identity", "false")), Then: chained(always, inFile("")), TrustOption: "ssl_ca",
			Why: "ssl_verify_cert verifies the chain and not the name", Fix: "write ssl_verify_identity=True"},
		clientconfig.Rule{ID: "default", Since: "8.0", When: when(valueAbsent("ssl_verify_cert"), valueAbsent("ssl_verify_identity")), Then: blind(clientconfig.EncryptsMaybe), Fix: fix,
			Why: "it encrypts when the server offers it and verifies nothing, ssl_ca or not"},
		clientconfig.Rule{ID: "default", Since: "8.0", When: when(valueIs("ssl_verify_cert", "false"), valueAbsent("ssl_verify_identity")), Then: blind(clientconfig.EncryptsMaybe), Fix: fix,
			Why: "it encrypts when the server offers it and verifies nothing, ssl_ca or not"},
	)
}

// mysqlByLibrary are the rules of drivers made with a C library that is MySQL's
// or MariaDB's: what both agree on, and no more.
func mysqlByLibrary(id, source string) []clientconfig.Rule {
	always := clientconfig.EncryptsAlways
	const fix = "write ssl_mode VERIFY_IDENTITY and the trust bundle as ca, and test it against a server it must refuse"
	return ruled(id, source,
		clientconfig.Rule{ID: "disabled", When: when(valueIs("ssl_mode", "disabled")), Then: plain(), Why: "ssl_mode DISABLED never encrypts", Fix: fix},
		clientconfig.Rule{ID: "required", When: when(valueIs("ssl_mode", "required")), Fix: fix,
			Then: clientconfig.Effect{Encrypts: always, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)},
			Why:  "ssl_mode REQUIRED encrypts and verifies nothing with MySQL's C library; MariaDB's 3.4 verifies by default"},
		clientconfig.Rule{ID: "verify-ca", When: when(valueIs("ssl_mode", "verify_ca"), valueGiven("ssl.ca")), Then: chained(always, inFile("")), TrustOption: "ssl.ca", Fix: fix,
			Why: "ssl_mode VERIFY_CA verifies the chain; with MariaDB's C library the name too"},
		clientconfig.Rule{ID: "verify-identity", When: when(valueIs("ssl_mode", "verify_identity"), valueGiven("ssl.ca")), Then: full(always, inFile("")), TrustOption: "ssl.ca",
			Why: "ssl_mode VERIFY_IDENTITY verifies chain and name; MariaDB's C library leaves the name out for local addresses"},
	)
}

// mariaPython is made with MariaDB's C library, whose own version decides what
// happens when verification is not asked for.
func mariaPython() []clientconfig.Rule {
	const fix = "write ssl_ca=FILE, ssl_verify_cert=True"
	return ruled("mariadb-python", "https://mariadb-corporation.github.io/mariadb-connector-python/module.html",
		clientconfig.Rule{ID: "verify-cert", When: when(valueGiven("ssl_ca"), valueIs("ssl_verify_cert", "true")), Then: full(clientconfig.EncryptsAlways, inFile("")), TrustOption: "ssl_ca",
			Why: "ssl_verify_cert verifies chain and name"},
		clientconfig.Rule{ID: "library", When: when(valueAbsent("ssl_verify_cert")), Then: untold(), Fix: fix,
			Why: "without ssl_verify_cert MariaDB's C library decides: 3.4 and later verify by default, older ones verify the chain when a CA is named, and encrypt only when asked to"},
	)
}

func phpMySQL() []clientconfig.Rule {
	const source = "https://www.php.net/manual/en/ref.pdo-mysql.php"
	always := clientconfig.EncryptsAlways
	return ruled("php-mysql", source,
		clientconfig.Rule{ID: "unverified", When: when(valueGiven("ssl-ca"), valueIs("verify", "false")), Then: blind(always), Fix: "leave verification on",
			Why: "MYSQL_ATTR_SSL_VERIFY_SERVER_CERT false (MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT) encrypts and verifies nothing"},
		clientconfig.Rule{ID: "ca", When: when(valueGiven("ssl-ca"), valueAbsent("verify")), Then: full(always, inFile("")), TrustOption: "ssl-ca", Why: "with a CA mysqlnd verifies chain and name"},
		clientconfig.Rule{ID: "ca", When: when(valueGiven("ssl-ca"), valueIs("verify", "true")), Then: full(always, inFile("")), TrustOption: "ssl-ca", Why: "with a CA mysqlnd verifies chain and name"},
		clientconfig.Rule{ID: "default", When: when(valueAbsent("ssl-ca"), valueAbsent("verify"), valueAbsent("ssl")), Then: plain(), Why: "without an SSL option it never encrypts", Fix: "set PDO::MYSQL_ATTR_SSL_CA, or mysqli_ssl_set, to the trust bundle"},
	)
}

func sqlxMySQL() []clientconfig.Rule {
	const source = "https://docs.rs/sqlx/latest/sqlx/mysql/enum.MySqlSslMode.html"
	const fix = "write ssl-mode=VERIFY_IDENTITY&ssl-ca=FILE, the trust bundle"
	always := clientconfig.EncryptsAlways
	return ruled("sqlx-mysql", source,
		clientconfig.Rule{ID: "disabled", When: when(valueIs(mysqlMode, "DISABLED")), Then: plain(), Why: "DISABLED never encrypts", Fix: fix},
		clientconfig.Rule{ID: "preferred", When: when(valueIs(mysqlMode, "PREFERRED")), Then: blind(clientconfig.EncryptsMaybe), Why: "PREFERRED verifies nothing", Fix: fix},
		clientconfig.Rule{ID: "default", When: when(valueAbsent(mysqlMode)), Then: blind(clientconfig.EncryptsMaybe), Why: "ssl-mode is PREFERRED by default: it encrypts when the server offers it and verifies nothing", Fix: fix},
		clientconfig.Rule{ID: "required", When: when(valueIs(mysqlMode, "REQUIRED")), Then: blind(always), Why: "REQUIRED verifies nothing", Fix: fix},
		clientconfig.Rule{ID: "verify-ca", When: when(valueIs(mysqlMode, "VERIFY_CA"), valueGiven(mysqlCA)), Then: chained(always, inFile("")), TrustOption: mysqlCA, Why: "VERIFY_CA verifies the chain and not the name", Fix: fix},
		clientconfig.Rule{ID: "verify-identity", When: when(valueIs(mysqlMode, "VERIFY_IDENTITY"), valueGiven(mysqlCA)), Then: full(always, inFile("")), TrustOption: mysqlCA, Why: "VERIFY_IDENTITY verifies chain and name"},
	)
}

func dotnetMySQL() []clientconfig.Rule {
	const source = "https://mysqlconnector.net/connection-options/"
	const fix = "write SslMode=VerifyFull;CACertificateFile=FILE, the trust bundle"
	always := clientconfig.EncryptsAlways
	rules := []clientconfig.Rule{
		{ID: "none", When: when(valueIs("sslmode", "none", "disabled")), Then: plain(), Why: "SslMode=None never encrypts", Fix: fix},
		{ID: "preferred", When: when(valueIs("sslmode", "preferred")), Then: blind(clientconfig.EncryptsMaybe), Why: "SslMode=Preferred encrypts when the server offers it and verifies nothing", Fix: fix},
		{ID: "default", When: when(valueAbsent("sslmode")), Then: blind(clientconfig.EncryptsMaybe), Why: "SslMode is Preferred by default: it encrypts when the server offers it and verifies nothing", Fix: fix},
		{ID: "required", When: when(valueIs("sslmode", "required")), Then: blind(always), Why: "SslMode=Required encrypts and verifies nothing", Fix: fix},
	}
	for _, m := range []struct {
		mode string
		then func(clientconfig.Encrypts, clientconfig.Trust) clientconfig.Effect
		why  string
	}{{"verifyca", chained, "SslMode=VerifyCA verifies the chain and not the name"}, {"verifyfull", full, "SslMode=VerifyFull verifies chain and name"}} {
		rules = append(rules,
			clientconfig.Rule{ID: m.mode, When: when(valueIs("sslmode", m.mode), valueGiven("cacertificatefile")), Then: m.then(always, inFile("")), TrustOption: "cacertificatefile", Why: m.why},
			clientconfig.Rule{ID: m.mode + "-system", When: when(valueIs("sslmode", m.mode)), Then: m.then(always, from(clientconfig.TrustSystem)), Why: m.why + ", against the system's roots"})
	}
	return ruled("mysql-dotnet", source, rules...)
}
