package read

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// marker stands where a password stands; nothing that is read may hold it.
const marker = "hunter2-SECRET"

// silent fails when a password got into what was read. The text itself is
// Redact's, which has its own tests.
func silent(t *testing.T, text string, all []clientconfig.Settings) {
	t.Helper()
	for _, s := range all {
		s.Text = ""
		if strings.Contains(strings.ToLower(fmt.Sprintf("%+v", s)), strings.ToLower(marker)) {
			t.Errorf("the password of %q is in %+v", text, s)
		}
	}
}

// secretLines are lines with a password in its place.
func secretLines() []string {
	return []string{
		"postgres://u:" + marker + "@db:5432/x?sslmode=require", "postgresql+asyncpg://u:" + marker + "@db/x?ssl=require", "postgres://u:" + marker,
		"postgres://db/x?user=u&password=" + marker, "host=db password=" + marker + " sslmode=verify-full", "host=db sslmode=require password='" + marker + "'",
		"psql 'host=db password=" + marker + "'", "PGPASSWORD=" + marker + " psql -h db sslmode=require", "psql postgres://u:" + marker + "@db/x",
		"mysql -h db -uroot -p" + marker + " --ssl-mode=REQUIRED", "mysql -hdb --password=" + marker + " x", "mysql -hdb -p " + marker, "mysql -hdb --password " + marker,
		"mariadb --passw=" + marker + " -hdb", "u:" + marker + "@tcp(db:3306)/x?tls=custom", "mysql://u:" + marker + "@db/x?ssl=true", "mysql+pymysql://u:" + marker + "@db/x",
		"mongodb://u:" + marker + "@db/x?tls=true", "mongosh --host db -u u -p " + marker + " --tls", "mongodump --uri mongodb://u:" + marker + "@db --password=" + marker,
		"Host=db;Username=u;Password=" + marker + ";SSL Mode=Require", "Server=db;Uid=u;Pwd=" + marker + ";SslMode=Required",
	}
}

func TestNoPasswordIsKept(t *testing.T) {
	t.Parallel()
	for _, line := range secretLines() {
		found := readLine(line, nil)
		if len(found) == 0 {
			t.Errorf("%q is not read", line)
		}
		silent(t, line, found)
	}
}

// FuzzLines reads any line, and every kind of line with a password between
// what the fuzzer makes.
func FuzzLines(f *testing.F) {
	for _, line := range secretLines() {
		f.Add(line)
	}
	for _, line := range []string{"?sslmode=require", "db:5432/x", "[::1]/?a=b#c", "\\'\"", "--ssl-ca=\xff", "", strings.Repeat("-h ", 50)} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		readLine(text, nil)
		if strings.ContainsAny(text, "@:/?&=;#\\'\"{}() \t\r\n|<>`$") || strings.Contains(strings.ToLower(text), "secret") {
			return // it would move where the password ends
		}
		for _, line := range []string{
			"postgres://" + text + ":" + marker + "@" + text + "/x", "mongodb+srv://u:" + marker + "@" + text + "/" + text,
			text + ":" + marker + "@tcp(" + text + ")/x?tls=" + text, "mysql -h" + text + " -p" + marker + " " + text, "host=db password=" + marker + " sslmode=" + text,
			"Host=" + text + ";Password=" + marker + ";SSL Mode=" + text, "mysql2://u:" + marker + "@" + text,
		} {
			silent(t, line, readLine(line, nil))
		}
	})
}

