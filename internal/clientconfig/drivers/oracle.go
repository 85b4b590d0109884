package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	oraEngine   = "oracle-ee"
	oraProtocol = "protocol"
	oraMatch    = "ssl_server_dn_match"
	oraWallet   = "wallet_location"
	oraSource   = "https://docs.oracle.com/en/database/oracle/oracle-database/19/dbseg/enabling-distinguished-name-matching.html"
	oraODPNET   = "https://docs.oracle.com/en/database/oracle/oracle-database/23/odpnt/ConfigurationSSLServerDNMatch.html"
	oraPython   = "https://python-oracledb.readthedocs.io/en/latest/api_manual/module.html"
	oraFix      = "connect with PROTOCOL=TCPS and SSL_SERVER_DN_MATCH=yes, and have the CA in the client's wallet"
	oraPlainWhy = "PROTOCOL=TCP carries no TLS; Oracle's native network encryption, where the server asks for it, knows no certificates"
)

// oracle is the family of Oracle's clients but its JDBC driver: those built on
// its C library, and those that speak the protocol themselves. "protocol" is of
// the address, "ssl_server_dn_match" of the connect string, sqlnet.ora or a
// parameter, "wallet_location" the directory of the wallet.
func oracle() []clientconfig.Driver {
	return []clientconfig.Driver{oracleClient(), pythonOracleDB(), nodeOracleDB(), odpNET(), goOra()}
}

func oraOn() clientconfig.Condition  { return valueIs(oraMatch, "yes", "on", "true", "1") }
func oraOff() clientconfig.Condition { return valueIs(oraMatch, "no", "off", "false", "0") }
func oraTCPS() clientconfig.Condition {
	return valueIs(oraProtocol, "tcps")
}

// oraPlain is TCP, written or by default.
func oraPlain() clientconfig.Rule {
	return mssRule("tcp", "", "", plain(), oraPlainWhy, oraFix, clientconfig.Condition{Option: oraProtocol, Absent: true, Is: []string{"tcp"}})
}

// oraStores repeats a rule: with the wallet that is named, and with the store
// that the client has when none is.
func oraStores(r clientconfig.Rule, other clientconfig.Trust) []clientconfig.Rule {
	named, unnamed := r, r
	named.ID, named.When, named.TrustOption = r.ID+"/wallet", slices.Concat(r.When, when(valueGiven(oraWallet))), oraWallet
	named.Then.Trust = from(clientconfig.TrustWallet)
	unnamed.When, unnamed.Then.Trust = slices.Concat(r.When, when(valueAbsent(oraWallet))), other
	return []clientconfig.Rule{named, unnamed}
}

// oracleClient is Oracle's C library: SQL*Plus, OCI, ODBC, cx_Oracle and the
// thick modes of Python and Node. Before 23 it matches no name unless it is told
// to; what later ones do by default was not found written down: unknown.
func oracleClient() clientconfig.Driver {
	always, unknown := clientconfig.EncryptsAlways, from(clientconfig.TrustUnknown)
	rules := slices.Concat([]clientconfig.Rule{oraPlain()},
		oraStores(mssRule("match", "", "", full(always, unknown), "SSL_SERVER_DN_MATCH verifies the name too", "", oraTCPS(), oraOn()), unknown),
		oraStores(mssRule("no-match", "", "", chained(always, unknown), "SSL_SERVER_DN_MATCH is off: the chain is verified, and any name will do", oraFix, oraTCPS(), oraOff()), unknown),
		oraStores(mssRule("default", "", "23", chained(always, unknown), "before 23 SSL_SERVER_DN_MATCH is off by default: the chain is verified, and any name will do", oraFix, oraTCPS(), valueAbsent(oraMatch)), unknown),
		oraStores(mssRule("default", "23", "", clientconfig.Effect{Encrypts: always, Verifies: clientconfig.VerifiesUnknown, Trust: unknown},
			"it verifies the chain; whether the name is matched when SSL_SERVER_DN_MATCH is not set is not known for 23 and later", "set SSL_SERVER_DN_MATCH=yes", oraTCPS(), valueAbsent(oraMatch)), unknown))
	return clientconfig.Driver{ID: "oracle-client", Name: "Oracle Client (SQL*Plus, OCI, ODBC, cx_Oracle)", Engine: oraEngine,
		Packages: []string{"pypi:cx-Oracle", "gem:ruby-oci8", "composer:ext-oci8", "nuget:Oracle.DataAccess"}, Rules: ruled("oracle-client", oraSource, rules...)}
}

