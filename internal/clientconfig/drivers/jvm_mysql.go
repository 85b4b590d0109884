package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmMySQLProperties = "https://dev.mysql.com/doc/connector-j/en/connector-j-connp-props-security.html"
	jvmMySQLFix        = "from 8.0.13 on write sslMode=VERIFY_IDENTITY and name a trust store with the CA (trustCertificateKeyStoreUrl, or -Djavax.net.ssl.trustStore)"
)

// jvmMySQL is MySQL Connector/J. Three generations differ: up to 5.1.37 TLS is
// off unless asked for; 5.1.38 and 8.0.9 take it when the server offers it,
// looking at dates only; 8.0.13 brought sslMode, which older ones ignore.
func jvmMySQL() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "mysql-connector-j", Name: "MySQL Connector/J", Engine: "mysql",
		Packages: []string{"maven:mysql:mysql-connector-java", "maven:com.mysql:mysql-connector-j"},
		Rules:    slices.Concat(jvmMySQLModes(), jvmMySQLLegacy(), jvmMySQLOld()),
		Offer:    clientconfig.Offer{Ciphers: "tlsciphersuites", Protocols: "tlsversions", One: true},
	}
}

// jvmMySQLStores are where a verifying Connector/J finds its CAs. With
// fallbackToSystemTrustStore=false and no store of its own no rule holds: what
// happens then was not found written down.
func jvmMySQLStores(r clientconfig.Rule) []clientconfig.Rule {
	const own = "trustcertificatekeystoreurl"
	return jvmStores(r,
		jvmStore{option: own, trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}},
		jvmStore{trust: jvmCacerts(), when: []clientconfig.Condition{jvmAbsent(own), jvmNotOff("fallbacktosystemtruststore")}})
}

// jvmMySQLModes is sslMode, of 8.0.13 and later.
func jvmMySQLModes() []clientconfig.Rule {
	mode := func(value string, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix string) clientconfig.Rule {
		return clientconfig.Rule{
			ID: "mysql-connector-j/sslmode-" + value, Since: "8.0.13", When: []clientconfig.Condition{jvmIs("sslmode", value)},
			Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: fix, Source: jvmMySQLProperties, Proof: clientconfig.Documented,
		}
	}
	return slices.Concat(
		[]clientconfig.Rule{
			mode("disabled", clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "sslMode=DISABLED never encrypts", jvmMySQLFix),
			mode("preferred", clientconfig.EncryptsMaybe, clientconfig.VerifiesDates,
				"sslMode=PREFERRED encrypts when the server offers it and looks at the certificate's dates alone", jvmMySQLFix),
			mode("required", clientconfig.EncryptsAlways, clientconfig.VerifiesDates,
				"sslMode=REQUIRED encrypts and looks at the certificate's dates alone: it does not ask who signed it", jvmMySQLFix),
		},
		jvmMySQLStores(mode("verify_ca", clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"sslMode=VERIFY_CA verifies the chain, and any name will do", "write sslMode=VERIFY_IDENTITY to have the name checked too")),
		jvmMySQLStores(mode("verify_identity", clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"sslMode=VERIFY_IDENTITY verifies the chain and the name", "")),
	)
}

// jvmMySQLLegacy is useSSL, requireSSL and verifyServerCertificate in 8.0.13
// and later, which translate them into an sslMode when none is given.
func jvmMySQLLegacy() []clientconfig.Rule {
	legacy := func(id string, e clientconfig.Encrypts, v clientconfig.Verifies, why string, when ...clientconfig.Condition) clientconfig.Rule {
		return clientconfig.Rule{
			ID: "mysql-connector-j/" + id, Since: "8.0.13", When: append([]clientconfig.Condition{jvmAbsent("sslmode")}, when...),
			Then: clientconfig.Effect{Encrypts: e, Verifies: v}, Why: why, Fix: jvmMySQLFix, Source: jvmMySQLProperties, Proof: clientconfig.Documented,
		}
	}
	use, blind := jvmNotOff("usessl"), jvmNotOn("verifyservercertificate")
	return slices.Concat(
		[]clientconfig.Rule{legacy("usessl-false", clientconfig.EncryptsNever, clientconfig.VerifiesNothing, "useSSL=false never encrypts", jvmOff("usessl"))},
		jvmMySQLStores(legacy("verifyservercertificate", clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"verifyServerCertificate=true is sslMode=VERIFY_CA: the chain, and any name will do", use, jvmOn("verifyservercertificate"))),
		[]clientconfig.Rule{
			legacy("requiressl", clientconfig.EncryptsAlways, clientconfig.VerifiesDates,
				"requireSSL=true is sslMode=REQUIRED: the certificate's dates alone", use, blind, jvmOn("requiressl")),
			legacy("default", clientconfig.EncryptsMaybe, clientconfig.VerifiesDates,
				"without sslMode it is PREFERRED: it encrypts when the server offers it and fails when the certificate has expired, but does not ask who signed it",
				use, blind, jvmNotOn("requiressl")),
		})
}