// FuzzFiles reads any text as every kind of file.
func FuzzFiles(f *testing.F) {
	paths := []string{"a.py", "a.js", "a.go", "a.php", "a.rb", "a.rs", "a.cs", "my.cnf", "pg_service.conf", ".env", "Dockerfile", "docker-compose.yml", "config/database.yml", "a.toml"}
	for _, seed := range []string{
		"pymysql.connect(host='db', password='" + marker + "', ssl={'ca': '/r.pem', **more})",
		"require('pg'); new Pool({ host, password: \"" + marker + "\", ssl: { ca: fs.readFileSync(`x`) } })",
		"sql.Open(\"mysql\", \"u:" + marker + "@tcp(db)/x\")", "new PDO('mysql:host=db', 'u', '" + marker + "', [PDO::MYSQL_ATTR_SSL_CA => '/x']);",
		"[client]\npassword=" + marker + "\nssl-ca=/x\n[mysql\n!include y\n", "[s]\nhost=db\npassword=" + marker + "\nsslmode=require\n",
		"x: &d\n  adapter: mysql2\n  password: " + marker + "\ny:\n  <<: *d\n  sslca: /x\n", "ENV PGSSLMODE=require PGPASSWORD=" + marker + "\nRUN psql -h db \\\n -U u\n",
		"DATABASES = {'default': {'ENGINE': 'x.mysql', 'PASSWORD': '" + marker + "', 'OPTIONS': {}}}", "\"Host=db;Password=" + marker + ";SSL Mode=Require\"",
		"url = \"postgres://u:" + marker + "@db/x\"", "f([[[[{{{{((((\"\\", "connect(\n\n\n'a'\n\n\n+\n\n'b'\n", "postgres://" + strings.Repeat("{", 300),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, path := range paths {
			for _, file := range nativeFiles() {
				if !file.Is(path) {
					continue
				}
				found := file.Read(Source{Path: path, Text: text, Hints: map[string]Hint{"node-postgres": {}, "mysql2-node": {}}})
				for _, s := range found {
					if s.Where.File != path || s.Where.Line < 1 || s.Where.Column < 1 || s.Driver == "" || s.Options == nil {
						t.Errorf("%s: %q read as %+v, without a place, a driver or options", path, text, s)
					}
				}
			}
		}
	})
}

func TestFilesKeepNoPassword(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"a.py":                "import pymysql\npymysql.connect(host='db', user='u', password='" + marker + "', passwd='" + marker + "', ssl={'ca': '/r.pem'})\nx = 'postgres://u:" + marker + "@db/x'\n",
		"b.py":                "psycopg2.connect('host=db password=" + marker + "')\nDATABASES = {'default': {'ENGINE': 'x.mysql', 'HOST': 'db', 'PASSWORD': '" + marker + "'}}\n",
		"a.js":                "require('pg'); new Pool({ host: 'db', password: '" + marker + "', ssl: { ca: 'x', passphrase: '" + marker + "' } })",
		"a.go":                "sql.Open(\"mysql\", \"u:" + marker + "@tcp(db:3306)/x\")\nvar c = mysql.Config{Passwd: \"" + marker + "\", Addr: \"db:1\"}\n",
		"a.php":               "<?php new PDO('mysql:host=db;password=" + marker + "', 'u', '" + marker + "'); new mysqli('db', 'u', '" + marker + "');",
		"a.rb":                "Mysql2::Client.new(host: 'db', password: '" + marker + "')",
		"my.cnf":              "[client]\nhost=db\npassword=" + marker + "\n[mysql]\npassword='" + marker + "'\nssl-ca=/x\n",
		"pg_service.conf":     "[s]\nhost=db\npassword=" + marker + "\n",
		".env":                "PGHOST=db\nPGPASSWORD=" + marker + "\nPGSSLMODE=require\nURL=postgres://u:" + marker + "@db/x\n",
		"config/database.yml": "production:\n  adapter: postgresql\n  host: db\n  password: " + marker + "\n",
		"run.sh":              "PGPASSWORD=" + marker + " psql -h db; mysql -hdb -p" + marker + " --ssl-mode=REQUIRED\nmongosh 'mongodb://u:" + marker + "@db/x'\n",
		"appsettings.json":    "{\"Db\": \"Host=db;Username=u;Password=" + marker + ";SSL Mode=Require\"}",
	} {
		found := 0
		for _, f := range nativeFiles() {
			if f.Is(path) {
				all := f.Read(Source{Path: path, Text: text})
				found += len(all)
				silent(t, path, all)
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing is read", path)
		}
	}
}
