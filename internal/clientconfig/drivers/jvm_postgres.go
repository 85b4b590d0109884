package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmPostgres4225 = "https://jdbc.postgresql.org/changelogs/2018-08-27-42.2.5-release/"
	jvmPostgresDocs = "https://jdbc.postgresql.org/documentation/ssl/"
	jvmPostgresFix  = "write sslmode=verify-full&sslrootcert=/path/of/the/bundle.pem"
)

// jvmPostgres is pgjdbc. It looks like libpq and differs: require never
// verifies, whatever file is there, and with the default factory the trust
// store of the Java runtime is not looked at.
func jvmPostgres() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "pgjdbc", Name: "PostgreSQL JDBC driver (pgjdbc)", Engine: "postgres",
		Packages: []string{"maven:org.postgresql:postgresql", "maven:postgresql:postgresql"},
		Rules:    slices.Concat(jvmPostgresModes(), jvmPostgresJava(), jvmPostgresBlind(), jvmPostgresOld()),
	}
}

func jvmPostgresRule(id string, in jvmSpan, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix string, when ...clientconfig.Condition) clientconfig.Rule {
	return clientconfig.Rule{
		ID: "pgjdbc/" + id, Since: in.since, Before: in.before, When: when,
		Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: fix, Source: jvmPostgresDocs, Proof: clientconfig.Documented,
	}
}

// jvmPostgresStores are where the default factory finds its CAs.
func jvmPostgresStores(r clientconfig.Rule) []clientconfig.Rule {
	r.Then.Trust = clientconfig.Trust{Kind: clientconfig.TrustFile, Path: "~/.postgresql/root.crt"}
	r.TrustOption = "sslrootcert"
	return []clientconfig.Rule{r}
}

// jvmFactory is the default socket factory of pgjdbc, written or not.
func jvmFactory() clientconfig.Condition {
	return clientconfig.Condition{Option: "sslfactory", Absent: true,
		Is: []string{"org.postgresql.ssl.LibPQFactory", "org.postgresql.ssl.jdbc4.LibPQFactory"}}
}

// jvmPostgresModes is sslmode since 42.2.5 with the default factory; ssl=true
// alone is verify-full.
func jvmPostgresModes() []clientconfig.Rule {
	in := jvmSpan{"42.2.5", ""}
	full := func(when ...clientconfig.Condition) []clientconfig.Rule {
		return jvmPostgresStores(jvmPostgresRule("verify-full", in, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"sslmode=verify-full, or ssl=true alone, verifies the chain and the name", "", append(when, jvmFactory(), jvmAbsent("sslhostnameverifier"))...))
	}
	return slices.Concat(
		[]clientconfig.Rule{
			jvmPostgresRule("disable", jvmSpan{}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "sslmode=disable never encrypts", jvmPostgresFix, jvmIs("sslmode", "disable")),
			jvmPostgresRule("allow", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing, "sslmode=allow encrypts when the server insists, and verifies nothing",
				jvmPostgresFix, jvmIs("sslmode", "allow"), jvmFactory()),
			jvmPostgresRule("prefer", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing, "sslmode=prefer encrypts when the server offers it, and verifies nothing",
				jvmPostgresFix, jvmIs("sslmode", "prefer"), jvmFactory()),
			jvmPostgresRule("require", jvmSpan{}, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing,
				"sslmode=require encrypts and verifies nothing, even with a root certificate file at hand (unlike libpq)",
				jvmPostgresFix, jvmIs("sslmode", "require"), jvmFactory()),
			jvmPostgresRule("default", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing,
				"without sslmode it is prefer: it encrypts when the server offers it, and verifies nothing", jvmPostgresFix,
				jvmAbsent("sslmode"), jvmNotOn("ssl"), jvmFactory()),
		},
		jvmPostgresStores(jvmPostgresRule("verify-ca", jvmSpan{}, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"sslmode=verify-ca verifies the chain, and any name will do", jvmPostgresFix, jvmIs("sslmode", "verify-ca"), jvmFactory())),
		full(jvmIs("sslmode", "verify-full")),
		full(jvmAbsent("sslmode"), jvmOn("ssl")))
}

