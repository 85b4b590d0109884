package read_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// fuzzMarker stands where the password is.
const fuzzMarker = "hunter2-SECRET"

// familySeeds are strings of this family; % is the password.
func familySeeds() []string {
	return []string{
		"Server=tcp:db1,1433;Database=shop;User ID=app;Password=%;Encrypt=True;TrustServerCertificate=False",
		"Driver={ODBC Driver 18 for SQL Server};Server=db1;UID=sa;PWD={%};Encrypt=yes", "Provider=MSOLEDBSQL19;Data Source=db1;User ID=a;Password=%",
		"sqlcmd -N -C -S db1 -U sa -P %", "/opt/mssql-tools18/bin/bcp t out f -S db1 -U sa -P % -Yo -u", "Invoke-Sqlcmd -ServerInstance db1 -Password '%' -Encrypt Strict",
		"sqlserver://sa:%@db1:1433?encrypt=true&certificate=ca.pem", "mssql+pyodbc://sa:%@db1/x?driver=ODBC+Driver+18+for+SQL+Server",
		"const c = {user: 'sa', password: '%', server: 'db1', options: {encrypt: true, trustServerCertificate: false}}",
		"using Microsoft.Data.SqlClient; var s = \"Server=db1;\" + \"Password=%;\" + x + \"Encrypt=True\";",
		"SSMS 20: Encryption: Strict", "jdbc:db2://db1:50000/shop:user=a;password=%;sslConnection=true;", "jdbc:sybase:Tds:db1:5000/x?PASSWORD=%",
		"Database=x;Hostname=db1;Protocol=TCPIP;Security=SSL;PWD=%", "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db1)(PORT=2484))(SECURITY=(SSL_SERVER_DN_MATCH=yes)))",
		"shop = (DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1))))", "sqlplus scott/%@tcps://db1:2484/shop?wallet_location=/w",
		"oracle://scott:%@db1:2484/shop?SSL=true&SSL Verify=false", "Data Source=(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=1)));User Id=a;Password=%",
		"oracledb.connect(user='scott', password='%', dsn='tcps://db1:2484/x')", "pymssql.connect(server='db1', user='a', password='%', encryption='require')",
		"[global]\nencryption = require\n[db1]\nhost = db1\nca file = x\npassword = %\n", "[ODBC]\nDriver = FreeTDS\nServer = db1\nPWD = %\n",
		"WALLET_LOCATION = (SOURCE=(METHOD=FILE)(METHOD_DATA=(DIRECTORY=/w)))\nSSL_SERVER_DN_MATCH=on\n",
		`<configuration><dsncollection><dsn alias="a" name="b" host="h" port="1"><parameter name="Password" value="%"/><parameter name="SecurityTransportMode" value="SSL"/></dsn></dsncollection></configuration>`,
	}
}

// familyFiles are names under which a text is read as a whole.
func familyFiles() []string {
	return []string{"run.sh", "run.ps1", "a.cs", "appsettings.json", "web.config", "freetds.conf", "odbc.ini", "db2dsdriver.cfg", "a.js", "a.py", "a.go", ".env", "a.yml", "tnsnames.ora", "sqlnet.ora"}
}

// FuzzMicrosoftAndOracle gives what is found to every reader: none panics, and
// the password is in no field.
func FuzzMicrosoftAndOracle(f *testing.F) {
	for n, seed := range familySeeds() {
		f.Add(n, "", seed)
	}
	f.Add(0, "\x00", "((((((((((((=")
	f.Add(1, "Server=", "\"=\"+\"")
	f.Fuzz(func(t *testing.T, n int, before, after string) {
		seeds := familySeeds()
		marked := strings.Replace(seeds[min(max(n, 0), len(seeds)-1)], "%", fuzzMarker, 1)
		for _, text := range []string{before + after, marked, before + "\n" + marked + "\n" + after} {
			for _, reader := range read.Lines() {
				mustHide(t, text, reader(text, nil))
			}
			for _, file := range familyFiles() {
				for _, reader := range read.Files() {
					if reader.Is(file) {
						beside := func(string) string { return text }
						mustHide(t, text, reader.Read(read.Source{Path: file, Text: text, Beside: beside}))
					}
				}
			}
		}
	})
}

func mustHide(t *testing.T, text string, found any) {
	t.Helper()
	if out := fmt.Sprintf("%+v", found); strings.Contains(out, fuzzMarker) {
		t.Errorf("%q gives %s", text, out)
	}
}
