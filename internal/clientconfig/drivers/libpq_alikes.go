package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// libpqAlikes are drivers that read libpq's strings and are not libpq: the same
// word does not always do the same.
func libpqAlikes() []clientconfig.Driver {
	return []clientconfig.Driver{
		{ID: "pgx", Name: "pgx", Engine: "postgres", Packages: []string{"go:github.com/jackc/pgx/v5", "go:github.com/jackc/pgx/v4", "go:github.com/jackc/pgx"}, Rules: pgx()},
		{ID: "lib-pq", Name: "lib/pq", Engine: "postgres", Packages: []string{"go:github.com/lib/pq"}, Rules: libPQ()},
		{ID: "asyncpg", Name: "asyncpg", Engine: "postgres", Packages: []string{"pypi:asyncpg"}, Rules: asyncpg()},
		{ID: "sqlx-postgres", Name: "sqlx (PostgreSQL)", Engine: "postgres", Packages: []string{"cargo:sqlx", "cargo:sqlx-postgres"}, Rules: sqlxPostgres()},
		{ID: "tokio-postgres", Name: "tokio-postgres", Engine: "postgres", Packages: []string{"cargo:tokio-postgres", "cargo:postgres"}, Rules: tokioPostgres()},
	}
}

// asyncpg follows libpq since 0.25; before, it knew no root file.
func asyncpg() []clientconfig.Rule {
	const source = "https://magicstack.github.io/asyncpg/current/api/index.html#connection"
	rules := []clientconfig.Rule{
		{ID: "context", When: when(valueIs("ssl", "context")), Then: clientconfig.Effect{Encrypts: clientconfig.EncryptsAlways, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)},
			Why: "an ssl.SSLContext is given, made elsewhere in the program: what it verifies is decided there"},
		{ID: "ssl-true", When: when(valueIs("ssl", "true")), Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)),
			Why: "ssl=True makes Python's default context: it verifies chain and name against the system's roots, which hold no CA of a database service"},
		{ID: "ssl-false", When: when(valueIs("ssl", "false")), Then: plain(), Why: "ssl=False never encrypts", Fix: strictFix},
		{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Why: "sslmode=disable never encrypts", Fix: strictFix},
		{ID: "prefer", When: when(valueIs(sslMode, "allow", "prefer")), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
			Why: "allow and prefer encrypt when they can and verify nothing, root file or not"},
		{ID: "default", When: when(valueAbsent(sslMode), valueAbsent("ssl")), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
			Why: "sslmode is prefer by default: it encrypts when the server offers it and verifies nothing"},
	}
	add := func(id, mode, why, fix string, then clientconfig.Effect, more ...clientconfig.Condition) {
		rules = append(rules, clientconfig.Rule{ID: id, Since: "0.25", When: append(when(valueIs(sslMode, mode)), more...), Then: then, TrustOption: sslRootCert, Why: why, Fix: fix})
	}
	add("require-root-file", "require", "sslmode=require with a root file verifies the chain as verify-ca does", strictFix, chained(clientconfig.EncryptsAlways, inFile("")), valueGiven(sslRootCert))
	add("require-default-root-file", "require", "sslmode=require verifies the chain, because "+defaultRoot+" is there", strictFix, chained(clientconfig.EncryptsAlways, inFile(defaultRoot)), valueIs(rootFile, "present"))
	add("require", "require", "sslmode=require without a root file encrypts and verifies nothing", strictFix, blind(clientconfig.EncryptsAlways))
	add("verify-ca", "verify-ca", "it verifies the chain and not the name", "write sslmode=verify-full", chained(clientconfig.EncryptsAlways, inFile(defaultRoot)))
	add("verify-full", "verify-full", "it verifies chain and name", "", full(clientconfig.EncryptsAlways, inFile(defaultRoot)))
	return ruled("asyncpg", source, rules...)
}

// sqlxPostgres: require never verifies, root file or not; which roots are used
// without one is decided when the program is built.
func sqlxPostgres() []clientconfig.Rule {
	const source = "https://docs.rs/sqlx/latest/sqlx/postgres/enum.PgSslMode.html"
	always := clientconfig.EncryptsAlways
	built := from(clientconfig.TrustUnknown)
	return ruled("sqlx-postgres", source,
		clientconfig.Rule{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Why: "sslmode=disable never encrypts", Fix: strictFix},
		clientconfig.Rule{ID: "prefer", When: when(valueIs(sslMode, "allow", "prefer")), Then: blind(clientconfig.EncryptsMaybe), Why: "allow and prefer verify nothing", Fix: strictFix},
		clientconfig.Rule{ID: "default", When: when(valueAbsent(sslMode)), Then: blind(clientconfig.EncryptsMaybe), Why: "sslmode is prefer by default: it encrypts when the server offers it and verifies nothing", Fix: strictFix},
		clientconfig.Rule{ID: "require", When: when(valueIs(sslMode, "require")), Then: blind(always), Why: "sslmode=require verifies nothing, with a root file too, unlike libpq", Fix: strictFix},
		clientconfig.Rule{ID: "verify-ca", When: when(valueIs(sslMode, "verify-ca"), valueGiven(sslRootCert)), Then: chained(always, inFile("")), TrustOption: sslRootCert, Why: "it verifies the chain and not the name", Fix: "write sslmode=verify-full"},
		clientconfig.Rule{ID: "verify-ca-built-in", When: when(valueIs(sslMode, "verify-ca")), Then: chained(always, built), Why: "it verifies the chain against the roots that the program was built with", Fix: strictFix},
		clientconfig.Rule{ID: "verify-full", When: when(valueIs(sslMode, "verify-full"), valueGiven(sslRootCert)), Then: full(always, inFile("")), TrustOption: sslRootCert, Why: "it verifies chain and name"},
		clientconfig.Rule{ID: "verify-full-built-in", When: when(valueIs(sslMode, "verify-full")), Then: full(always, built), Why: "it verifies chain and name against the roots that the program was built with", Fix: "name the trust bundle in sslrootcert"},
	)
}

// tokioPostgres leaves verifying to a TLS connector that the program hands it.
func tokioPostgres() []clientconfig.Rule {
	const source = "https://docs.rs/tokio-postgres/latest/tokio_postgres/config/struct.Config.html"
	const connector = "what it verifies is decided by the TLS connector in the program, not by this string"
	unknown := func(e clientconfig.Encrypts) clientconfig.Effect {
		return clientconfig.Effect{Encrypts: e, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)}
	}
	return ruled("tokio-postgres", source,
		clientconfig.Rule{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Why: "sslmode=disable never encrypts"},
		clientconfig.Rule{ID: "require", When: when(valueIs(sslMode, "require")), Then: unknown(clientconfig.EncryptsAlways), Why: "it encrypts; " + connector},
		clientconfig.Rule{ID: "prefer", When: when(valueIs(sslMode, "prefer")), Then: unknown(clientconfig.EncryptsMaybe), Why: "it encrypts when server and program can; " + connector},
		clientconfig.Rule{ID: "default", When: when(valueAbsent(sslMode)), Then: unknown(clientconfig.EncryptsMaybe), Why: "sslmode is prefer by default; " + connector},
	)
}
