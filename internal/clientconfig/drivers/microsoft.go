package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// microsoft is the family of SQL Server's clients, and FreeTDS with what is
// built on it. Their options have the same names here whatever the product
// calls them: "encrypt" and "trustservercertificate".
func microsoft() []clientconfig.Driver {
	return []clientconfig.Driver{
		sqlcmd(), goSQLCmd(), bcp(), invokeSQLCmd(), microsoftSQLClient(), systemSQLClient(), managementStudio(),
		msODBC(), msOLEDB(), nativeClient(), oldODBC(), tedious(), nodeMSSQL(), goMSSQL(), freeTDS(),
		psqlODBC(), mysqlODBC(), mariadbODBC(), db2CLI(), db2JDBC(), jConnect(),
	}
}

const (
	mssEncrypt  = "encrypt"
	mssTrust    = "trustservercertificate"
	mssHost     = "hostnameincertificate"
	mssPinned   = "servercertificate"
	mssEngine   = "sqlserver-ee"
	mssFix      = "write Encrypt=True;TrustServerCertificate=False, and have the CA in the client's trust store"
	mssPinWhy   = "the server's certificate must be this very one: its next renewal breaks the client, whatever CA signs it"
	mssPinFix   = "leave ServerCertificate out and have the chain verified"
	mssTrustWhy = "TrustServerCertificate accepts any certificate"
)

// The values that drivers of this family take for a switch.
func mssOn(option string) clientconfig.Condition {
	return valueIs(option, "true", "yes", "1", "mandatory", "required")
}
func mssOff(option string) clientconfig.Condition {
	return valueIs(option, "false", "no", "0", "optional", "off")
}
func mssStrict() clientconfig.Condition   { return valueIs(mssEncrypt, "strict") }
func mssTrusting() clientconfig.Condition { return mssOn(mssTrust) }

// mssAsking is a client that trusts no certificate unseen: TrustServerCertificate
// is off, as it is by default.
func mssAsking() clientconfig.Condition {
	return clientconfig.Condition{Option: mssTrust, Absent: true, Is: mssOff(mssTrust).Is}
}

// system is the operating system's trust store: Windows's own, or what OpenSSL
// reads by default.
func system() clientconfig.Trust { return from(clientconfig.TrustSystem) }

// pinned is a certificate that the server must present unchanged.
func pinned() clientconfig.Effect {
	return chained(clientconfig.EncryptsAlways, from(clientconfig.TrustServer))
}

// rule shortens the rows below.
func mssRule(id, since, before string, then clientconfig.Effect, why, fix string, conditions ...clientconfig.Condition) clientconfig.Rule {
	return clientconfig.Rule{ID: id, Since: since, Before: before, When: conditions, Then: then, Why: why, Fix: fix}
}
