package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	jvmOracleTCPS = "https://docs.oracle.com/en/database/oracle/oracle-database/19/jjdbc/client-side-security.html"
	jvmOracleDN   = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.Oracle.Options.SSL.DNMatch.html"
	jvmOracleFix  = "connect with tcps and set oracle.net.ssl_server_dn_match=true"
)

// jvmOracle is Oracle's thin driver. "protocol" is of the address, tcp or tcps;
// the rest are connection properties, or parameters of the address under the
// same names. What 23 and later match by default was not found written down for
// the thin driver: no rule, unknown.
func jvmOracle() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "ojdbc", Name: "Oracle JDBC thin driver", Engine: "oracle-ee",
		Packages: []string{
			"maven:com.oracle.database.jdbc:ojdbc6", "maven:com.oracle.database.jdbc:ojdbc8", "maven:com.oracle.database.jdbc:ojdbc10",
			"maven:com.oracle.database.jdbc:ojdbc11", "maven:com.oracle.database.jdbc:ojdbc17", "maven:com.oracle.ojdbc:ojdbc8", "maven:com.oracle.ojdbc:ojdbc10",
		},
		Rules: jvmOracleRules(),
	}
}

func jvmOracleRules() []clientconfig.Rule {
	tcps, match := jvmIs("protocol", "tcps"), "oracle.net.ssl_server_dn_match"
	rule := func(id string, in jvmSpan, e clientconfig.Encrypts, v clientconfig.Verifies, why, fix string, when ...clientconfig.Condition) clientconfig.Rule {
		return clientconfig.Rule{
			ID: "ojdbc/" + id, Since: in.since, Before: in.before, When: when, Then: clientconfig.Effect{Encrypts: e, Verifies: v},
			Why: why, Fix: fix, Source: jvmOracleTCPS, Proof: clientconfig.Documented,
		}
	}
	chain := func(in jvmSpan, when clientconfig.Condition) []clientconfig.Rule {
		r := rule("chain", in, clientconfig.EncryptsAlways, clientconfig.VerifiesChain,
			"tcps verifies the chain; without ssl_server_dn_match any name will do", jvmOracleFix, tcps, when)
		r.Source = jvmOracleDN
		return jvmOracleStores(r)
	}
	return slices.Concat(
		[]clientconfig.Rule{rule("tcp", jvmSpan{}, clientconfig.EncryptsNever, clientconfig.VerifiesNothing,
			"tcp carries no TLS; Oracle's native network encryption, where the server asks for it, knows no certificates", jvmOracleFix, jvmIs("protocol", "tcp"))},
		jvmOracleStores(rule("dn-match", jvmSpan{}, clientconfig.EncryptsAlways, clientconfig.VerifiesName,
			"tcps with ssl_server_dn_match verifies the chain and the name", "", tcps, jvmOn(match))),
		chain(jvmSpan{}, jvmOff(match)),
		chain(jvmSpan{"", "23"}, jvmAbsent(match)))
}

// jvmOracleStores are where the thin driver finds its CAs.
func jvmOracleStores(r clientconfig.Rule) []clientconfig.Rule {
	const wallet, store = "oracle.net.wallet_location", "javax.net.ssl.truststore"
	return jvmStores(r,
		jvmStore{option: wallet, trust: clientconfig.Trust{Kind: clientconfig.TrustWallet}},
		jvmStore{option: store, trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore}},
		jvmStore{trust: jvmCacerts(), when: []clientconfig.Condition{jvmAbsent(wallet), jvmAbsent(store)}})
}
