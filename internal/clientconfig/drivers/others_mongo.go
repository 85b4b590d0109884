package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// The options of MongoDB's URIs, lower case; the older names (ssl,
// sslCertificateAuthorityFile, …) are folded into these by the reader.
const (
	mongoTLS      = "tls"
	mongoCA       = "tlscafile"
	mongoInsecure = "tlsinsecure"
	mongoAnyCert  = "tlsallowinvalidcertificates"
	mongoAnyName  = "tlsallowinvalidhostnames"
	mongoFix      = "write tls=true&tlsCAFile=FILE, the trust bundle, and nothing that allows invalid certificates"
	mongoSpec     = "https://www.mongodb.com/docs/manual/reference/connection-string-options/#tls-options"
)

// mongo lists MongoDB's drivers, which share one specification of the URI, and
// where they do not: whose roots are used, what Go's driver leaves out.
func mongo() []clientconfig.Driver {
	return []clientconfig.Driver{
		{ID: "mongodb-uri", Name: "a MongoDB URI whose driver nothing tells", Engine: "mongodb", Rules: ruled("mongodb-uri", mongoSpec, mongoRules(clientconfig.TrustSystem)...)},
		{ID: "mongosh", Name: "mongosh", Engine: "mongodb", Packages: []string{"npm:mongosh"}, Rules: ruled("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/#tls-options", mongoRules(clientconfig.TrustUnknown)...)},
		{ID: "mongo-shell", Name: "mongo, mongodump and the other tools", Engine: "mongodb", Rules: ruled("mongo-shell", "https://www.mongodb.com/docs/database-tools/mongodump/", mongoRules(clientconfig.TrustSystem)...)},
		{ID: "mongodb-node", Name: "MongoDB Node.js driver", Engine: "mongodb", Packages: []string{"npm:mongodb", "npm:mongoose"}, Rules: ruled("mongodb-node", "https://www.mongodb.com/docs/drivers/node/current/security/tls/", mongoRules(clientconfig.TrustBundled)...)},
		{ID: "pymongo", Name: "PyMongo", Engine: "mongodb", Packages: []string{"pypi:pymongo", "pypi:motor"}, Rules: ruled("pymongo", "https://www.mongodb.com/docs/languages/python/pymongo-driver/current/security/tls/", mongoRules(clientconfig.TrustSystem)...)},
		{ID: "mongo-go", Name: "MongoDB Go driver", Engine: "mongodb", Packages: []string{"go:go.mongodb.org/mongo-driver", "go:go.mongodb.org/mongo-driver/v2"}, Rules: mongoGo()},
	}
}

// mongoGo: its URI knows tlsInsecure and neither of the finer two, which it
// ignores.
func mongoGo() []clientconfig.Rule {
	const ignores = "; Go's driver ignores tlsAllowInvalidCertificates and tlsAllowInvalidHostnames"
	always := clientconfig.EncryptsAlways
	tls := valueIs(mongoTLS, "true")
	return ruled("mongo-go", "https://pkg.go.dev/go.mongodb.org/mongo-driver/v2/mongo/options#ClientOptions.SetTLSConfig", append(mongoSwitch(),
		clientconfig.Rule{ID: "true", When: when(tls, valueGiven(mongoCA), valueAbsent(mongoInsecure)), Then: full(always, inFile("")), TrustOption: mongoCA, Why: "tls=true verifies chain and name" + ignores},
		clientconfig.Rule{ID: "true-default-roots", When: when(tls, valueAbsent(mongoCA), valueAbsent(mongoInsecure)), Then: full(always, from(clientconfig.TrustSystem)), Fix: mongoFix,
			Why: "tls=true verifies chain and name against the system's roots, which hold no CA of a database service" + ignores},
	)...)
}

// mongoSwitch are the rules that every driver shares.
func mongoSwitch() []clientconfig.Rule {
	return []clientconfig.Rule{
		{ID: "false", When: when(valueIs(mongoTLS, "false")), Then: plain(), Why: "tls=false never encrypts", Fix: mongoFix},
		{ID: "default", When: when(valueAbsent(mongoTLS)), Then: plain(), Why: "without tls=true it never encrypts", Fix: mongoFix},
		{ID: "insecure", When: when(valueIs(mongoTLS, "true"), valueIs(mongoInsecure, "true")), Then: blind(clientconfig.EncryptsAlways), Why: "tlsInsecure encrypts and verifies nothing", Fix: mongoFix},
	}
}

// mongoRules are the rules of MongoDB's specification of URI options, for a
// driver whose roots without tlsCAFile are of the given kind.
func mongoRules(roots clientconfig.TrustKind) []clientconfig.Rule {
	always := clientconfig.EncryptsAlways
	tls := valueIs(mongoTLS, "true")
	rules := append(mongoSwitch(), clientconfig.Rule{ID: "invalid-certificates", When: when(tls, valueIs(mongoAnyCert, "true")), Then: blind(always),
		Why: "tlsAllowInvalidCertificates encrypts and verifies nothing", Fix: mongoFix})
	for _, t := range []struct {
		id, why, fix string
		cond         clientconfig.Condition
		trust        clientconfig.Trust
	}{
		{"", "", "", valueGiven(mongoCA), inFile("")},
		{"-default-roots", ", against roots that hold no CA of a database service", mongoFix, valueAbsent(mongoCA), from(roots)},
	} {
		rules = append(rules,
			clientconfig.Rule{ID: "invalid-hostnames" + t.id, When: when(tls, valueIs(mongoAnyName, "true"), valueAbsent(mongoAnyCert), valueAbsent(mongoInsecure), t.cond), Then: chained(always, t.trust), TrustOption: mongoCA, Fix: mongoFix,
				Why: "tlsAllowInvalidHostnames verifies the chain and not the name" + t.why},
			clientconfig.Rule{ID: "true" + t.id, When: when(tls, t.cond, valueAbsent(mongoAnyName), valueAbsent(mongoAnyCert), valueAbsent(mongoInsecure)), Then: full(always, t.trust), TrustOption: mongoCA, Fix: t.fix,
				Why: "tls=true verifies chain and name" + t.why},
		)
	}
	return rules
}
