package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

const (
	adoSource    = "https://learn.microsoft.com/sql/connect/ado-net/encryption-and-certificate-validation"
	adoForcedWhy = "it encrypts only when the server forces it, and then verifies the chain and the name (since 2.0)"
	adoBlindWhy  = "it encrypts only when the server forces it, and verifies nothing (before 2.0)"
)

// microsoftSQLClient is ADO.NET's driver of the package
// Microsoft.Data.SqlClient. It verifies what a server forces it to encrypt since
// 2.0, encrypts by default since 4.0, and knows Strict since 5.0.
func microsoftSQLClient() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	pin := mssRule("strict-servercertificate", "5.1", "", pinned(), mssPinWhy, mssPinFix, mssStrict(), valueGiven(mssPinned))
	pin.TrustOption = mssPinned
	pinAlso := mssRule("encrypt-servercertificate", "5.1", "", pinned(), mssPinWhy, mssPinFix, mssOn(mssEncrypt), mssAsking(), valueGiven(mssPinned))
	pinAlso.TrustOption = mssPinned
	asked := mssRule("encrypt", "", "", full(always, system()), "it encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking())
	asked.Source = "seed 003"
	return clientconfig.Driver{
		ID: "microsoft-data-sqlclient", Name: "Microsoft.Data.SqlClient", Engine: mssEngine,
		Packages: []string{"nuget:Microsoft.Data.SqlClient"},
		Rules: ruled("microsoft-data-sqlclient", adoSource,
			pin,
			mssRule("strict", "5.0", "", full(always, system()), "Encrypt=Strict verifies the chain and the name; TrustServerCertificate does nothing then", "", mssStrict()),
			mssRule("encrypt-trust", "", "", blind(always), mssTrustWhy, mssFix, mssOn(mssEncrypt), mssTrusting()),
			pinAlso, asked,
			mssRule("optional-trust", "", "", blind(maybe), "it encrypts only when the server forces it, and "+mssTrustWhy, mssFix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional-old", "", "2.0", blind(maybe), adoBlindWhy, mssFix, mssOff(mssEncrypt), mssAsking()),
			mssRule("optional", "2.0", "", full(maybe, system()), adoForcedWhy, mssFix, mssOff(mssEncrypt), mssAsking()),
			mssRule("default-trust", "4.0", "", blind(always), "it encrypts by default since 4.0, and "+mssTrustWhy, mssFix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "4.0", "", full(always, system()), "it encrypts by default since 4.0, and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
			mssRule("old-default-trust", "", "4.0", blind(maybe), "before 4.0 it encrypts only when the server forces it, and "+mssTrustWhy, mssFix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default-2", "2.0", "4.0", full(maybe, system()), adoForcedWhy+"; it encrypts by default since 4.0", mssFix, valueAbsent(mssEncrypt), mssAsking()),
			mssRule("default-1", "", "2.0", blind(maybe), adoBlindWhy+"; it encrypts by default since 4.0", mssFix, valueAbsent(mssEncrypt), mssAsking()),
		),
	}
}

// systemSQLClient is System.Data.SqlClient, of .NET Framework and as a package:
// it does in all versions what Microsoft.Data.SqlClient did before 2.0.
func systemSQLClient() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const why = "it encrypts only when the server forces it, and verifies nothing; TrustServerCertificate counts with Encrypt=True alone"
	return clientconfig.Driver{
		ID: "system-data-sqlclient", Name: "System.Data.SqlClient", Engine: mssEngine, Packages: []string{"nuget:System.Data.SqlClient"},
		Rules: ruled("system-data-sqlclient", "https://learn.microsoft.com/dotnet/api/system.data.sqlclient.sqlconnection.connectionstring",
			mssRule("encrypt-trust", "", "", blind(always), mssTrustWhy, mssFix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "it encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("optional", "", "", blind(maybe), why, mssFix, mssOff(mssEncrypt)),
			mssRule("default", "", "", blind(maybe), why+"; Encrypt is False by default", mssFix, valueAbsent(mssEncrypt)),
		),
	}
}

// managementStudio is SSMS: "encrypt" is its box or list "Encrypt connection" of
// the connect page, "trustservercertificate" the box below it. 20 and later ask
// for it by default.
func managementStudio() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "choose Mandatory (before 20: check Encrypt connection) and leave Trust server certificate unchecked"
	return clientconfig.Driver{
		ID: "ssms", Name: "SQL Server Management Studio", Engine: mssEngine,
		Rules: ruled("ssms", "https://learn.microsoft.com/ssms/quickstarts/ssms-connect-query-sql-server",
			mssRule("strict", "20", "", full(always, system()), "Strict verifies the chain and the name", "", mssStrict()),
			mssRule("encrypt-trust", "", "", blind(always), "Trust server certificate accepts any certificate", fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "Encrypt connection is chosen: it verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("default-trust", "20", "", blind(always), "Mandatory is the default since 20, and Trust server certificate accepts any certificate", fix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "20", "", full(always, system()), "Mandatory is the default since 20: it verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
			mssRule("optional-trust", "", "", blind(maybe), "the server decides about encryption, and any certificate is accepted", fix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional", "", "", clientconfig.Effect{Encrypts: maybe, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)},
				"the server decides about encryption; whether its certificate is verified then depends on the SqlClient that this SSMS brings", fix, mssOff(mssEncrypt)),
			mssRule("old-default", "", "20", clientconfig.Effect{Encrypts: maybe, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)},
				"before 20 Encrypt connection is not chosen by default: the server decides", fix, valueAbsent(mssEncrypt)),
		),
	}
}
