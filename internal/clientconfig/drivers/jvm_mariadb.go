package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmMariaDBTLS  = "https://mariadb.com/kb/en/using-tls-ssl-with-mariadb-java-connector/"
	jvmMariaDB300  = "https://mariadb.com/kb/en/mcj-300-rn/"
	jvmMariaDBMode = "https://github.com/mariadb-corporation/mariadb-connector-j/blob/main/src/main/java/org/mariadb/jdbc/export/SslMode.java"
	jvmMariaDBFix  = "from 3.0 on write sslMode=verify-full&serverSslCert=/path/of/the/bundle.pem"
)

// jvmMariaDB is MariaDB Connector/J. 1.x and 2.x have useSsl and ignore
// sslMode; 3.x has sslMode, with useSsl kept for compatibility. What 4.0 does
// without an sslMode was not found written down in full: no rule, unknown.
func jvmMariaDB() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "mariadb-connector-j", Name: "MariaDB Connector/J", Engine: "mariadb",
		Packages: []string{"maven:org.mariadb.jdbc:mariadb-java-client"},
		Rules:    slices.Concat(jvmMariaDBOld(), jvmMariaDBCompatible(), jvmMariaDBModes()),
		Offer:    clientconfig.Offer{Ciphers: "enabledsslciphersuites", Protocols: "enabledsslprotocolsuites", One: true},
	}
}

func jvmMariaDBRule(id string, in jvmSpan, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix, source string, when ...clientconfig.Condition) clientconfig.Rule {
	return clientconfig.Rule{
		ID: "mariadb-connector-j/" + id, Since: in.since, Before: in.before, When: when,
		Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: fix, Source: source, Proof: clientconfig.Documented,
	}
}

// jvmMariaDBOld is 1.x and 2.x.
func jvmMariaDBOld() []clientconfig.Rule {
	off, any := jvmNotOn("usessl"), jvmSpan{"", "3"}
	blind := jvmNotOn("trustservercertificate")
	stores := func(r clientconfig.Rule) []clientconfig.Rule {
		return jvmStores(r,
			jvmStore{option: "truststore", trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}}, // overrides serverSslCert
			jvmStore{option: "serversslcert", trust: clientconfig.Trust{Kind: clientconfig.TrustFile}},
			jvmStore{trust: jvmCacerts(), when: []clientconfig.Condition{jvmAbsent("serversslcert"), jvmAbsent("truststore")}})
	}
	return slices.Concat(
		[]clientconfig.Rule{
			jvmMariaDBRule("2-sslmode-ignored", any, clientconfig.EncryptsNever, clientconfig.VerifiesNothing,
				"this version knows no sslMode (it came with 3.0) and ignores it: without useSsl=true it never encrypts", jvmMariaDBFix, jvmMariaDB300, off, jvmGiven("sslmode")),
			jvmMariaDBRule("2-default", any, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "it never encrypts without useSsl=true", jvmMariaDBFix, jvmMariaDBTLS, off),
			jvmMariaDBRule("2-trust", any, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing,
				"trustServerCertificate=true accepts any certificate", jvmMariaDBFix, jvmMariaDBTLS, jvmOn("usessl"), jvmOn("trustservercertificate")),
		},
		stores(jvmMariaDBRule("2.0-verify", jvmSpan{"", "2.1"}, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"useSsl=true verifies the chain; before 2.1 no name is checked", jvmMariaDBFix, jvmMariaDBTLS, jvmOn("usessl"), blind)),
		stores(jvmMariaDBRule("2-verify-chain", jvmSpan{"2.1", "3"}, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"useSsl=true verifies the chain; disableSslHostnameVerification=true lets any name pass", "leave disableSslHostnameVerification out", jvmMariaDBTLS,
			jvmOn("usessl"), blind, jvmOn("disablesslhostnameverification"))),
		stores(jvmMariaDBRule("2-verify", jvmSpan{"2.1", "3"}, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"useSsl=true verifies the chain and the name", "", jvmMariaDBTLS, jvmOn("usessl"), blind, jvmNotOn("disablesslhostnameverification"))))
}

