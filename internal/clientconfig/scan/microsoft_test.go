package scan_test

import (
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

// said is what one string does, in the words of the output.
type said struct {
	text             string
	driver, version  string // --driver
	is               string // the driver that it was read as
	encrypts         clientconfig.Encrypts
	verifies         clientconfig.Verifies
	trust            clientconfig.Trust
	host, user, port string
}

const (
	always, maybe, never = clientconfig.EncryptsAlways, clientconfig.EncryptsMaybe, clientconfig.EncryptsNever
	nothing, chain, name = clientconfig.VerifiesNothing, clientconfig.VerifiesChain, clientconfig.VerifiesName
	unknown              = clientconfig.VerifiesUnknown
	hidden               = "hunter2-XYZZY"
)

// check reads each text and compares.
func check(t *testing.T, all map[string]said) {
	t.Helper()
	for sentence, s := range all {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			found, err := scan.Text(s.text, scan.Options{Driver: s.driver, Version: s.version})
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v %v", s.text, found, err)
			}
			f := found[0]
			if f.Encrypts != s.encrypts || f.Verifies != s.verifies {
				t.Errorf("%s\nencrypts %s, verifies %q; want %s, %q\n%s (%v)", s.text, f.Encrypts, f.Verifies, s.encrypts, s.verifies, f.Why, f.Outcomes)
			}
			if s.is != "" && f.Driver != s.is {
				t.Errorf("%s: read as %q, want %q", s.text, f.Driver, s.is)
			}
			if s.host != "" && f.Host != s.host || s.user != "" && f.User != s.user || s.port != "" && f.Port != s.port {
				t.Errorf("%s: host %q, port %q, user %q", s.text, f.Host, f.Port, f.User)
			}
			if s.trust != (clientconfig.Trust{}) && f.Trust != s.trust {
				t.Errorf("%s: trust %v, want %v", s.text, f.Trust, s.trust)
			}
			if out := strings.Join(append(f.Notes, f.Text, f.Why, f.Fix, f.Host, f.User, f.Database), " "); strings.Contains(out, hidden) {
				t.Errorf("%s: the password is in %s", s.text, out)
			}
		})
	}
}

var systemTrust = clientconfig.Trust{Kind: clientconfig.TrustSystem}

// TestSeed003 has what Amazon's page says of SQL Server's clients.
func TestSeed003(t *testing.T) {
	t.Parallel()
	check(t, map[string]said{
		"sqlcmd -N requires verification":         {text: "$ sqlcmd -N -S dbinstance.rds.amazon.com -d ExampleDB", is: "sqlcmd", encrypts: always, verifies: name, trust: systemTrust, host: "dbinstance.rds.amazon.com"},
		"sqlcmd -C trusts the server certificate": {text: "sqlcmd -N -C -S dbinstance.rds.amazon.com -d ExampleDB", encrypts: always, verifies: nothing},
		"the ADO.NET program": {
			text: `using SQLC = Microsoft.Data.SqlClient; ... static public void Main() { using (var connection = new SQLC.SqlConnection( "Server=tcp:dbinstance.rds.amazon.com;" + "Database=ExampleDB;User ID=LOGIN_NAME;" + "Password=` + hidden + `;" + "Encrypt=True;TrustServerCertificate=False;" )) { connection.Open(); ... }`,
			is:   "microsoft-data-sqlclient", encrypts: always, verifies: name, trust: systemTrust, host: "dbinstance.rds.amazon.com", user: "LOGIN_NAME"},
		"the same over lines": {
			text: "using SQLC = Microsoft.Data.SqlClient;\nusing (var connection = new SQLC.SqlConnection(\n  \"Server=tcp:dbinstance.rds.amazon.com;\" +\n  \"Database=ExampleDB;User ID=LOGIN_NAME;\" +\n  \"Password=YOUR_PASSWORD;\" +\n  \"Encrypt=True;TrustServerCertificate=False;\"\n))",
			is:   "microsoft-data-sqlclient", encrypts: always, verifies: name, host: "dbinstance.rds.amazon.com"},
		"TrustServerCertificate=true skips the validation":   {text: "Server=tcp:dbinstance.rds.amazon.com;Database=ExampleDB;User ID=a;Encrypt=True;TrustServerCertificate=true", encrypts: always, verifies: nothing},
		"Management Studio with Encrypt connection selected": {text: "SQL Server Management Studio: Encrypt connection is selected", is: "ssms", encrypts: always, verifies: name},
	})
}