// jvmPostgresJava is the factory that asks the Java runtime for everything:
// its trust store verifies in every mode that encrypts.
func jvmPostgresJava() []clientconfig.Rule {
	in, factory := jvmSpan{"42.2.5", ""}, jvmIs("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory")
	rule := func(id string, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix string, when ...clientconfig.Condition) []clientconfig.Rule {
		return jvmPostgresRuntime(jvmPostgresRule("java-"+id, in, e, v, why, fix, append(when, factory)...))
	}
	const why = "DefaultJavaSSLFactory verifies the chain by the Java runtime's trust store"
	return slices.Concat(
		rule("maybe", clientconfig.EncryptsMaybe, clientconfig.VerifiesChain, why+", and goes on in plain text when the server offers no TLS",
			"write sslmode=verify-full", jvmIs("sslmode", "allow", "prefer")),
		rule("default", clientconfig.EncryptsMaybe, clientconfig.VerifiesChain, why+", and goes on in plain text when the server offers no TLS",
			"write sslmode=verify-full", jvmAbsent("sslmode"), jvmNotOn("ssl")),
		rule("always", clientconfig.EncryptsAlways, clientconfig.VerifiesChain, why+"; the name is checked in sslmode=verify-full alone",
			"write sslmode=verify-full", jvmIs("sslmode", "require", "verify-ca")),
		rule("verify-full", clientconfig.EncryptsAlways, clientconfig.VerifiesName, why+" and sslmode=verify-full the name", "",
			jvmIs("sslmode", "verify-full"), jvmAbsent("sslhostnameverifier")),
		rule("ssl", clientconfig.EncryptsAlways, clientconfig.VerifiesName, why+" and ssl=true alone, which is verify-full, the name", "",
			jvmAbsent("sslmode"), jvmOn("ssl"), jvmAbsent("sslhostnameverifier")))
}

// jvmPostgresRuntime is where the Java runtime finds its CAs.
func jvmPostgresRuntime(r clientconfig.Rule) []clientconfig.Rule {
	const store = "javax.net.ssl.truststore"
	return jvmStores(r,
		jvmStore{option: store, trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}},
		jvmStore{trust: jvmCacerts(), when: []clientconfig.Condition{jvmAbsent(store)}})
}

// jvmPostgresBlind is the factory that verifies nothing, whatever sslmode says.
func jvmPostgresBlind() []clientconfig.Rule {
	in, factory := jvmSpan{"42.2.5", ""}, jvmIs("sslfactory", "org.postgresql.ssl.NonValidatingFactory")
	const why = "NonValidatingFactory accepts any certificate, whatever sslmode says; verify-full compares the name with one that anybody can make"
	const fix = "leave sslfactory out, and " + jvmPostgresFix
	return []clientconfig.Rule{
		jvmPostgresRule("blind-maybe", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing, why, fix, factory, jvmIs("sslmode", "allow", "prefer")),
		jvmPostgresRule("blind-default", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesNothing, why, fix, factory, jvmAbsent("sslmode"), jvmNotOn("ssl")),
		jvmPostgresRule("blind-ssl", jvmSpan{}, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing, why, fix, factory, jvmAbsent("sslmode"), jvmOn("ssl")),
		jvmPostgresRule("blind", jvmSpan{}, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing, why, fix, factory, jvmIs("sslmode", "require", "verify-ca", "verify-full")),
	}
}

// jvmPostgresOld is what was different before 42.2.5: TLS was off by default,
// and ssl=true alone asked the Java runtime, for the chain and not the name.
// sslmode=allow and prefer were refused: no rule.
func jvmPostgresOld() []clientconfig.Rule {
	in := jvmSpan{"", "42.2.5"}
	ssl := jvmPostgresRule("old-ssl", in, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
		"before 42.2.5 ssl=true alone verifies the chain by the Java runtime's trust store, and any name will do",
		"upgrade, and "+jvmPostgresFix, jvmAbsent("sslmode"), jvmOn("ssl"), jvmAbsent("sslfactory"))
	ssl.Source = jvmPostgres4225
	off := jvmPostgresRule("old-default", in, clientconfig.EncryptsNever, clientconfig.VerifiesNothing,
		"before 42.2.5 it never encrypts without ssl=true or sslmode", "upgrade, and "+jvmPostgresFix, jvmAbsent("sslmode"), jvmNotOn("ssl"))
	off.Source = jvmPostgres4225
	full := jvmPostgresRule("old-verify-full", in, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
		"sslmode=verify-full verifies the chain and the name", "", jvmIs("sslmode", "verify-full"), jvmFactory(), jvmAbsent("sslhostnameverifier"))
	return slices.Concat(jvmPostgresRuntime(ssl), []clientconfig.Rule{off}, jvmPostgresStores(full))
}
