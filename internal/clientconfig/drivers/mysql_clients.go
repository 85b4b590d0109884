package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// The options of the MySQL family, as their commands spell them.
const (
	mysqlMode   = "ssl-mode"
	mysqlCA     = "ssl-ca"
	mysqlCAPath = "ssl-capath"
	mysqlSSL    = "ssl"
	mysqlVerify = "ssl-verify-server-cert"

	mysqlDocs  = "https://dev.mysql.com/doc/refman/8.0/en/connection-options.html"
	mysql57    = "https://dev.mysql.com/doc/refman/5.7/en/connection-options.html"
	mysql56    = "https://dev.mysql.com/doc/refman/5.6/en/connection-options.html"
	mysqlFix   = "write --ssl-mode=VERIFY_IDENTITY --ssl-ca=FILE, the trust bundle"
	mariaDocs  = "https://mariadb.com/kb/en/mariadb-command-line-client/"
	maria114   = "https://mariadb.com/kb/en/securing-connections-for-client-and-server/"
	mariaFix   = "write --ssl-verify-server-cert --ssl-ca=FILE, the trust bundle"
	seedMySQL  = "seed 002"
	notMySQL8  = "MySQL 8.0 has no such option: its client refuses to start"
	noFallback = "; this client never connects without it"
)

// mysqlClients lists the MySQL and MariaDB commands and the drivers of the
// family.
func mysqlClients() []clientconfig.Driver {
	offer := clientconfig.Offer{Ciphers: "ssl-cipher", Protocols: "tls-version"}
	return append([]clientconfig.Driver{
		{ID: "mysql-cli", Name: "the mysql client of MySQL", Engine: "mysql", Packages: []string{"deb:mysql-client", "rpm:mysql"}, Rules: mysqlCLI(), Offer: offer},
		{ID: "mariadb-cli", Name: "the mysql client of MariaDB", Engine: "mariadb", Packages: []string{"deb:mariadb-client", "deb:default-mysql-client", "apk:mysql-client", "apk:mariadb-client", "rpm:mariadb"}, Rules: mariaCLI(), Offer: offer},
	}, mysqlDrivers()...)
}

// mysqlTrust makes a rule for each way the MySQL family is given its roots.
func mysqlTrust(r clientconfig.Rule) []clientconfig.Rule {
	file, dir, elsewhere := r, r, r
	file.When, file.TrustOption = append(when(valueGiven(mysqlCA)), r.When...), mysqlCA
	file.Then.Trust = inFile("")
	dir.ID, dir.When, dir.TrustOption = r.ID+"-capath", append(when(valueGiven(mysqlCAPath)), r.When...), mysqlCAPath
	dir.Then.Trust = from(clientconfig.TrustDir)
	elsewhere.ID = r.ID + "-no-ca"
	elsewhere.Then.Trust = from(clientconfig.TrustUnknown)
	elsewhere.Why += "; no --ssl-ca is written here: an option file names it, or the client does not connect"
	return []clientconfig.Rule{file, dir, elsewhere}
}