// pythonOracleDB is python-oracledb in its thin mode, which reads no sqlnet.ora.
// It matches the host's name by default.
func pythonOracleDB() clientconfig.Driver {
	always, unknown := clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)
	rules := slices.Concat([]clientconfig.Rule{oraPlain()},
		oraStores(mssRule("no-match", "", "", chained(always, unknown), "ssl_server_dn_match is off: the chain is verified, and any name will do", "leave ssl_server_dn_match out", oraTCPS(), oraOff()), unknown),
		oraStores(mssRule("match", "", "", full(always, unknown), "thin mode verifies the chain and, by default, the name", "",
			oraTCPS(), clientconfig.Condition{Option: oraMatch, Absent: true, Is: oraOn().Is}), unknown))
	return clientconfig.Driver{ID: "python-oracledb", Name: "python-oracledb (thin mode)", Engine: oraEngine, Packages: []string{"pypi:oracledb"},
		Rules: ruled("python-oracledb", oraPython, rules...)}
}

// nodeOracleDB is node-oracledb in its thin mode, since 6.
func nodeOracleDB() clientconfig.Driver {
	always, unknown := clientconfig.EncryptsAlways, from(clientconfig.TrustBundled)
	rules := slices.Concat([]clientconfig.Rule{oraPlain()},
		oraStores(mssRule("no-match", "6", "", chained(always, unknown), "sslServerDNMatch is off: the chain is verified, and any name will do", "leave sslServerDNMatch out", oraTCPS(), oraOff()), unknown),
		oraStores(mssRule("match", "6", "", full(always, unknown), "thin mode verifies the chain and, by default, the name", "",
			oraTCPS(), clientconfig.Condition{Option: oraMatch, Absent: true, Is: oraOn().Is}), unknown))
	return clientconfig.Driver{ID: "node-oracledb", Name: "node-oracledb (thin mode)", Engine: oraEngine, Packages: []string{"npm:oracledb"},
		Rules: ruled("node-oracledb", "https://node-oracledb.readthedocs.io/en/latest/api_manual/oracledb.html", rules...)}
}

// odpNET is Oracle Data Provider for .NET, managed and core.
func odpNET() clientconfig.Driver {
	always, other := clientconfig.EncryptsAlways, from(clientconfig.TrustUnknown)
	rules := slices.Concat([]clientconfig.Rule{oraPlain()},
		oraStores(mssRule("match", "", "", full(always, other), "SSL_SERVER_DN_MATCH verifies the name too", "", oraTCPS(), oraOn()), other),
		oraStores(mssRule("no-match", "", "", chained(always, other), "SSLServerDNMatch is false by default: the chain is verified, and any name will do", oraFix,
			oraTCPS(), clientconfig.Condition{Option: oraMatch, Absent: true, Is: oraOff().Is}), other))
	return clientconfig.Driver{ID: "odp-net", Name: "Oracle Data Provider for .NET", Engine: oraEngine,
		Packages: []string{"nuget:Oracle.ManagedDataAccess", "nuget:Oracle.ManagedDataAccess.Core", "nuget:Oracle.EntityFrameworkCore"}, Rules: ruled("odp-net", oraODPNET, rules...)}
}

// goOra is a driver in Go. Its rules were read in v2.8.24: "ssl verify" is true
// by default, and then crypto/tls verifies the chain and the host's name.
func goOra() clientconfig.Driver {
	const fix = "write oracle://…?SSL=true&SSL Verify=true&WALLET=DIR"
	always, other := clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)
	rules := slices.Concat([]clientconfig.Rule{
		oraPlain(),
		mssRule("no-verify", "", "", blind(always), "SSL Verify=false accepts any certificate", fix, oraTCPS(), valueIs("ssl verify", "false", "disable", "disabled", "0", "no", "off")),
	}, oraStores(mssRule("verify", "", "", full(always, other), "it verifies the chain and the host's name", "", oraTCPS(),
		clientconfig.Condition{Option: "ssl verify", Absent: true, Is: []string{"true", "enable", "enabled"}}), other))
	return clientconfig.Driver{ID: "go-ora", Name: "go-ora", Engine: oraEngine, Packages: []string{"go:github.com/sijms/go-ora/v2", "go:github.com/sijms/go-ora"},
		Rules: ruled("go-ora", "https://github.com/sijms/go-ora#ssl-connection", rules...)}
}
