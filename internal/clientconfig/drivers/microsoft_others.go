package drivers

import (
	"cmp"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	tediousSource = "https://github.com/tediousjs/tedious/releases"
	tediousFix    = "write options: { encrypt: true, trustServerCertificate: false } and the CA in cryptoCredentialsDetails.ca"
)

// tediousRules are two of one: with the bundle of cryptoCredentialsDetails.ca,
// and with the roots that Node brings along. encrypt: true is a wish: a server
// that says in PRELOGIN that it has no TLS gets the login in the clear (measured
// with 18.6.1). 'strict' is none.
func tediousRules(id string, since, before string, why string, conditions ...clientconfig.Condition) []clientconfig.Rule {
	e := clientconfig.EncryptsMaybe
	if id == "strict" {
		e = clientconfig.EncryptsAlways
	}
	own := mssRule(id+"/ca", since, before, full(e, inFile("")), why+", against the CA that the program gives", "", append([]clientconfig.Condition{valueGiven("ca")}, conditions...)...)
	own.TrustOption = "ca"
	return []clientconfig.Rule{own,
		mssRule(id, since, before, full(e, from(clientconfig.TrustBundled)), why+", against the roots that Node brings along", "", conditions...)}
}

// tedious is Node's driver. Its defaults were read in the packages of these
// versions: encrypt is true since 6.6.5 and trustServerCertificate false since
// 9.0, by mistake true again from 11.0.9 on (issue 1361), false since 15.
func tedious() clientconfig.Driver {
	maybe := clientconfig.EncryptsMaybe
	on, none := mssOn(mssEncrypt), valueAbsent(mssEncrypt)
	trusting := "trustServerCertificate is true by default in this version: any certificate is accepted"
	rules := []clientconfig.Rule{
		mssRule("off", "", "", plain(), "encrypt: false never encrypts, and fails when the server forces it", tediousFix, mssOff(mssEncrypt)),
		mssRule("old-default", "", "6.6.3", plain(), "before 6.6 it does not encrypt by default", tediousFix, none),
		mssRule("trust", "", "", blind(maybe), mssTrustWhy, tediousFix, on, mssTrusting()),
		mssRule("default-trust", "6.6.5", "", blind(maybe), "it encrypts by default, and "+mssTrustWhy, tediousFix, none, mssTrusting()),
	}
	rules = append(rules, tediousRules("verify", "", "", "trustServerCertificate: false verifies the chain and the name", on, mssOff(mssTrust))...)
	rules = append(rules, tediousRules("verify-default", "6.6.5", "", "it encrypts by default, and trustServerCertificate: false verifies the chain and the name", none, mssOff(mssTrust))...)
	strict := tediousRules("strict", "16", "", "encrypt: 'strict' verifies the chain and the name, whatever trustServerCertificate says", mssStrict())
	rules = append(rules, strict...)
	for _, span := range []struct{ since, before string }{{"", "9"}, {"11.0.9", "15"}} {
		rules = append(rules,
			mssRule("unasked-trust", span.since, span.before, blind(maybe), trusting, tediousFix, on, valueAbsent(mssTrust)),
			mssRule("default-unasked-trust", cmp.Or(span.since, "6.6.5"), span.before, blind(maybe), trusting, tediousFix, none, valueAbsent(mssTrust)))
	}
	for _, span := range []struct{ since, before string }{{"9", "11.0.9"}, {"15", ""}} {
		rules = append(rules, tediousRules("default", span.since, span.before, "trustServerCertificate is false by default in this version: the chain and the name are verified", valueAbsent(mssTrust),
			clientconfig.Condition{Option: mssEncrypt, Absent: true, Is: on.Is})...)
	}
	return clientconfig.Driver{ID: "tedious", Name: "tedious (Node)", Engine: mssEngine, Packages: []string{"npm:tedious"}, Rules: ruled("tedious", tediousSource, rules...)}
}

// nodeMSSQL is the package mssql, which drives tedious and has defaults of its
// own: since 7 it passes trustServerCertificate: false.
func nodeMSSQL() clientconfig.Driver {
	maybe := clientconfig.EncryptsMaybe
	on := clientconfig.Condition{Option: mssEncrypt, Absent: true, Is: mssOn(mssEncrypt).Is}
	rules := []clientconfig.Rule{
		mssRule("off", "6", "", plain(), "encrypt: false never encrypts, and fails when the server forces it", tediousFix, mssOff(mssEncrypt)),
		mssRule("trust", "6", "", blind(maybe), mssTrustWhy, tediousFix, on, mssTrusting()),
		mssRule("old-default", "6", "7", blind(maybe), "before 7 trustServerCertificate is true by default: any certificate is accepted", tediousFix, on, valueAbsent(mssTrust)),
	}
	rules = append(rules, tediousRules("verify", "6", "", "trustServerCertificate: false verifies the chain and the name", on, mssOff(mssTrust))...)
	rules = append(rules, tediousRules("default", "7", "", "it encrypts and verifies the chain and the name by default since 7", on, valueAbsent(mssTrust))...)
	return clientconfig.Driver{ID: "mssql", Name: "mssql (Node)", Engine: mssEngine, Packages: []string{"npm:mssql"},
		Rules: ruled("mssql", "https://github.com/tediousjs/node-mssql#tedious", rules...)}
}

