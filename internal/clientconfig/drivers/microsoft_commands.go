package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	sqlcmdSource    = "https://learn.microsoft.com/sql/connect/odbc/linux-mac/connecting-with-sqlcmd"
	sqlcmdFix       = "write -N and leave -C out, and have the CA in the system's trust store"
	odbcTables      = "https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute#encrypt"
	bcpSource       = "https://learn.microsoft.com/sql/tools/bcp/bcp-download-install"
	goSQLCmdSource  = "https://github.com/microsoft/go-sqlcmd"
	invokeSource    = "https://learn.microsoft.com/powershell/module/sqlserver/invoke-sqlcmd"
	commandTrustWhy = "-C accepts any certificate"
)

// sqlcmd is the command that is built on the ODBC driver and versioned with it:
// mssql-tools is 17 and mssql-tools18 is 18. "encrypt" is what -N says,
// "trustservercertificate" is -C.
func sqlcmd() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	asked := mssRule("encrypt", "", "", full(always, system()), "-N encrypts and verifies the chain and the name against the system's trust store", "", mssOn(mssEncrypt), mssAsking())
	trusted := mssRule("encrypt-trust", "", "", blind(always), commandTrustWhy+", with -N too", sqlcmdFix, mssOn(mssEncrypt), mssTrusting())
	asked.Source, trusted.Source = "seed 003", "seed 003"
	return clientconfig.Driver{
		ID: "sqlcmd", Name: "sqlcmd (ODBC)", Engine: mssEngine, Packages: []string{"deb:mssql-tools", "deb:mssql-tools18", "rpm:mssql-tools", "rpm:mssql-tools18"},
		Rules: ruled("sqlcmd", sqlcmdSource, slices.Concat([]clientconfig.Rule{
			mssRule("strict", "18", "", full(always, system()), "-Ns verifies the chain and the name; -C does nothing then", "", mssStrict()),
			trusted, asked,
			mssRule("optional-trust", "18", "", blind(maybe), "-No leaves encryption to the server, and -C accepts any certificate", sqlcmdFix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional", "18", "", full(maybe, system()), "-No leaves encryption to the server; when it forces it, the certificate is verified", sqlcmdFix, mssOff(mssEncrypt), mssAsking()),
			mssRule("old-default", "", "18", blind(maybe), "without -N, sqlcmd before 18 leaves encryption to the server and verifies nothing", sqlcmdFix, valueAbsent(mssEncrypt)),
			mssRule("default-trust", "18", "", blind(always), "sqlcmd 18 encrypts by default, and "+commandTrustWhy, sqlcmdFix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "18", "", full(always, system()), "sqlcmd 18 encrypts by default and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
		})...),
	}
}

// bcp is sqlcmd's sister: before 18 it has no switch for encryption.
func bcp() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "use bcp 18 or later without -u, and have the CA in the system's trust store"
	return clientconfig.Driver{
		ID: "bcp", Name: "bcp", Engine: mssEngine,
		Rules: ruled("bcp", bcpSource,
			mssRule("old", "", "18", blind(maybe), "bcp before 18 cannot ask for encryption: it leaves it to the server and verifies nothing", fix),
			mssRule("strict", "18", "", full(always, system()), "-Ys verifies the chain and the name", "", mssStrict()),
			mssRule("mandatory-trust", "18", "", blind(always), "-u accepts any certificate", fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("mandatory", "18", "", full(always, system()), "-Ym encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("optional-trust", "18", "", blind(maybe), "-Yo leaves encryption to the server, and -u accepts any certificate", fix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional", "18", "", full(maybe, system()), "-Yo leaves encryption to the server; when it forces it, the certificate is verified", fix, mssOff(mssEncrypt), mssAsking()),
			mssRule("default-trust", "18", "", blind(always), "bcp 18 encrypts by default, and -u accepts any certificate", fix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "18", "", full(always, system()), "bcp 18 encrypts by default and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
		),
	}
}

// goSQLCmd is the sqlcmd that is written in Go. Nothing on a command line tells
// it from the other one, so it has to be named.
func goSQLCmd() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	return clientconfig.Driver{
		ID: "go-sqlcmd", Name: "sqlcmd (Go)", Engine: mssEngine, Packages: []string{"go:github.com/microsoft/go-sqlcmd"},
		Rules: ruled("go-sqlcmd", goSQLCmdSource,
			mssRule("strict", "", "", full(always, system()), "-Ns verifies the chain and the name; -C does nothing then", "", mssStrict()),
			mssRule("disable", "", "", plain(), "-N disable never encrypts", sqlcmdFix, valueIs(mssEncrypt, "disable")),
			mssRule("encrypt-trust", "", "", blind(always), commandTrustWhy+", with -N too", sqlcmdFix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "-N without -C encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("default", "", "", blind(maybe), "without -N and -C the server decides about encryption, and its certificate is not verified", sqlcmdFix, valueAbsent(mssEncrypt)),
		),
	}
}

// invokeSQLCmd is PowerShell's Invoke-Sqlcmd; versions are those of the module
// SqlServer.
func invokeSQLCmd() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "write -Encrypt Mandatory and leave -TrustServerCertificate out"
	return clientconfig.Driver{
		ID: "invoke-sqlcmd", Name: "Invoke-Sqlcmd", Engine: mssEngine, Packages: []string{"psgallery:SqlServer"},
		Rules: ruled("invoke-sqlcmd", invokeSource,
			mssRule("strict", "22", "", full(always, system()), "-Encrypt Strict verifies the chain and the name", "", mssStrict()),
			mssRule("mandatory-trust", "22", "", blind(always), mssTrustWhy, fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("mandatory", "22", "", full(always, system()), "-Encrypt Mandatory verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("optional-trust", "22", "", blind(maybe), "-Encrypt Optional leaves encryption to the server, and any certificate is accepted", fix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional", "22", "", full(maybe, system()), "-Encrypt Optional leaves encryption to the server; when it forces it, the certificate is verified", fix, mssOff(mssEncrypt), mssAsking()),
			mssRule("default-trust", "22", "", blind(always), "the module encrypts by default since 22, and "+mssTrustWhy, fix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "22", "", full(always, system()), "the module encrypts by default since 22, and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
			mssRule("encrypt-connection", "", "22", full(always, system()), "-EncryptConnection encrypts and verifies", "", mssOn(mssEncrypt)),
			mssRule("old-default", "", "22", clientconfig.Effect{Encrypts: maybe, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)},
				"before 22 it leaves encryption to the server; whether it verifies then depends on the SqlClient that the module brings", fix, valueAbsent(mssEncrypt)),
		),
	}
}
