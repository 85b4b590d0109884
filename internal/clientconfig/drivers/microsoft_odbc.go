package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

const (
	odbcFix    = "write Encrypt=yes;TrustServerCertificate=no, and have the CA in the system's trust store"
	oledbTable = "https://learn.microsoft.com/sql/connect/oledb/features/encryption-and-certificate-validation"
)

// msODBC is Microsoft's ODBC driver; its name says its major version: "ODBC
// Driver 17 for SQL Server".
func msODBC() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	pin := mssRule("strict-servercertificate", "18.1", "", pinned(), mssPinWhy, mssPinFix, mssStrict(), valueGiven(mssPinned))
	pin.TrustOption = mssPinned
	return clientconfig.Driver{
		ID: "msodbcsql", Name: "Microsoft ODBC Driver for SQL Server", Engine: mssEngine, Packages: []string{"deb:msodbcsql17", "deb:msodbcsql18", "rpm:msodbcsql17", "rpm:msodbcsql18"},
		Rules: ruled("msodbcsql", odbcTables,
			pin,
			mssRule("strict", "18", "", full(always, system()), "Encrypt=strict verifies the chain and the name; TrustServerCertificate does nothing then", "", mssStrict()),
			mssRule("encrypt-trust", "", "", blind(always), mssTrustWhy, odbcFix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "it encrypts and verifies the chain and the name against the system's trust store", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("optional-trust", "18", "", blind(maybe), "it encrypts only when the server forces it, and "+mssTrustWhy, odbcFix, mssOff(mssEncrypt), mssTrusting()),
			mssRule("optional", "18", "", full(maybe, system()), "it encrypts only when the server forces it, and then verifies the chain and the name (since 18)", odbcFix, mssOff(mssEncrypt), mssAsking()),
			mssRule("default-trust", "18", "", blind(always), "it encrypts by default since 18, and "+mssTrustWhy, odbcFix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("default", "18", "", full(always, system()), "it encrypts by default since 18, and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
			mssRule("old-optional", "", "18", blind(maybe), "it encrypts only when the server forces it, and verifies nothing (before 18)", odbcFix, mssOff(mssEncrypt)),
			mssRule("old-default", "", "18", blind(maybe), "before 18 it encrypts only when the server forces it, and verifies nothing", odbcFix, valueAbsent(mssEncrypt)),
		),
	}
}

// msOLEDB is MSOLEDBSQL (18) and MSOLEDBSQL19. In 19 TrustServerCertificate
// counts only where the registry allows it, so what it does is not known here.
func msOLEDB() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "write Encrypt=Mandatory (18: Use Encryption for Data=True) and Trust Server Certificate=False"
	registry := clientconfig.Effect{Encrypts: always, Verifies: clientconfig.VerifiesUnknown, Trust: from(clientconfig.TrustUnknown)}
	const registryWhy = "TrustServerCertificate counts only when the machine's registry says Trust Server Certificate=1 too; without it the certificate is verified"
	return clientconfig.Driver{
		ID: "msoledbsql", Name: "Microsoft OLE DB Driver for SQL Server", Engine: mssEngine,
		Rules: ruled("msoledbsql", oledbTable,
			mssRule("strict", "19", "", full(always, system()), "Encrypt=Strict verifies the chain and the name", "", mssStrict()),
			mssRule("encrypt-registry", "19", "", registry, registryWhy, fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("default-registry", "19", "", registry, "it encrypts by default since 19; "+registryWhy, fix, valueAbsent(mssEncrypt), mssTrusting()),
			mssRule("encrypt-trust", "", "19", blind(always), mssTrustWhy, fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "it encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("default", "19", "", full(always, system()), "it encrypts by default since 19, and verifies the chain and the name", "", valueAbsent(mssEncrypt), mssAsking()),
			mssRule("optional", "", "19", blind(maybe), "it encrypts only when the server forces it, and skips the verification (before 19)", fix, mssOff(mssEncrypt)),
			mssRule("old-default", "", "19", blind(maybe), "before 19 it encrypts only when the server forces it, and skips the verification", fix, valueAbsent(mssEncrypt), valueAbsent("authentication")),
			mssRule("new-optional", "19", "", full(maybe, system()), "it encrypts only when the server forces it, and then verifies (since 19)", fix, mssOff(mssEncrypt), mssAsking()),
		),
	}
}

// nativeClient is SQL Server Native Client, for ODBC and OLE DB, which Microsoft
// supports no more.
func nativeClient() clientconfig.Driver {
	always, maybe := clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe
	const fix = "use Microsoft's ODBC or OLE DB driver with Encrypt=yes;TrustServerCertificate=no"
	return clientconfig.Driver{
		ID: "sqlncli", Name: "SQL Server Native Client", Engine: mssEngine,
		Rules: ruled("sqlncli", "https://learn.microsoft.com/sql/relational-databases/native-client/features/using-encryption-without-validation",
			mssRule("encrypt-trust", "", "", blind(always), mssTrustWhy, fix, mssOn(mssEncrypt), mssTrusting()),
			mssRule("encrypt", "", "", full(always, system()), "it encrypts and verifies the chain and the name", "", mssOn(mssEncrypt), mssAsking()),
			mssRule("optional", "", "", blind(maybe), "it encrypts only when the server forces it; TrustServerCertificate counts with Encrypt=yes alone", fix, mssOff(mssEncrypt)),
			mssRule("default", "", "", blind(maybe), "it encrypts only when the server forces it", fix, valueAbsent(mssEncrypt)),
		),
	}
}

// oldODBC is the driver called "SQL Server" that Windows brings along. What it
// verifies was not found written down: no rule.
func oldODBC() clientconfig.Driver {
	return clientconfig.Driver{ID: "sqlsrv32", Name: "the ODBC driver \"SQL Server\" of Windows", Engine: mssEngine}
}