// goMSSQL is Go's driver. Its rules were read in msdsn.parseTLS of v1.11.2.
func goMSSQL() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "write encrypt=true and, for a CA that the system does not have, certificate=FILE"
	on, off := valueIs(mssEncrypt, "true", "yes", "1", "t", "mandatory"), valueIs(mssEncrypt, "false", "no", "0", "f", "optional")
	verified := func(id string, e clientconfig.Encrypts, why, fix string, conditions ...clientconfig.Condition) []clientconfig.Rule {
		own := mssRule(id+"/certificate", "", "", full(e, inFile("")), why, fix, append([]clientconfig.Condition{valueGiven("certificate")}, conditions...)...)
		own.TrustOption = "certificate"
		return []clientconfig.Rule{own, mssRule(id, "", "", full(e, system()), why, fix, conditions...)}
	}
	pin := mssRule("servercertificate", "1.9.6", "", pinned(), mssPinWhy, "name the CA in certificate instead", valueGiven(mssPinned), valueIs(mssEncrypt, append(on.Is, "strict")...))
	pin.TrustOption = mssPinned
	rules := []clientconfig.Rule{
		pin,
		mssRule("disable", "", "", full(maybe, system()), "encrypt=disable sends the login and all else in the clear, unless the server forces encryption: then it goes on with TLS, and verifies against the system's roots", fix, valueIs(mssEncrypt, "disable")),
		mssRule("trust", "", "", blind(always), mssTrustWhy, fix, on, mssTrusting()),
		mssRule("optional-trust", "", "", blind(maybe), "it encrypts only when the server forces it, and "+mssTrustWhy, fix, off, mssTrusting()),
		mssRule("default", "", "", blind(maybe), "without encrypt it encrypts only when the server forces it, and trusts any certificate", fix,
			valueAbsent(mssEncrypt), clientconfig.Condition{Option: mssTrust, Absent: true, Is: mssTrusting().Is}),
	}
	rules = append(rules, verified("strict", always, "encrypt=strict verifies the chain and the name; TrustServerCertificate does nothing then", "", mssStrict())...)
	rules = append(rules, verified("encrypt", always, "it encrypts and verifies the chain and the name", "", on, mssAsking())...)
	rules = append(rules, verified("optional", maybe, "it encrypts the session only when the server forces it; the certificate is verified at the login in any case", fix, off, mssAsking())...)
	rules = append(rules, verified("default-verify", maybe, "without encrypt it encrypts the session only when the server forces it; TrustServerCertificate=false has the certificate verified at the login", fix, valueAbsent(mssEncrypt), mssOff(mssTrust))...)
	return clientconfig.Driver{ID: "go-mssqldb", Name: "go-mssqldb", Engine: mssEngine,
		Packages: []string{"go:github.com/microsoft/go-mssqldb", "go:github.com/denisenkom/go-mssqldb"},
		Rules:    ruled("go-mssqldb", "https://learn.microsoft.com/sql/connect/golang/encryption-certificates", rules...)}
}

// freeTDS is the library, its commands and what is linked with it: pymssql, its
// ODBC driver, PHP's and Ruby's. "encryption" is as freetds.conf has it. It
// verifies when there is a "ca file", and only then.
func freeTDS() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "write encryption = require, and ca file = FILE with the trust bundle, in freetds.conf"
	required, request := valueIs("encryption", "require", "required", "strict"), clientconfig.Condition{Option: "encryption", Absent: true, Is: []string{"request"}}
	noName := valueIs("check certificate hostname", "no", "off", "0", "false")
	rules := []clientconfig.Rule{mssRule("off", "", "", blind(maybe), "encryption = off encrypts only when the server forces it, and then accepts any certificate", fix, valueIs("encryption", "off"), valueAbsent("ca file"))}
	add := func(id string, e clientconfig.Encrypts, why string, mode clientconfig.Condition) {
		elsewhere := clientconfig.Effect{Encrypts: e, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)}
		rules = append(rules, mssRule(id+"-elsewhere", "", "", elsewhere, why+"; whether it verifies is decided by ca file in freetds.conf, which is not here", fix, mode, valueIs("config", "elsewhere")))
		everyOne := mssRule(id+"-system", "", "", full(e, system()), why+"; ca file = system verifies the chain and the name against the system's roots", "", mode, valueIs("ca file", "system"))
		chain := mssRule(id+"-chain", "", "", chained(e, inFile("")), why+"; the chain is verified, and no name", "leave check certificate hostname out", mode, valueGiven("ca file"), noName)
		name := mssRule(id+"-ca", "", "", full(e, inFile("")), why+"; the chain and the name are verified against ca file", "", mode, valueGiven("ca file"))
		chain.TrustOption, name.TrustOption = "ca file", "ca file"
		rules = append(rules, everyOne, chain, name, mssRule(id, "", "", blind(e), why+"; without ca file nothing is verified", fix, mode, valueAbsent("ca file")))
	}
	add("require", always, "it always encrypts", required)
	add("request", maybe, "it encrypts the session when the server forces it", request)
	return clientconfig.Driver{ID: "freetds", Name: "FreeTDS", Engine: mssEngine,
		Packages: []string{"pypi:pymssql", "gem:tiny_tds", "deb:freetds-bin", "deb:tdsodbc", "deb:php-sybase", "apk:freetds"},
		Rules:    ruled("freetds", "https://www.freetds.org/userguide/freetdsconf.htm", rules...)}
}