// mysqlCLI are the rules of MySQL's own commands. --ssl-mode came with 5.7.11;
// older clients refuse it, so its rules need no lower bound.
func mysqlCLI() []clientconfig.Rule {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	rules := []clientconfig.Rule{
		{ID: "disabled", When: when(valueIs(mysqlMode, "DISABLED")), Then: plain(), Why: "--ssl-mode=DISABLED never encrypts", Fix: mysqlFix, Source: mysqlDocs},
		{ID: "preferred", When: when(valueIs(mysqlMode, "PREFERRED")), Then: blind(maybe), Fix: mysqlFix, Source: mysqlDocs,
			Why: "--ssl-mode=PREFERRED encrypts when the server offers it and verifies nothing, --ssl-ca or not"},
		{ID: "required", When: when(valueIs(mysqlMode, "REQUIRED")), Then: blind(always), Fix: mysqlFix, Source: mysqlDocs,
			Why: "--ssl-mode=REQUIRED encrypts and verifies nothing, --ssl-ca or not"},
	}
	rules = append(rules, mysqlTrust(clientconfig.Rule{ID: "verify-ca", When: when(valueIs(mysqlMode, "VERIFY_CA")), Then: chained(always, inFile("")), Source: seedMySQL,
		Why: "--ssl-mode=VERIFY_CA verifies the chain and not the name", Fix: "write --ssl-mode=VERIFY_IDENTITY"})...)
	rules = append(rules, mysqlTrust(clientconfig.Rule{ID: "verify-identity", When: when(valueIs(mysqlMode, "VERIFY_IDENTITY")), Then: full(always, inFile("")), Source: seedMySQL,
		Why: "--ssl-mode=VERIFY_IDENTITY verifies chain and name"})...)
	rules = append(rules, mysqlTrust(clientconfig.Rule{ID: "verify-server-cert-permissive", Before: "5.7.3", When: when(valueIs(mysqlVerify, "1"), valueAbsent(mysqlMode)), Then: full(maybe, inFile("")), Source: seedMySQL,
		Why: "--ssl-verify-server-cert verifies chain and name; a client before 5.7.3 connects without TLS when the server does not offer it"})...)
	rules = append(rules, mysqlTrust(clientconfig.Rule{ID: "verify-server-cert", Since: "5.7.3", Before: "8.0", When: when(valueIs(mysqlVerify, "1"), valueAbsent(mysqlMode)), Then: full(always, inFile("")), Source: seedMySQL,
		Why: "--ssl-verify-server-cert verifies chain and name"})...)
	rules = append(rules, mysqlTrust(clientconfig.Rule{ID: "verify-server-cert-removed", Since: "8.0", When: when(valueIs(mysqlVerify, "1"), valueAbsent(mysqlMode)), Then: full(always, inFile("")), Source: mysqlDocs,
		Why: notMySQL8, Fix: mysqlFix})...)
	rules = append(rules, mysqlCLIWithoutMode()...)
	return ruled("mysql-cli", mysqlDocs, rules...)
}

// mysqlCLIWithoutMode are the rules when --ssl-mode is not written.
func mysqlCLIWithoutMode() (rules []clientconfig.Rule) {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	modeless := valueAbsent(mysqlMode)
	rules = append(rules, clientconfig.Rule{ID: "skip-ssl", When: when(modeless, valueIs(mysqlSSL, "0")), Then: plain(), Source: mysql57, Fix: mysqlFix,
		Why: "--skip-ssl never encrypts; from 8.0 the option is --ssl-mode=DISABLED and this one is refused"})
	ca := func(id, since, before, source, why string, e clientconfig.Encrypts) {
		for _, o := range []string{mysqlCA, mysqlCAPath} {
			t := inFile("")
			if o == mysqlCAPath {
				t = from(clientconfig.TrustDir)
			}
			rules = append(rules, clientconfig.Rule{ID: id + "-" + o, Since: since, Before: before, When: when(modeless, valueGiven(o)), Then: chained(e, t),
				TrustOption: o, Why: "--" + o + why, Fix: mysqlFix, Source: source})
		}
	}
	ca("ca", "5.7.11", "", mysqlDocs, " without --ssl-mode means VERIFY_CA: the chain is verified, the name is not", always)
	ca("ca", "", "5.7.11", mysql56, " verifies the chain when the server offers TLS, and connects without TLS when it does not", maybe)
	return append(rules,
		clientconfig.Rule{ID: "ssl", Since: "5.7.3", When: when(modeless, valueIs(mysqlSSL, "1")), Then: blind(always), Source: mysql57, Fix: mysqlFix,
			Why: "--ssl encrypts and verifies nothing; 8.0 refuses the option"},
		clientconfig.Rule{ID: "ssl-permissive", Before: "5.7.3", When: when(modeless, valueIs(mysqlSSL, "1")), Then: blind(maybe), Source: mysql56, Fix: mysqlFix,
			Why: "--ssl permits encryption, does not require it, and verifies nothing"},
		clientconfig.Rule{ID: "default", Since: "5.7.7", When: when(modeless, valueAbsent(mysqlSSL)), Then: blind(maybe), Source: mysqlDocs, Fix: mysqlFix,
			Why: "without options it encrypts when the server offers it and verifies nothing"},
		clientconfig.Rule{ID: "default-plain", Before: "5.7.7", When: when(modeless, valueAbsent(mysqlSSL)), Then: plain(), Source: mysql56, Fix: mysqlFix,
			Why: "without options a client before 5.7.7 does not encrypt"},
	)
}

