package drivers

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func pgx() []clientconfig.Rule {
	const source = "https://pkg.go.dev/github.com/jackc/pgx/v5/pgconn#ParseConfig"
	rules := []clientconfig.Rule{
		{ID: "socket", When: when(valueIs("transport", "unix")), Then: plain(), Why: "a Unix socket is never encrypted and does not leave the machine"},
		{
			ID: "system", Since: "5.7.0", When: when(valueIs(sslRootCert, "system")), Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)),
			Why:    "sslrootcert=system makes every sslmode verify-full, against the system's roots, which hold no CA of a database service",
			Source: "https://github.com/jackc/pgx/blob/master/CHANGELOG.md",
		},
	}
	rules = append(rules, goModes("prefer")...)
	rules = append(rules, clientconfig.Rule{
		ID: "default", When: when(valueAbsent(sslMode)), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
		Why: "sslmode is prefer by default: it encrypts when the server offers it and verifies nothing",
	})
	return ruled("pgx", source, rules...)
}

// goModes are the rules pgx and lib/pq share: as libpq's, but prefer never
// verifies, and the system's roots are used where no file is named.
func goModes(optional ...string) (rules []clientconfig.Rule) {
	rules = append(rules, clientconfig.Rule{ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(), Fix: strictFix, Why: "sslmode=disable never encrypts"})
	if len(optional) > 0 {
		rules = append(rules, clientconfig.Rule{
			ID: "prefer", When: when(valueIs(sslMode, "allow", "prefer")), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
			Why: "allow and prefer encrypt when the server asks for it or offers it, and verify nothing, root file or not",
		})
	}
	verify := func(id, mode, why, fix string, then clientconfig.Effect, more ...clientconfig.Condition) {
		rules = append(rules, clientconfig.Rule{
			ID: id, When: append(when(valueIs(sslMode, mode)), more...), Then: then, TrustOption: sslRootCert, Why: why, Fix: fix,
		})
	}
	const nameless = "it verifies the chain and not the name"
	verify("require-root-file", "require", "sslmode=require with a root file verifies the chain as verify-ca does", strictFix,
		chained(clientconfig.EncryptsAlways, inFile("")), valueGiven(sslRootCert))
	verify("require-default-root-file", "require", "sslmode=require verifies the chain, because "+defaultRoot+" is there", strictFix,
		chained(clientconfig.EncryptsAlways, inFile(defaultRoot)), valueIs(rootFile, "present"))
	verify("require", "require", "sslmode=require without a root file encrypts and verifies nothing", strictFix, blind(clientconfig.EncryptsAlways))
	verify("verify-ca", "verify-ca", nameless, "write sslmode=verify-full", chained(clientconfig.EncryptsAlways, inFile("")), valueGiven(sslRootCert))
	verify("verify-ca-default-root-file", "verify-ca", nameless, "write sslmode=verify-full", chained(clientconfig.EncryptsAlways, inFile(defaultRoot)), valueIs(rootFile, "present"))
	verify("verify-ca-system", "verify-ca", nameless+", against the system's roots as no root file is named: any certificate of a public CA passes", strictFix,
		chained(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)))
	verify("verify-full", "verify-full", "it verifies chain and name", "", full(clientconfig.EncryptsAlways, inFile("")), valueGiven(sslRootCert))
	verify("verify-full-default-root-file", "verify-full", "it verifies chain and name, against "+defaultRoot, "", full(clientconfig.EncryptsAlways, inFile(defaultRoot)), valueIs(rootFile, "present"))
	verify("verify-full-system", "verify-full", "it verifies chain and name against the system's roots as no root file is named; they hold no CA of a database service",
		"name the trust bundle in sslrootcert", full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)))
	return rules
}

func libPQ() []clientconfig.Rule {
	const source = "https://pkg.go.dev/github.com/lib/pq"
	const changes = "https://github.com/lib/pq/blob/master/CHANGELOG.md"
	rules := []clientconfig.Rule{
		{
			ID: "system", Since: "1.12.0", When: when(valueIs(sslRootCert, "system"), valueIs(sslMode, "verify-full")), Source: changes,
			Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)), Why: "sslrootcert=system verifies chain and name against the system's roots",
		},
		{
			ID: "system", Since: "1.12.0", When: when(valueIs(sslRootCert, "system"), valueAbsent(sslMode)), Source: changes,
			Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)), Why: "sslrootcert=system makes verify-full the default, against the system's roots",
		},
		{
			ID: "system-refused", When: when(valueIs(sslRootCert, "system")), Then: untold(), Source: changes,
			Why: "since 1.12.0 sslrootcert=system goes with verify-full alone and anything weaker is refused; before, it was a file called \"system\"",
		},
		{
			ID: "prefer-root-file", Since: "1.12.0", When: when(valueIs(sslMode, "prefer"), valueGiven(sslRootCert)), Then: chained(clientconfig.EncryptsMaybe, inFile("")), TrustOption: sslRootCert,
			Why: "sslmode=prefer with a root file verifies the chain, and connects without TLS when that fails", Fix: strictFix, Source: changes,
		},
		{
			ID: "prefer-default-root-file", Since: "1.12.0", When: when(valueIs(sslMode, "prefer"), valueIs(rootFile, "present")), Then: chained(clientconfig.EncryptsMaybe, inFile(defaultRoot)),
			Why: "sslmode=prefer verifies the chain, because " + defaultRoot + " is there, and connects without TLS when that fails", Fix: strictFix, Source: changes,
		},
		{
			ID: "prefer", Since: "1.12.0", When: when(valueIs(sslMode, "prefer")), Then: blind(clientconfig.EncryptsMaybe),
			Why: "sslmode=prefer encrypts when the server offers it and verifies nothing", Fix: strictFix, Source: changes,
		},
	}
	shared := goModes()
	for n := range shared {
		if strings.HasSuffix(shared[n].ID, "default-root-file") {
			shared[n].Since = "1.12.0" // before, no file is looked for
		}
		if shared[n].Then.Verifies == clientconfig.VerifiesChain {
			shared[n].Why += "; before 1.11.0 it verifies the name too, unless the host is an address"
		}
	}
	rules = append(rules, shared...)
	for _, r := range shared {
		if len(r.When) == 0 || r.When[0].Is[0] != "require" {
			continue
		}
		// The default is require, so each of its rules holds without sslmode too.
		r.ID = "default-" + r.ID
		r.When = append(when(valueAbsent(sslMode)), r.When[1:]...)
		r.Why = "sslmode is require by default: " + r.Why
		rules = append(rules, r)
	}
	return ruled("lib-pq", source, rules...)
}