// jvmMariaDBStores are where 3.x looks for CAs. From 3.4 on there is another
// way in, where the server proves itself by the user's password: Why says so.
func jvmMariaDBStores(r clientconfig.Rule) (rules []clientconfig.Rule) {
	cacerts := func(in jvmSpan, why string, without ...clientconfig.Condition) {
		one := r
		one.Since, one.Before, one.Why = in.since, in.before, r.Why+why
		rules = append(rules, jvmStores(one, jvmStore{trust: jvmCacerts(), when: without})...)
	}
	rules = jvmStores(r, // with both, trustStore is the one that is read
		jvmStore{option: "truststore", since: "3.5", trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}},
		jvmStore{option: "serversslcert", trust: clientconfig.Trust{Kind: clientconfig.TrustFile}})
	const proof = "; a MariaDB server of 11.4 or later that this store does not verify is accepted all the same when it proves that it knows the user's password"
	own := jvmAbsent("serversslcert")
	cacerts(jvmSpan{"3", "3.4"}, "", own)
	cacerts(jvmSpan{"3.4", "3.5"}, proof, own)
	cacerts(jvmSpan{"3.5", ""}, proof, own, jvmAbsent("truststore"), jvmNotOff("fallbacktosystemtruststore"))
	return rules
}

// jvmMariaDBCompatible is the useSsl of 2.x in 3.x, where it outranks sslMode.
func jvmMariaDBCompatible() []clientconfig.Rule {
	in, use := jvmSpan{"3", "4"}, jvmOn("usessl")
	trust := jvmMariaDBRule("3-usessl-trust", in, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing,
		"useSsl=true with trustServerCertificate=true is sslMode=trust: any certificate", jvmMariaDBFix, jvmMariaDB300, use, jvmOn("trustservercertificate"))
	chain := jvmMariaDBRule("3-usessl-chain", in, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
		"useSsl=true with disableSslHostnameVerification=true is sslMode=verify-ca: any name", jvmMariaDBFix, jvmMariaDB300,
		use, jvmNotOn("trustservercertificate"), jvmOn("disablesslhostnameverification"))
	name := jvmMariaDBRule("3-usessl", in, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
		"useSsl=true is sslMode=verify-full: the chain and the name", "", jvmMariaDB300,
		use, jvmNotOn("trustservercertificate"), jvmNotOn("disablesslhostnameverification"))
	return slices.Concat([]clientconfig.Rule{trust}, jvmMariaDBUntil(chain), jvmMariaDBUntil(name))
}

// jvmMariaDBUntil is jvmMariaDBStores for a rule that 4.0 ends.
func jvmMariaDBUntil(r clientconfig.Rule) []clientconfig.Rule {
	before := r.Before
	rules := jvmMariaDBStores(r)
	for n := range rules {
		if rules[n].Before == "" {
			rules[n].Before = before
		}
	}
	return rules
}

// jvmMariaDBModes is sslMode, of 3.0 and later, with the aliases it takes.
func jvmMariaDBModes() []clientconfig.Rule {
	in, use := jvmSpan{"3", ""}, jvmNotOn("usessl")
	return slices.Concat(
		[]clientconfig.Rule{
			jvmMariaDBRule("sslmode-disable", in, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "sslMode=disable never encrypts", jvmMariaDBFix,
				jvmMariaDBMode, use, jvmIs("sslmode", "disable", "disabled", "0", "false")),
			jvmMariaDBRule("sslmode-trust", in, clientconfig.EncryptsAlways, clientconfig.VerifiesNothing, "sslMode=trust encrypts and accepts any certificate", jvmMariaDBFix,
				jvmMariaDBMode, use, jvmIs("sslmode", "trust", "required")),
			jvmMariaDBRule("3-default", jvmSpan{"3", "4"}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "without sslMode it never encrypts", jvmMariaDBFix,
				jvmMariaDB300, use, jvmAbsent("sslmode")),
		},
		jvmMariaDBStores(jvmMariaDBRule("sslmode-verify-ca", in, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"sslMode=verify-ca verifies the chain, and any name will do", "write sslMode=verify-full to have the name checked too",
			jvmMariaDBMode, use, jvmIs("sslmode", "verify-ca", "verify_ca"))),
		jvmMariaDBStores(jvmMariaDBRule("sslmode-verify-full", in, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"sslMode=verify-full verifies the chain and the name", "",
			jvmMariaDBMode, use, jvmIs("sslmode", "verify-full", "verify_full", "verify_identity", "1", "true"))))
}