// mariaCLI are the rules of MariaDB's commands. Until 11.4 nothing is verified
// unless a CA is named or verification asked for; from 11.4 on it is the default.
func mariaCLI() []clientconfig.Rule {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const capath = "ssl-capath"
	rules := []clientconfig.Rule{
		{ID: "ssl-mode", When: when(valueGiven(mysqlMode)), Then: untold(),
			Why: "MariaDB's client has no --ssl-mode: it stops with \"unknown variable\"", Fix: mariaFix},
		{ID: "skip-ssl", When: when(valueIs(mysqlSSL, "0")), Then: plain(), Why: "--skip-ssl never encrypts", Fix: mariaFix},
		{ID: "verify-ca-file", When: when(valueIs(mysqlVerify, "1"), valueGiven(mysqlCA)), Then: full(always, inFile("")), TrustOption: mysqlCA,
			Why: "--ssl-verify-server-cert verifies chain and name" + noFallback},
		{ID: "verify-ca-dir", When: when(valueIs(mysqlVerify, "1"), valueGiven(capath)), Then: full(always, from(clientconfig.TrustDir)), TrustOption: capath,
			Why: "--ssl-verify-server-cert verifies chain and name" + noFallback},
		{ID: "verify-system", Before: "11.4", When: when(valueIs(mysqlVerify, "1")), Then: full(always, from(clientconfig.TrustSystem)), Fix: mariaFix,
			Why: "--ssl-verify-server-cert without --ssl-ca verifies chain and name against the system's roots, which hold no CA of a database service"},
		{ID: "verify-off", Since: "11.4", When: when(valueIs(mysqlVerify, "0"), valueAbsent(mysqlCA), valueAbsent(capath)), Then: blind(maybe), Source: maria114, Fix: mariaFix,
			Why: "--disable-ssl-verify-server-cert turns off what 11.4 does by default: it encrypts when the server offers it and verifies nothing"},
		{ID: "verify-default-ca-file", Since: "11.4", When: when(valueGiven(mysqlCA), valueAbsent(mysqlVerify)), Then: full(always, inFile("")), TrustOption: mysqlCA, Source: maria114,
			Why: "11.4 and later verify chain and name by default" + noFallback},
		{ID: "verify-default-ca-dir", Since: "11.4", When: when(valueGiven(capath), valueAbsent(mysqlVerify)), Then: full(always, from(clientconfig.TrustDir)), TrustOption: capath, Source: maria114,
			Why: "11.4 and later verify chain and name by default" + noFallback},
		{ID: "verify-by-password", Since: "11.4", When: when(valueAbsent(mysqlCA), valueAbsent(capath)), Then: full(always, from(clientconfig.TrustServer)), Source: maria114, Fix: mariaFix,
			Why: "11.4 and later verify by default: without --ssl-ca a server whose certificate no system root knows proves itself by the user's password, which needs MariaDB 11.4 there too; without a password nothing is verified"},
		{ID: "ca-file", When: when(valueGiven(mysqlCA)), Then: chained(maybe, inFile("")), TrustOption: mysqlCA, Fix: mariaFix,
			Why: "--ssl-ca verifies the chain and not the name, and connects without TLS when the server does not offer it"},
		{ID: "ca-dir", When: when(valueGiven(capath)), Then: chained(maybe, from(clientconfig.TrustDir)), TrustOption: capath, Fix: mariaFix,
			Why: "--ssl-capath verifies the chain and not the name, and connects without TLS when the server does not offer it"},
		{ID: "ssl", When: when(valueIs(mysqlSSL, "1")), Then: blind(maybe), Fix: mariaFix,
			Why: "--ssl encrypts when the server offers it, verifies nothing, and connects without TLS when it does not"},
		{ID: "default", Since: "10.11", Before: "11.4", When: when(valueAbsent(mysqlSSL)), Then: blind(maybe), Fix: mariaFix,
			Why: "without options 10.11 encrypts when the server offers it and verifies nothing"},
		{ID: "default-plain", Before: "10.10", When: when(valueAbsent(mysqlSSL)), Then: plain(), Fix: mariaFix,
			Why: "without options a client before 10.10 does not encrypt"},
	}
	return ruled("mariadb-cli", mariaDocs, rules...)
}