// TestTrap29 is that Encrypt's default was flipped, and that people answer with
// TrustServerCertificate (dotnet/SqlClient 1993, 1836, 1402).
func TestTrap29EncryptsDefaultDependsOnTheVersion(t *testing.T) {
	t.Parallel()
	const text = "Server=db1;Database=shop;User ID=app;Password=" + hidden
	check(t, map[string]said{
		"before 2.0 it verifies nothing":                     {text: text, driver: "microsoft-data-sqlclient", version: "1.1.3", encrypts: maybe, verifies: nothing},
		"before 4.0 it encrypts when forced":                 {text: text, driver: "microsoft-data-sqlclient", version: "3.1.1", encrypts: maybe, verifies: name},
		"since 4.0 it encrypts and verifies":                 {text: text, driver: "microsoft-data-sqlclient", version: "4.0.0", encrypts: always, verifies: name},
		"without a version it is unknown":                    {text: text, encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"System.Data.SqlClient never flipped":                {text: text, driver: "system-data-sqlclient", version: "4.8.6", encrypts: maybe, verifies: nothing},
		"people answer TrustServerCertificate":               {text: text + ";TrustServerCertificate=True", driver: "microsoft-data-sqlclient", version: "5.2.0", encrypts: always, verifies: nothing},
		"Strict ignores TrustServerCertificate":              {text: text + ";Encrypt=Strict;TrustServerCertificate=True", driver: "microsoft-data-sqlclient", version: "5.2.0", encrypts: always, verifies: name},
		"Strict is unknown to 4.x":                           {text: text + ";Encrypt=Strict", driver: "microsoft-data-sqlclient", version: "4.1.0", encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"Mandatory with the words spelled apart":             {text: text + ";Encrypt=Mandatory;Trust Server Certificate=yes", driver: "microsoft-data-sqlclient", version: "5.0.0", encrypts: always, verifies: nothing},
		"a pinned certificate ends with it":                  {text: text + ";Encrypt=Strict;ServerCertificate=/etc/db.cer", driver: "microsoft-data-sqlclient", version: "5.1.0", encrypts: always, verifies: chain, trust: clientconfig.Trust{Kind: clientconfig.TrustServer, Path: "/etc/db.cer"}},
		"ODBC 17 leaves it to the server":                    {text: "Driver={ODBC Driver 17 for SQL Server};Server=db1,1433;UID=a;PWD={" + hidden + "}", is: "msodbcsql", encrypts: maybe, verifies: nothing, host: "db1", port: "1433"},
		"ODBC 18 encrypts and verifies":                      {text: "Driver={ODBC Driver 18 for SQL Server};Server=db1;UID=a;PWD=" + hidden, encrypts: always, verifies: name, trust: systemTrust},
		"ODBC 18 with Encrypt=no still verifies when forced": {text: "Driver={ODBC Driver 18 for SQL Server};Server=db1;UID=a;Encrypt=no", encrypts: maybe, verifies: name},
		"ODBC 17 with Encrypt=yes verifies":                  {text: "Driver={ODBC Driver 17 for SQL Server};Server=db1;Encrypt=yes;TrustServerCertificate=no", encrypts: always, verifies: name},
		"ODBC by its library":                                {text: "Driver=/opt/microsoft/msodbcsql18/lib64/libmsodbcsql-18.3.so.2.1;Server=db1;Database=x", encrypts: always, verifies: name},
		"sqlcmd 17 without -N":                               {text: "/opt/mssql-tools/bin/sqlcmd -S db1 -U sa -P " + hidden + " -Q 'select 1'", encrypts: maybe, verifies: nothing, user: "sa"},
		"sqlcmd 18 without -N":                               {text: "/opt/mssql-tools18/bin/sqlcmd -S db1 -U sa -P" + hidden, encrypts: always, verifies: name},
		"sqlcmd 18 with -C":                                  {text: "/opt/mssql-tools18/bin/sqlcmd -S db1 -U sa -C", encrypts: always, verifies: nothing},
		"sqlcmd 18 with -No":                                 {text: "sqlcmd -No -S db1", driver: "sqlcmd", version: "18", encrypts: maybe, verifies: name},
		"sqlcmd 18 with -Ns and -C":                          {text: "sqlcmd -Ns -C -S db1", driver: "sqlcmd", version: "18.2", encrypts: always, verifies: name},
		"sqlcmd of no version without -N is unknown":         {text: "sqlcmd -S db1 -U sa", encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"sqlcmd of no version with -C verifies nothing":      {text: "sqlcmd -S db1 -U sa -C", encrypts: clientconfig.EncryptsUnknown, verifies: nothing},
		"Go's sqlcmd without options":                        {text: "sqlcmd -S db1 -U sa", driver: "go-sqlcmd", encrypts: maybe, verifies: nothing},
		"bcp 17":                                             {text: "/opt/mssql-tools/bin/bcp shop.dbo.t out t.bcp -S db1 -U sa -P " + hidden, encrypts: maybe, verifies: nothing, host: "db1"},
		"bcp 18 with -u":                                     {text: "bcp shop.dbo.t out t.bcp -S db1 -U sa -u", driver: "bcp", version: "18", encrypts: always, verifies: nothing},
		"OLE DB 18":                                          {text: "Provider=MSOLEDBSQL;Data Source=db1;Initial Catalog=shop;User ID=a;Password=" + hidden, encrypts: maybe, verifies: nothing},
		"OLE DB 19":                                          {text: "Provider=MSOLEDBSQL19;Data Source=db1;Initial Catalog=shop;User ID=a", encrypts: always, verifies: name},
		"OLE DB 19 with Trust asks the registry":             {text: "Provider=MSOLEDBSQL19;Data Source=db1;Use Encryption for Data=Mandatory;Trust Server Certificate=Yes", encrypts: always, verifies: unknown},
		"Management Studio 20":                               {text: "SSMS 20", is: "ssms", encrypts: always, verifies: name},
		"Management Studio 20 that trusts":                   {text: "SSMS 20: Encryption: Mandatory; Trust server certificate: checked", encrypts: always, verifies: nothing},
		"Invoke-Sqlcmd 22":                                   {text: "Invoke-Sqlcmd -ServerInstance db1 -Database x -Username sa -Password '" + hidden + "'", driver: "invoke-sqlcmd", version: "22.1.1", encrypts: always, verifies: name, host: "db1"},
		"Invoke-Sqlcmd 22 that trusts":                       {text: "Invoke-Sqlcmd -ServerInstance db1 -Encrypt Mandatory -TrustServerCertificate", driver: "invoke-sqlcmd", version: "22.1.1", encrypts: always, verifies: nothing},
		"go-mssqldb by default":                              {text: "sqlserver://sa:" + hidden + "@db1:1433?database=shop", is: "go-mssqldb", encrypts: maybe, verifies: nothing, host: "db1", port: "1433"},
		"go-mssqldb with encrypt=true":                       {text: "sqlserver://sa:" + hidden + "@db1?encrypt=true&certificate=/etc/ca.pem", encrypts: always, verifies: name, trust: clientconfig.Trust{Kind: clientconfig.TrustFile, Path: "/etc/ca.pem"}},
		"go-mssqldb with encrypt=disable":                    {text: "sqlserver://sa:" + hidden + "@db1?encrypt=disable", encrypts: maybe, verifies: name},
		"go-mssqldb that trusts":                             {text: "sqlserver://sa@db1?encrypt=true&TrustServerCertificate=true", encrypts: always, verifies: nothing},
		"tedious 8":                                          {text: "const c = {server: 'db1', options: {encrypt: true}}", driver: "tedious", version: "8.3.0", encrypts: maybe, verifies: nothing},
		"tedious 9":                                          {text: "const c = {server: 'db1', options: {encrypt: true}}", driver: "tedious", version: "9.2.3", encrypts: maybe, verifies: name},
		"tedious 14, which trusts by mistake":                {text: "const c = {server: 'db1', options: {encrypt: true}}", driver: "tedious", version: "14.7.0", encrypts: maybe, verifies: nothing},
		"tedious 18":                                         {text: "const c = {server: 'db1', options: {encrypt: true}}", driver: "tedious", version: "18.6.1", encrypts: maybe, verifies: name},
		"mssql 6":                                            {text: "const sql = require('mssql'); const c = {user: 'sa', password: '" + hidden + "', server: 'db1', options: {encrypt: true}}", driver: "mssql", version: "6.4.1", encrypts: maybe, verifies: nothing},
		"mssql 11":                                           {text: "const sql = require('mssql'); const c = {user: 'sa', password: '" + hidden + "', server: 'db1', options: {encrypt: true}}", driver: "mssql", version: "11.0.1", encrypts: maybe, verifies: name},
	})
}

func TestOtherClientsOfTheFamily(t *testing.T) {
	t.Parallel()
	check(t, map[string]said{
		"a descriptor with TCP":                      {text: "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=shop)))", is: "oracle-client", encrypts: never, verifies: nothing, host: "db1", port: "1521"},
		"a descriptor with TCPS and no match":        {text: "shop = (DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db1)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=shop))(SECURITY=(SSL_SERVER_DN_MATCH=NO)))", encrypts: always, verifies: chain},
		"a descriptor with a match and a wallet":     {text: "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db1)(PORT=2484))(CONNECT_DATA=(SID=shop))(SECURITY=(SSL_SERVER_DN_MATCH=yes)(MY_WALLET_DIRECTORY=/opt/wallet)))", encrypts: always, verifies: name, trust: clientconfig.Trust{Kind: clientconfig.TrustWallet, Path: "/opt/wallet"}},
		"Easy Connect Plus":                          {text: "tcps://db1.example.com:2484/shop?ssl_server_dn_match=on&wallet_location=/opt/w", encrypts: always, verifies: name, host: "db1.example.com", port: "2484"},
		"Easy Connect Plus without a match, 19":      {text: "tcps://db1:2484/shop", driver: "oracle-client", version: "19.3", encrypts: always, verifies: chain},
		"Easy Connect Plus without a match, 23":      {text: "tcps://db1:2484/shop", driver: "oracle-client", version: "23.4", encrypts: always, verifies: unknown},
		"SQL*Plus with Easy Connect":                 {text: "sqlplus scott/" + hidden + "@//db1:1521/shop", encrypts: never, verifies: nothing, host: "db1", user: "scott"},
		"SQL*Plus with a name":                       {text: "sqlplus scott/" + hidden + "@shop", encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"python-oracledb":                            {text: "oracledb.connect(user='scott', password='" + hidden + "', dsn='tcps://db1:2484/shop', wallet_location='/opt/w')", is: "python-oracledb", encrypts: always, verifies: name},
		"python-oracledb without a match":            {text: "oracledb.connect(user='scott', password='" + hidden + "', dsn='tcps://db1:2484/shop', ssl_server_dn_match=False)", is: "python-oracledb", encrypts: always, verifies: chain},
		"ODP.NET":                                    {text: "Data Source=(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db1)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=shop)));User Id=scott;Password=" + hidden, is: "odp-net", encrypts: always, verifies: chain},
		"go-ora":                                     {text: "oracle://scott:" + hidden + "@db1:2484/shop?SSL=true", is: "go-ora", encrypts: always, verifies: name},
		"go-ora that does not verify":                {text: "oracle://scott:" + hidden + "@db1:2484/shop?SSL=true&SSL Verify=false", encrypts: always, verifies: nothing},
		"go-ora without TLS":                         {text: "oracle://scott:" + hidden + "@db1:1521/shop", encrypts: never, verifies: nothing},
		"Db2 without TLS":                            {text: "Database=shop;Hostname=db1;Port=50000;Protocol=TCPIP;UID=a;PWD=" + hidden, is: "db2-cli", encrypts: never, verifies: nothing, host: "db1"},
		"Db2 11.5 with TLS":                          {text: "Database=shop;Hostname=db1;Port=50001;Security=SSL;SSLServerCertificate=/etc/ca.arm;UID=a;PWD=" + hidden, driver: "db2-cli", version: "11.5.8", encrypts: always, verifies: chain, trust: clientconfig.Trust{Kind: clientconfig.TrustFile, Path: "/etc/ca.arm"}},
		"Db2 with host names":                        {text: "Hostname=xyz.example.com;Security=SSL;SSLClientHostnameValidation=Basic;Database=x", driver: "db2-cli", version: "11.5.6", encrypts: always, verifies: name},
		"Db2's JDBC driver without TLS":              {text: "jdbc:db2://db1:50000/shop:user=a;password=" + hidden + ";", is: "db2-jdbc", encrypts: never, verifies: nothing, host: "db1"},
		"Db2's JDBC driver":                          {text: "jdbc:db2://db1:50001/shop:sslConnection=true;sslTrustStoreLocation=/etc/t.jks;sslTrustStorePassword=" + hidden + ";", driver: "db2-jdbc", version: "11.5.9", encrypts: always, verifies: chain, trust: clientconfig.Trust{Kind: clientconfig.TrustKeystore, Path: "/etc/t.jks"}},
		"jConnect without a rule":                    {text: "jdbc:sybase:Tds:db1:5000/shop?USER=a&PASSWORD=" + hidden, is: "jconnect", encrypts: clientconfig.EncryptsUnknown, verifies: unknown, host: "db1"},
		"pymssql, whose trust is in freetds.conf":    {text: "pymssql.connect(server='db1', user='a', password='" + hidden + "', encryption='require')", is: "freetds", encrypts: always, verifies: unknown, host: "db1"},
		"psqlODBC verifies as libpq does":            {text: "Driver={PostgreSQL Unicode};Server=db1;Port=5432;SSLmode=verify-full;UID=a;PWD=" + hidden, is: "psqlodbc", encrypts: always, verifies: name},
		"psqlODBC's default is not known":            {text: "Driver={PostgreSQL Unicode};Server=db1;Port=5432;UID=a;PWD=" + hidden, encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"Connector/ODBC":                             {text: "Driver={MySQL ODBC 8.0 Unicode Driver};Server=db1;SSLMODE=VERIFY_CA;SSLCA=/etc/ca.pem;UID=a;PWD=" + hidden, is: "mysql-odbc", encrypts: always, verifies: chain, trust: clientconfig.Trust{Kind: clientconfig.TrustFile, Path: "/etc/ca.pem"}},
		"a text that nobody knows":                   {text: "what is the weather", encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
		"a string with a placeholder for the answer": {text: "Server=db1;Database=x;User ID=a;Encrypt=${ENCRYPT}", encrypts: clientconfig.EncryptsUnknown, verifies: unknown},
	})
}
