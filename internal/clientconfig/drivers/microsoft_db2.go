package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	db2Hostname = "https://www.ibm.com/docs/en/db2/12.1?topic=transit-hostname-validation"
	db2Engine   = "db2-ae"
)

// db2CLI is IBM's client for CLI, ODBC, .NET and Python (db2dsdriver.cfg and
// connection strings). It checks names since 11.5.6, when it is told to; what
// 12.1 does by default is not known here.
func db2CLI() clientconfig.Driver {
	always := clientconfig.EncryptsAlways
	const fix = "write Security=SSL;SSLServerCertificate=FILE;SSLClientHostnameValidation=Basic"
	ssl, basic := valueIs("security", "ssl"), valueIs("sslclienthostnamevalidation", "basic")
	noName := clientconfig.Condition{Option: "sslclienthostnamevalidation", Absent: true, Is: []string{"off"}}
	with := func(option string, kind clientconfig.TrustKind) func(id, since, before string, then clientconfig.Verifies, why, fix string, conditions ...clientconfig.Condition) clientconfig.Rule {
		return func(id, since, before string, then clientconfig.Verifies, why, fix string, conditions ...clientconfig.Condition) clientconfig.Rule {
			r := mssRule(id, since, before, clientconfig.Effect{Encrypts: always, Verifies: then, Trust: clientconfig.Trust{Kind: kind}}, why, fix, append(conditions, ssl)...)
			if option != "" {
				r.ID, r.TrustOption, r.When = id+"/"+option, option, append(r.When, valueGiven(option))
			}
			return r
		}
	}
	rules := []clientconfig.Rule{mssRule("plain", "", "", plain(), "without Security=SSL it never encrypts", fix, valueAbsent("security"))}
	for _, where := range []func(id, since, before string, then clientconfig.Verifies, why, fix string, conditions ...clientconfig.Condition) clientconfig.Rule{
		with("sslservercertificate", clientconfig.TrustFile), with("sslclientkeystoredb", clientconfig.TrustUnknown), with("", clientconfig.TrustUnknown),
	} {
		rules = append(rules,
			where("name", "11.5.6", "", clientconfig.VerifiesName, "it verifies the chain and the host's name", "", basic),
			where("chain", "11.5.6", "12.1", clientconfig.VerifiesChain, "it verifies the chain; names are checked with SSLClientHostnameValidation=Basic alone", fix, noName),
			where("old-chain", "", "11.5.6", clientconfig.VerifiesChain, "before 11.5.6 it verifies the chain and cannot check names", fix))
	}
	return clientconfig.Driver{ID: "db2-cli", Name: "IBM Data Server Driver (CLI, ODBC, .NET, Python)", Engine: db2Engine,
		Packages: []string{"pypi:ibm-db", "npm:ibm_db", "nuget:Net.IBM.Data.Db2", "nuget:IBM.Data.DB2.Core"}, Rules: ruled("db2-cli", db2Hostname, rules...)}
}

// db2JDBC is IBM's JDBC driver, type 4. Its chain is verified wherever
// sslConnection is true; names only when it is told to.
func db2JDBC() clientconfig.Driver {
	const (
		source = "https://www.ibm.com/docs/en/db2/11.5?topic=pdsdjs-common-data-server-driver-jdbc-sqlj-properties"
		fix    = "write sslConnection=true;sslTrustStoreLocation=FILE;sslClientHostnameValidation=BASIC"
	)
	rules := []clientconfig.Rule{
		mssRule("plain", "", "", plain(), "without sslConnection=true it never encrypts", fix, clientconfig.Condition{Option: "sslconnection", Absent: true, Is: []string{"false"}}),
	}
	for _, store := range []struct {
		option string
		kind   clientconfig.TrustKind
	}{{"ssltruststorelocation", clientconfig.TrustKeystore}, {"sslcertlocation", clientconfig.TrustFile}, {"", clientconfig.TrustJava}} {
		on, id := []clientconfig.Condition{valueIs("sslconnection", "true")}, ""
		if store.option != "" {
			on, id = append(on, valueGiven(store.option)), "/"+store.option
		}
		trust := clientconfig.Trust{Kind: store.kind}
		name := mssRule("name"+id, "", "", full(clientconfig.EncryptsAlways, trust), "it verifies the chain and the host's name", "", slices.Concat(on, when(valueIs("sslclienthostnamevalidation", "basic")))...)
		chain := mssRule("chain"+id, "", "12.1", chained(clientconfig.EncryptsAlways, trust), "it verifies the chain; names are checked with sslClientHostnameValidation=BASIC alone", fix,
			slices.Concat(on, when(clientconfig.Condition{Option: "sslclienthostnamevalidation", Absent: true, Is: []string{"off"}}))...)
		name.TrustOption, chain.TrustOption = store.option, store.option
		rules = append(rules, name, chain)
	}
	return clientconfig.Driver{ID: "db2-jdbc", Name: "IBM Data Server Driver for JDBC and SQLJ", Engine: db2Engine,
		Packages: []string{"maven:com.ibm.db2:jcc", "maven:com.ibm.db2.jcc:db2jcc4", "maven:com.ibm.db2.jcc:db2jcc"}, Rules: ruled("db2-jdbc", source, rules...)}
}

// jConnect is SAP's JDBC driver for ASE. How it verifies is decided by the socket
// factory that SYBSOCKET_FACTORY names, which is a program: no rule beyond that.
func jConnect() clientconfig.Driver {
	return clientconfig.Driver{ID: "jconnect", Name: "SAP jConnect for JDBC", Engine: "sybase",
		Rules: ruled("jconnect", "http://infocenter.sybase.com/help/topic/com.sybase.infocenter.dc39001.0707110/doc/html/har1355981355759.html",
			mssRule("factory", "", "", untold(), "SYBSOCKET_FACTORY names a Java class that makes the sockets: it decides about TLS", "read that class, and test it with a server it must refuse", valueGiven("sybsocket_factory")))}
}
