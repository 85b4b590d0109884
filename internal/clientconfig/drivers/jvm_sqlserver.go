package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmSQLServerProps  = "https://learn.microsoft.com/sql/connect/jdbc/setting-the-connection-properties"
	jvmSQLServerSSL    = "https://learn.microsoft.com/sql/connect/jdbc/understanding-ssl-support"
	jvmSQLServerFlip   = "https://github.com/microsoft/mssql-jdbc/releases/tag/v10.1.0"
	jvmSQLServerStrict = "https://github.com/microsoft/mssql-jdbc/pull/2174"
	jvmSQLServerFix    = "write encrypt=true;trustServerCertificate=false and name a trust store with the CA (trustStore, or -Djavax.net.ssl.trustStore)"
)

// jvmSQLServer is Microsoft's JDBC driver. What is decided by encrypt alone
// changed in 10.1 (a preview; 10.2 is the first release): false before, true
// since. A trustManagerClass of one's own, and authentication, which asks for
// encryption by itself in old versions, have no rule: unknown.
func jvmSQLServer() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "mssql-jdbc", Name: "Microsoft JDBC Driver for SQL Server", Engine: "sqlserver-ee",
		Packages: []string{"maven:com.microsoft.sqlserver:mssql-jdbc", "maven:com.microsoft.sqlserver:sqljdbc4", "maven:com.microsoft.sqlserver:sqljdbc42"},
		Rules:    slices.Concat(jvmSQLServerStrictly(), jvmSQLServerPlain(), jvmSQLServerEncrypted()),
	}
}

func jvmSQLServerRule(id string, in jvmSpan, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix, source string, when ...clientconfig.Condition) clientconfig.Rule {
	return clientconfig.Rule{
		ID: "mssql-jdbc/" + id, Since: in.since, Before: in.before, When: when,
		Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: fix, Source: source, Proof: clientconfig.Documented,
	}
}

func jvmSQLServerStores(r clientconfig.Rule) []clientconfig.Rule {
	return jvmStores(r,
		jvmStore{option: "truststore", trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}},
		jvmStore{trust: jvmCacerts(), when: []clientconfig.Condition{jvmAbsent("truststore"), jvmAbsent("truststoretype")}})
}

// jvmSQLServerStrictly is encrypt=strict (TDS 8.0), of 11.2 and later.
func jvmSQLServerStrictly() []clientconfig.Rule {
	strict, own := jvmIs("encrypt", "strict"), jvmAbsent("trustmanagerclass")
	pinned := jvmSQLServerRule("strict-servercertificate", jvmSpan{"11.2", ""}, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
		"serverCertificate pins the server's own certificate: the next rotation of that certificate breaks it, whatever CA signs it",
		"leave serverCertificate out and have the chain verified", jvmSQLServerProps, strict, jvmGiven("servercertificate"), own)
	pinned.Then.Trust, pinned.TrustOption = clientconfig.Trust{Kind: clientconfig.TrustServer}, "servercertificate"
	early := jvmSQLServerRule("strict-early", jvmSpan{"11.2", "12.4"}, clientconfig.EncryptsAlways, clientconfig.VerifiesDates,
		"before 12.4 encrypt=strict compared the certificate's dates and name and did not ask who signed it", "upgrade to 12.4 or later",
		jvmSQLServerStrict, strict, jvmAbsent("servercertificate"), own)
	return slices.Concat([]clientconfig.Rule{pinned, early},
		jvmSQLServerStores(jvmSQLServerRule("strict", jvmSpan{"12.4", ""}, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"encrypt=strict verifies the chain and the name, whatever trustServerCertificate says", "", jvmSQLServerProps,
			strict, jvmAbsent("servercertificate"), own)))
}

// jvmSQLServerPlain is when encryption is left to the server. The login packet
// is encrypted even so, with any certificate.
func jvmSQLServerPlain() []clientconfig.Rule {
	const why = "it encrypts the login, and the session only when the server forces it, with any certificate"
	maybe := func(id string, in jvmSpan, source string, when ...clientconfig.Condition) clientconfig.Rule {
		return jvmSQLServerRule(id, in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing, why, jvmSQLServerFix, source, when...)
	}
	return []clientconfig.Rule{
		maybe("encrypt-false", jvmSpan{}, jvmSQLServerSSL, jvmIs("encrypt", "false")),
		maybe("encrypt-optional", jvmSpan{"11.2", ""}, jvmSQLServerProps, jvmIs("encrypt", "optional", "no")),
		maybe("old-default", jvmSpan{"", "10.1"}, jvmSQLServerFlip, jvmAbsent("encrypt"), jvmAbsent("authentication")),
	}
}

// jvmSQLServerEncrypted is encrypt=true, written or by default.
func jvmSQLServerEncrypted() (rules []clientconfig.Rule) {
	encrypted := func(id string, in jvmSpan, source string, encrypt clientconfig.Condition) {
		rules = append(rules, jvmSQLServerRule(id+"-trust", in, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing,
			"trustServerCertificate=true accepts any certificate", jvmSQLServerFix, source, encrypt, jvmOn("trustservercertificate")))
		rules = append(rules, jvmSQLServerStores(jvmSQLServerRule(id, in, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"encrypt=true (the default since 10.2) verifies the chain and the name, or the hostNameInCertificate", "", source,
			encrypt, jvmNotOn("trustservercertificate"), jvmAbsent("trustmanagerclass")))...)
	}
	encrypted("encrypt-true", jvmSpan{}, jvmSQLServerSSL, jvmIs("encrypt", "true"))
	encrypted("encrypt-mandatory", jvmSpan{"11.2", ""}, jvmSQLServerProps, jvmIs("encrypt", "mandatory", "yes"))
	encrypted("default", jvmSpan{"10.1", ""}, jvmSQLServerFlip, jvmAbsent("encrypt"))
	return rules
}
