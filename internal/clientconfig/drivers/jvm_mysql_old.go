package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmMySQL51   = "https://docs.oracle.com/cd/E17952_01/connector-j-5.1-en/connector-j-connp-props-security.html"
	jvmMySQL5138 = "https://docs.oracle.com/cd/E17952_01/connector-j-5.1-relnotes-en/news-5-1-38.html"
	jvmMySQLMode = "this version knows no sslMode (it came with 8.0.13) and ignores it: "
)

// jvmMySQLOld is Connector/J before 8.0.13, which knows no sslMode: writing one
// changes nothing. Of 6.0 and 8.0 before 8.0.9, which were never generally
// available, the defaults are unknown.
func jvmMySQLOld() []clientconfig.Rule {
	return slices.Concat(jvmMySQLOldOff(), jvmMySQLOldVerifying(), jvmMySQLOldBlind(), jvmMySQLOldDefaults())
}

// jvmSpan is a range of versions, as in clientconfig.Rule.
type jvmSpan struct{ since, before string }

func jvmMySQLOldRule(id string, in jvmSpan, e clientconfig.Encrypts, v clientconfig.Verifies, why string, when ...clientconfig.Condition) clientconfig.Rule {
	return clientconfig.Rule{
		ID: "mysql-connector-j/old-" + id, Since: in.since, Before: in.before, When: when,
		Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: jvmMySQLFix, Source: jvmMySQL51, Proof: clientconfig.Documented,
	}
}

// jvmMySQLOldOff is when an old one does not encrypt.
func jvmMySQLOldOff() []clientconfig.Rule {
	const why = "before 5.1.38 it never encrypts without useSSL=true"
	rules := []clientconfig.Rule{
		jvmMySQLOldRule("usessl-false", jvmSpan{"", "8.0.13"}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "useSSL=false never encrypts", jvmOff("usessl")),
		jvmMySQLOldRule("5.1-sslmode", jvmSpan{"", "5.1.38"}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, jvmMySQLMode+why, jvmAbsent("usessl"), jvmGiven("sslmode")),
		jvmMySQLOldRule("5.1-default", jvmSpan{"", "5.1.38"}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, why, jvmAbsent("usessl")),
	}
	rules[2].Source = jvmMySQL5138
	return rules
}

// jvmMySQLOldVerifying is useSSL=true, which verifies by itself in 5.1, and
// with verifyServerCertificate=true in those between. The name is not checked.
func jvmMySQLOldVerifying() (rules []clientconfig.Rule) {
	const why = "useSSL=true verifies the chain unless verifyServerCertificate=false, and never the name"
	verifies := func(in jvmSpan, verify clientconfig.Condition) {
		rules = append(rules, jvmMySQLStores(jvmMySQLOldRule("verify-required", in, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			why, jvmOn("usessl"), verify, jvmOn("requiressl")))...)
		rules = append(rules, jvmMySQLStores(jvmMySQLOldRule("verify", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesChain,
			why+"; without requireSSL=true it goes on in plain text when the server offers no TLS", jvmOn("usessl"), verify, jvmNotOn("requiressl")))...)
	}
	verifies(jvmSpan{"", "6"}, jvmNotOff("verifyservercertificate"))
	verifies(jvmSpan{"6", "8.0.13"}, jvmOn("verifyservercertificate"))
	return rules
}

// jvmMySQLOldBlind is useSSL=true with verifyServerCertificate=false. Seed 002
// says of 5.1.38 and later that an expired certificate fails all the same.
func jvmMySQLOldBlind() (rules []clientconfig.Rule) {
	blind := func(in jvmSpan, v clientconfig.Verifies, why string) {
		rules = append(rules,
			jvmMySQLOldRule("blind-required", in, clientconfig.EncryptsAlways, v, why, jvmOn("usessl"), jvmOff("verifyservercertificate"), jvmOn("requiressl")),
			jvmMySQLOldRule("blind", in, clientconfig.EncryptsMaybe, v, why+", and takes plain text when the server offers no TLS",
				jvmOn("usessl"), jvmOff("verifyservercertificate"), jvmNotOn("requiressl")))
	}
	blind(jvmSpan{"5.1.6", "5.1.38"}, clientconfig.VerifiesNothing, "verifyServerCertificate=false accepts any certificate")
	blind(jvmSpan{"5.1.38", "8.0.13"}, clientconfig.VerifiesDates, "verifyServerCertificate=false looks at the certificate's dates alone")
	return rules
}

// jvmMySQLOldDefaults are 5.1.38 and 8.0.9 without useSSL. In 5.1.38 a
// verifyServerCertificate is overruled when useSSL is not written.
func jvmMySQLOldDefaults() (rules []clientconfig.Rule) {
	const why = "without useSSL it encrypts when the server offers it and fails when the certificate has expired, but does not ask who signed it"
	byDefault := func(id string, in jvmSpan, when ...clientconfig.Condition) {
		when = append(when, jvmAbsent("usessl"))
		for _, r := range []clientconfig.Rule{
			jvmMySQLOldRule(id+"-sslmode", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesDates, jvmMySQLMode+why, append(slices.Clone(when), jvmGiven("sslmode"))...),
			jvmMySQLOldRule(id+"-default", in, clientconfig.EncryptsMaybe, clientconfig.VerifiesDates, why, when...),
		} {
			r.Source = "seed 002"
			rules = append(rules, r)
		}
	}
	byDefault("5.1.38", jvmSpan{"5.1.38", "6"})
	byDefault("8.0.9", jvmSpan{"8.0.9", "8.0.13"}, jvmNotOn("verifyservercertificate"), jvmNotOn("requiressl"))
	return rules
}
