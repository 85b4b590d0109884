package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// others lists what is left: Node's PostgreSQL drivers, Npgsql, and MongoDB's.
func others() []clientconfig.Driver {
	return append([]clientconfig.Driver{
		{ID: "node-postgres", Name: "node-postgres (pg)", Engine: "postgres", Packages: []string{"npm:pg"}, Rules: nodePostgres()},
		{ID: "postgres-js", Name: "Postgres.js", Engine: "postgres", Packages: []string{"npm:postgres"}, Rules: postgresJS()},
		{ID: "npgsql", Name: "Npgsql", Engine: "postgres", Packages: []string{"nuget:Npgsql", "nuget:Npgsql.EntityFrameworkCore.PostgreSQL"}, Rules: npgsql()},
	}, mongo()...)
}

// nodePostgres: sslmode in a URL wins over the ssl object, and means more than
// libpq's: require verifies chain and name.
func nodePostgres() []clientconfig.Rule {
	const source = "https://github.com/brianc/node-postgres/blob/master/packages/pg-connection-string/README.md"
	const announced = "https://node-postgres.com/announcements#2020-02-25"
	const fix = "write ssl: {ca: the trust bundle}, and no sslmode in the URL"
	const roots = " against the roots Node.js brings along, which hold no CA of a database service"
	always := clientconfig.EncryptsAlways
	bundled := from(clientconfig.TrustBundled)
	compat := valueIs("uselibpqcompat", "true")
	rules := []clientconfig.Rule{
		{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Why: "sslmode=disable never encrypts", Fix: fix},
		{ID: "no-verify", Since: "8.3", When: when(valueIs(sslMode, "no-verify")), Then: blind(always), Why: "sslmode=no-verify encrypts and verifies nothing", Fix: fix},
		{ID: "libpq-require-root-file", Since: "8.3", When: when(compat, valueIs(sslMode, "require"), valueGiven(sslRootCert)), Then: chained(always, inFile("")), TrustOption: sslRootCert, Why: "uselibpqcompat: require with a root file verifies the chain", Fix: strictFix},
		{ID: "libpq-require", Since: "8.3", When: when(compat, valueIs(sslMode, "require", "prefer")), Then: blind(always), Why: "uselibpqcompat: require and prefer encrypt and verify nothing", Fix: strictFix},
		{ID: "libpq-verify-ca", Since: "8.3", When: when(compat, valueIs(sslMode, "verify-ca"), valueGiven(sslRootCert)), Then: chained(always, inFile("")), TrustOption: sslRootCert, Why: "uselibpqcompat: verify-ca verifies the chain and not the name", Fix: strictFix},
		{ID: "sslmode-root-file", Since: "8.3", When: when(valueIs(sslMode, "allow", "prefer", "require", "verify-ca", "verify-full"), valueGiven(sslRootCert)), Then: full(always, inFile("")), TrustOption: sslRootCert,
			Why: "every sslmode but disable and no-verify verifies chain and name, unlike libpq's; a release 9 is announced to change that"},
		{ID: "sslmode", Since: "8.3", When: when(valueIs(sslMode, "allow", "prefer", "require", "verify-ca", "verify-full")), Then: full(always, bundled), Fix: "name the trust bundle in sslrootcert and write sslmode=verify-full",
			Why: "every sslmode but disable and no-verify verifies chain and name," + roots + "; an ssl object beside the URL does not count; a release 9 is announced to change that"},
		{ID: "default", When: when(valueAbsent(sslMode), valueAbsent("ssl"), valueAbsent(sslRootCert)), Then: plain(), Why: "without ssl it never encrypts", Fix: fix},
		{ID: "false", When: when(valueAbsent(sslMode), valueIs("ssl", "false")), Then: plain(), Why: "ssl: false never encrypts", Fix: fix},
		{ID: "unverified", When: when(valueAbsent(sslMode), valueIs("ssl", "object"), valueIs("ssl.rejectunauthorized", "false")), Then: blind(always), Why: "rejectUnauthorized: false encrypts and verifies nothing", Fix: fix},
		{ID: "ssl-no-verify", Since: "8.0", When: when(valueAbsent(sslMode), valueIs("ssl", "no-verify")), Then: blind(always), Why: "ssl=no-verify encrypts and verifies nothing", Fix: fix},
		{ID: "true", Since: "8.0", When: when(valueAbsent(sslMode), valueIs("ssl", "true"), valueAbsent(sslRootCert)), Then: full(always, bundled), Source: announced, Fix: fix,
			Why: "ssl: true verifies chain and name" + roots},
		{ID: "unverified-before-8", Before: "8.0", When: when(valueAbsent(sslMode), valueIs("ssl", "true")), Then: blind(always), Source: announced, Fix: "update pg and name the trust bundle in ssl.ca",
			Why: "before 8.0 ssl: true encrypts and verifies nothing"},
	}
	for _, t := range nodeTrusts("ssl.ca") {
		rules = append(rules, clientconfig.Rule{ID: "object" + t.id, Since: "8.0", When: when(append(t.when, valueAbsent(sslMode), valueAbsent("ssl.checkserveridentity"))...), Then: full(always, t.trust), TrustOption: t.option, Source: announced,
			Why: "an ssl object verifies chain and name" + t.why})
	}
	return ruled("node-postgres", source, rules...)
}

