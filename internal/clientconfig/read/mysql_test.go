package read

import (
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// TestSeedMySQLCommands are the two command lines of seed 002, with its answer:
// which of them require verification.
func TestSeedMySQLCommands(t *testing.T) {
	t.Parallel()
	const modes = "mysql -h mysql-database.rds.amazonaws.com -uadmin -ppassword --ssl-ca=/tmp/ssl-cert.pem --ssl-mode=VERIFY_CA"
	const old = "mysql -h mysql-database.rds.amazonaws.com -uadmin -ppassword --ssl-ca=/tmp/ssl-cert.pem --ssl-verify-server-cert"
	at := func(version string) map[string]Hint { return map[string]Hint{"mysql-cli": {Version: version}} }
	checkLines(t, []pasted{
		{about: "the 5.7 and 8.0 client with VERIFY_CA", text: modes, want: []reading{{"mysql-cli", "always", "chain", "/tmp/ssl-cert.pem"}}},
		{about: "the 5.7 client", text: modes, hints: at("5.7.44"), want: []reading{{"mysql-cli", "always", "chain", "/tmp/ssl-cert.pem"}}},
		{about: "the 8.0 client", text: modes, hints: at("8.0.36"), want: []reading{{"mysql-cli", "always", "chain", "/tmp/ssl-cert.pem"}}},
		{about: "the 5.6 client with --ssl-verify-server-cert", text: old, hints: at("5.6.51"), want: []reading{{"mysql-cli", "maybe", "chain and name", "/tmp/ssl-cert.pem"}}},
		{about: "the same line where nothing says whose client it is", text: old, want: []reading{
			{"mysql-cli", "unknown", "chain and name", "/tmp/ssl-cert.pem"}, {"mariadb-cli", "always", "chain and name", "/tmp/ssl-cert.pem"}}},
		{about: "VERIFY_IDENTITY", text: "mysql -h db --ssl-ca=/r.pem --ssl-mode=VERIFY_IDENTITY", want: []reading{{"mysql-cli", "always", "chain and name", "/r.pem"}}},
	})
}

func TestMySQLCommands(t *testing.T) {
	t.Parallel()
	at := func(id, version string) map[string]Hint { return map[string]Hint{id: {Version: version}} }
	my := func(e clientconfig.Encrypts, v clientconfig.Verifies, path string) []reading {
		return []reading{{"mysql-cli", e, v, path}}
	}
	maria := func(e clientconfig.Encrypts, v clientconfig.Verifies, path string) []reading {
		return []reading{{"mariadb-cli", e, v, path}}
	}
	checkLines(t, []pasted{
		{about: "8.0 prefers TLS by default", text: "mysql -hdb", hints: at("mysql-cli", "8.0.36"), want: my("maybe", "nothing", "")},
		{about: "5.6 has none by default", text: "mysql -hdb", hints: at("mysql-cli", "5.6.51"), want: my("never", "nothing", "")},
		{about: "REQUIRED verifies nothing, even with a CA", text: "mysql -hdb --ssl-mode=REQUIRED --ssl-ca=/r.pem", want: my("always", "nothing", "")},
		{about: "a mode in any case, cut short", text: "mysql -hdb --ssl-mode=verify_i --ssl-ca /r.pem", want: my("always", "chain and name", "/r.pem")},
		{about: "--ssl-ca alone means VERIFY_CA since 5.7.11", text: "mysql -hdb --ssl-ca=/r.pem", hints: at("mysql-cli", "8.0.36"), want: my("always", "chain", "/r.pem")},
		{about: "5.6 --ssl-ca falls back", text: "mysql -hdb --ssl-ca=/r.pem", hints: at("mysql-cli", "5.6.51"), want: my("maybe", "chain", "/r.pem")},
		{about: "5.6 --ssl is permissive", text: "mysql -hdb --ssl", hints: at("mysql-cli", "5.6.51"), want: my("maybe", "nothing", "")},
		{about: "underscores and a prefix", text: "mysql -hdb --ssl_verify=1 --ssl_ca=/r.pem", hints: at("mysql-cli", "5.7.44"), want: my("always", "chain and name", "/r.pem")},
		{about: "VERIFY_CA whose CA an option file names", text: "mysql -hdb --ssl-mode=VERIFY_CA", want: my("always", "chain", "")},
		{about: "a directory of CAs", text: "mysqladmin -hdb --ssl-mode=VERIFY_CA --ssl-capath=/etc/ssl/certs status", want: my("always", "chain", "/etc/ssl/certs")},
		{about: "MariaDB 11.4 verifies by default (trap 30)", text: "mariadb -hdb --ssl-ca=/r.pem", hints: at("mariadb-cli", "11.4.2"), want: maria("always", "chain and name", "/r.pem")},
		{about: "MariaDB 11.4 without a CA: the password proves the server", text: "mariadb -hdb", hints: at("mariadb-cli", "11.4.2"), want: maria("always", "chain and name", "")},
		{about: "MariaDB 11.4 with verification off", text: "mariadb -hdb --disable-ssl-verify-server-cert", hints: at("mariadb-cli", "11.4.2"), want: maria("maybe", "nothing", "")},
		{about: "MariaDB 10.11 encrypts when it can", text: "mariadb -hdb", hints: at("mariadb-cli", "10.11.19"), want: maria("maybe", "nothing", "")},
		{about: "MariaDB 10.6 does not encrypt by default", text: "mariadb-dump -hdb x", hints: at("mariadb-cli", "10.6.1"), want: maria("never", "nothing", "")},
		{about: "MariaDB 10.11 --ssl-ca verifies the chain", text: "mariadb -hdb --ssl-ca=/r.pem", hints: at("mariadb-cli", "10.11.19"), want: maria("maybe", "chain", "/r.pem")},
		{about: "MariaDB of an unknown version is unknown", text: "mariadb -hdb", want: maria("unknown", "unknown", "")},
		{about: "--skip-ssl turns it off (trap 30)", text: "mariadb -hdb --skip-ssl", hints: at("mariadb-cli", "11.4.2"), want: maria("never", "nothing", "")},
		{about: "a CA after --skip-ssl turns it on again", text: "mariadb -hdb --skip-ssl --ssl-ca=/r.pem", hints: at("mariadb-cli", "10.11.19"), want: maria("maybe", "chain", "/r.pem")},
		{about: "MariaDB refuses --ssl-mode", text: "mariadb -hdb --ssl-mode=REQUIRED", want: maria("unknown", "unknown", "")},
		{about: "the directory and .exe of a command do not count", text: `"C:\Program Files\MySQL\bin\mysql.exe" -h db --ssl-mode=DISABLED`, want: my("never", "nothing", "")},
	})
}

func TestMySQLURLs(t *testing.T) {
	t.Parallel()
	at := func(id, version string) map[string]Hint { return map[string]Hint{id: {Version: version}} }
	checkLines(t, []pasted{
		{about: "nobody knows whose a mysql:// URL is", text: "mysql://u:pw@db/x?ssl-mode=VERIFY_CA", want: []reading{{"mysql-url", "unknown", "unknown", ""}}},
		{about: "sqlx", text: "mysql://u:pw@db/x?ssl-mode=VERIFY_CA&ssl-ca=/r.pem", hints: at("sqlx-mysql", "0.8"), want: []reading{{"sqlx-mysql", "always", "chain", "/r.pem"}}},
		{about: "mysql2 ignores ssl-mode", text: "mysql://u:pw@db/x?ssl-mode=VERIFY_CA", hints: at("mysql2-node", "3.9.0"), want: []reading{{"mysql2-node", "never", "nothing", ""}}},
		{about: "mysql2 takes JSON", text: `mysql://u:pw@db/x?ssl={"rejectUnauthorized":false}`, hints: at("mysql2-node", "3.9.0"), want: []reading{{"mysql2-node", "always", "nothing", ""}}},
		{about: "mysql2 before 3.0 never verifies the name", text: `mysql://u:pw@db/x?ssl={"rejectUnauthorized":true}`, hints: at("mysql2-node", "2.3.3"), want: []reading{{"mysql2-node", "always", "chain", ""}}},
		{about: "mysql2 between 3.0 and 3.8 is unknown without verifyIdentity", text: `mysql://u:pw@db/x?ssl={"rejectUnauthorized":true}`, hints: at("mysql2-node", "3.6.0"), want: []reading{{"mysql2-node", "unknown", "unknown", ""}}},
		{about: "Go: no tls", text: "u:pw@tcp(db:3306)/x", want: []reading{{"go-sql-driver-mysql", "never", "nothing", ""}}},
		{about: "Go: tls=true", text: "u:pw@tcp(db:3306)/x?tls=true", want: []reading{{"go-sql-driver-mysql", "always", "chain and name", ""}}},
		{about: "Go: tls=preferred", text: "u:pw@tcp(db:3306)/x?tls=preferred&parseTime=true", want: []reading{{"go-sql-driver-mysql", "maybe", "nothing", ""}}},
		{about: "Go: a registered configuration", text: "u:pw@tcp(db:3306)/x?tls=rds", want: []reading{{"go-sql-driver-mysql", "always", "unknown", ""}}},
		{about: "Go: a Unix socket", text: "u:pw@unix(/run/mysqld/mysqld.sock)/x?tls=true", want: []reading{{"go-sql-driver-mysql", "never", "nothing", ""}}},
		{about: "MySqlConnector", text: "Server=db;User ID=u;Password=pw;SslMode=Required", want: []reading{{"mysql-dotnet", "always", "nothing", ""}}},
	})
}

func TestOptionFiles(t *testing.T) {
	t.Parallel()
	both := readOptionFile(Source{Path: "/etc/my.cnf", Text: "[mysqld]\nssl-ca=/server.pem\n[client]\nhost=db\npassword=pw\nssl_ca = \"/rds.pem\" # bundle\nssl-verify-server-cert\n"})
	if len(both) != 2 || both[0].Driver != "mysql-cli" || both[1].Driver != "mariadb-cli" {
		t.Fatalf("[client] read as %+v, want one for each product", both)
	}
	if want := map[string]string{"ssl-ca": "/rds.pem", "ssl-verify-server-cert": "1"}; !sameOptions(both[0].Options, want) || both[0].Host != "db" || both[0].Where.Line != 3 {
		t.Errorf("[client] read as %+v, want %v at line 3", both[0], want)
	}
	merged := readOptionFile(Source{Path: "my.cnf", Text: "[client]\nssl-ca=/rds.pem\n[mysqldump]\nssl-mode=VERIFY_CA\n!includedir /etc/my.cnf.d\n"})
	if last := merged[len(merged)-1]; last.Driver != "mysql-cli" || last.Options["ssl-ca"] != "/rds.pem" || last.Options["ssl-mode"] != "VERIFY_CA" {
		t.Errorf("[mysqldump] read as %+v, want [client]'s CA with its own mode", last)
	}
	if only := readOptionFile(Source{Path: "x.cnf", Text: "[client-mariadb]\ndisable-ssl-verify-server-cert\n"}); len(only) != 1 || only[0].Driver != "mariadb-cli" || only[0].Options["ssl-verify-server-cert"] != "0" {
		t.Errorf("[client-mariadb] read as %+v", only)
	}
	if none := readOptionFile(Source{Path: "my.cnf", Text: "[mysqld]\nssl-ca=/x\n[client]\ndefault-character-set=utf8mb4\n"}); len(none) != 0 {
		t.Errorf("a file that says nothing of clients' TLS read as %+v", none)
	}
}