func postgresJS() []clientconfig.Rule {
	const source = "https://github.com/porsager/postgres#ssl"
	const fix = "write ssl: {ca: the trust bundle}"
	const roots = " against the roots Node.js brings along, which hold no CA of a database service"
	always := clientconfig.EncryptsAlways
	rules := []clientconfig.Rule{
		{ID: "default", When: when(valueAbsent("ssl")), Then: plain(), Why: "without ssl it never encrypts", Fix: fix},
		{ID: "disable", When: when(valueIs("ssl", "disable", "false")), Then: plain(), Why: "ssl disabled: it never encrypts", Fix: fix},
		{ID: "prefer", When: when(valueIs("ssl", "prefer")), Then: blind(clientconfig.EncryptsMaybe), Why: "prefer encrypts when the server offers it and verifies nothing", Fix: fix},
		{ID: "require", When: when(valueIs("ssl", "require", "allow")), Then: blind(always), Why: "require and allow encrypt and verify nothing", Fix: fix},
		{ID: "verify", When: when(valueIs("ssl", "true", "verify-full", "verify-ca")), Then: full(always, from(clientconfig.TrustBundled)), Why: "it verifies chain and name" + roots, Fix: fix},
		{ID: "unverified", When: when(valueIs("ssl", "object"), valueIs("ssl.rejectunauthorized", "false")), Then: blind(always), Why: "rejectUnauthorized: false encrypts and verifies nothing", Fix: fix},
	}
	for _, t := range nodeTrusts("ssl.ca") {
		rules = append(rules, clientconfig.Rule{ID: "object" + t.id, When: when(append(t.when, valueAbsent("ssl.checkserveridentity"))...), Then: full(always, t.trust), TrustOption: t.option, Why: "an ssl object verifies chain and name" + t.why})
	}
	return ruled("postgres-js", source, rules...)
}

// npgsql: until 6.0 require verified and the default was no encryption; 6.0
// made prefer the default, and require an alias of encrypting blindly. VerifyCA
// and VerifyFull came with 6.0; older ones refuse them, so their rules need no
// lower bound.
func npgsql() []clientconfig.Rule {
	const source = "https://www.npgsql.org/doc/security.html"
	const code = "https://github.com/npgsql/npgsql/blob/main/src/Npgsql/Internal/NpgsqlConnector.cs"
	const fix = "write SSL Mode=VerifyFull;Root Certificate=FILE, the trust bundle"
	const root, trust = "rootcertificate", "trustservercertificate"
	always := clientconfig.EncryptsAlways
	system := from(clientconfig.TrustSystem)
	rules := []clientconfig.Rule{
		{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Why: "SSL Mode=Disable never encrypts", Fix: fix},
		{ID: "default", Before: "6.0", When: when(valueAbsent(sslMode)), Then: plain(), Why: "before 6.0 SSL Mode is Disable by default", Fix: fix},
		{ID: "default", Since: "6.0", When: when(valueAbsent(sslMode)), Then: blind(clientconfig.EncryptsMaybe), Why: "SSL Mode is Prefer by default: it encrypts when the server offers it and verifies nothing", Fix: fix},
		{ID: "prefer", Since: "6.0", When: when(valueIs(sslMode, "prefer", "allow")), Then: blind(clientconfig.EncryptsMaybe), Why: "Prefer and Allow verify nothing", Fix: fix},
		{ID: "require", Since: "8.0", When: when(valueIs(sslMode, "require")), Then: blind(always), Source: "https://www.npgsql.org/doc/release-notes/8.0.html", Why: "SSL Mode=Require encrypts and verifies nothing, whatever Trust Server Certificate says", Fix: fix},
		{ID: "require-trusted", When: when(valueIs(sslMode, "require"), valueIs(trust, "true")), Then: blind(always), Source: code, Why: "Trust Server Certificate=true encrypts and verifies nothing", Fix: fix},
		{ID: "require-refused", Since: "6.0", Before: "8.0", When: when(valueIs(sslMode, "require")), Then: untold(), Source: code, Why: "6.0 and 7.0 refuse SSL Mode=Require without Trust Server Certificate=true and do not connect", Fix: fix},
		{ID: "require-verified-root-file", Before: "6.0", When: when(valueIs(sslMode, "require"), valueGiven(root)), Then: clientconfig.Effect{Encrypts: always, Verifies: clientconfig.VerifiesUnknown, Trust: inFile("")}, TrustOption: root, Source: code,
			Why: "before 6.0 Require verifies against Root Certificate; whether the name too depends on the release", Fix: fix},
		{ID: "require-verified", Before: "6.0", When: when(valueIs(sslMode, "require"), valueAbsent(root)), Then: full(always, system), Source: code, Why: "before 6.0 Require verifies chain and name against the system's roots", Fix: fix},
		{ID: "verify-ca", When: when(valueIs(sslMode, "verifyca", "verify-ca"), valueGiven(root)), Then: chained(always, inFile("")), TrustOption: root, Why: "VerifyCA verifies the chain and not the name", Fix: fix},
		{ID: "verify-ca-system", When: when(valueIs(sslMode, "verifyca", "verify-ca")), Then: chained(always, system), Why: "VerifyCA verifies the chain against the system's roots, unless PGSSLROOTCERT or the default root file names others", Fix: fix},
		{ID: "verify-full", When: when(valueIs(sslMode, "verifyfull", "verify-full"), valueGiven(root)), Then: full(always, inFile("")), TrustOption: root, Why: "VerifyFull verifies chain and name"},
		{ID: "verify-full-system", When: when(valueIs(sslMode, "verifyfull", "verify-full")), Then: full(always, system), Why: "VerifyFull verifies chain and name against the system's roots, unless PGSSLROOTCERT or the default root file names others", Fix: "name the trust bundle in Root Certificate"},
	}
	return ruled("npgsql", source, rules...)
}
