package read

import (
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
)

// pasted is one string or command line and what it must be read as.
type pasted struct {
	about, text string
	hints       map[string]Hint
	want        []reading
}

type reading struct {
	driver   string
	encrypts clientconfig.Encrypts
	verifies clientconfig.Verifies
	trust    string // path
}

func readLine(text string, hints map[string]Hint) []clientconfig.Settings {
	for _, l := range Lines() {
		if found := l(text, hints); found != nil {
			return found
		}
	}
	return nil
}

func checkLines(t *testing.T, all []pasted) {
	t.Helper()
	index := drivers.Index()
	for _, p := range all {
		t.Run(p.about, func(t *testing.T) {
			t.Parallel()
			found := readLine(p.text, p.hints)
			if len(found) != len(p.want) {
				t.Fatalf("read as %+v, want %+v", found, p.want)
			}
			for n, s := range found {
				answer := clientconfig.Evaluate(index[s.Driver], s)
				got := reading{s.Driver, answer.Encrypts, answer.Verifies, answer.Trust.Path}
				if got != p.want[n] {
					t.Errorf("options %v read as %+v, want %+v", s.Options, got, p.want[n])
				}
			}
		})
	}
}

func TestLibpqStrings(t *testing.T) {
	t.Parallel()
	pg := func(e clientconfig.Encrypts, v clientconfig.Verifies, path string) []reading {
		return []reading{{"libpq", e, v, path}}
	}
	checkLines(t, []pasted{
		{about: "disable never encrypts", text: "postgres://u:pw@db/x?sslmode=disable", want: pg("never", "nothing", "")},
		{about: "allow", text: "postgres://u:pw@db/x?sslmode=allow", want: pg("maybe", "nothing", "")},
		{about: "prefer is the default", text: "postgresql://u:pw@db/x", want: pg("maybe", "nothing", "")},
		{about: "require alone verifies nothing", text: "postgresql://u:pw@db:5432/x?sslmode=require", want: pg("always", "nothing", "")},
		{about: "require with a root file verifies the chain (trap 32)", text: "postgresql://u:pw@db/x?sslmode=require&sslrootcert=/rds.pem", want: pg("always", "chain", "/rds.pem")},
		{about: "verify-ca trusts the default file", text: "host=db sslmode=verify-ca", want: pg("always", "chain", "~/.postgresql/root.crt")},
		{about: "verify-full", text: "host=db sslmode=verify-full sslrootcert='/my certs/rds.pem'", want: pg("always", "chain and name", "/my certs/rds.pem")},
		{about: "prefer with a root file falls back when the chain fails", text: "host=db sslrootcert=/rds.pem", want: pg("maybe", "chain", "/rds.pem")},
		{about: "a mode nobody knows is unknown", text: "host=db sslmode=mandatory", want: pg("unknown", "unknown", "")},
		{about: "the system's roots depend on the version", text: "host=db sslrootcert=system", want: pg("unknown", "unknown", "")},
		{about: "the system's roots from 16 on", text: "host=db sslrootcert=system", hints: map[string]Hint{"libpq": {Version: "16.2"}}, want: pg("always", "chain and name", "")},
		{about: "a Unix socket", text: "host=/run/postgresql sslmode=require", want: pg("never", "nothing", "")},
		{about: "Kerberos instead of TLS", text: "host=db gssencmode=require sslmode=verify-full", want: pg("always", "nothing", "")},
		{about: "JDBC's ssl=true is require", text: "postgres://u:pw@db/x?ssl=true", want: pg("always", "nothing", "")},
		{about: "psql with a string", text: "psql -h db -U app \"sslmode=verify-full sslrootcert=/rds.pem dbname=x\"", want: pg("always", "chain and name", "/rds.pem")},
		{about: "pg_dump with a URI", text: "pg_dump -Fc --dbname=postgres://u:pw@db/x?sslmode=verify-ca -f out", want: pg("always", "chain", "~/.postgresql/root.crt")},
		{about: "variables before the command", text: "PGSSLMODE=verify-full PGSSLROOTCERT=/rds.pem psql -h db", want: pg("always", "chain and name", "/rds.pem")},
		{about: "the string wins over the variables", text: "PGSSLMODE=verify-full psql 'host=db sslmode=disable'", want: pg("never", "nothing", "")},
		{about: "a variable alone", text: "export PGSSLMODE=require", want: pg("always", "nothing", "")},
		{about: "a prompt before the command", text: "$ psql -h db", want: pg("maybe", "nothing", "")},
		{about: "a variable inside a mode is unknown", text: "postgres://db/x?sslmode=${MODE}", want: pg("unknown", "unknown", "")},
		{about: "other text is none", text: "select 1 = 1"},
	})
}

func TestPostgreSQLDriversThatAreNotLibpq(t *testing.T) {
	t.Parallel()
	uri := "postgres://u:pw@db/x?sslmode=require"
	hint := func(id, version string) map[string]Hint { return map[string]Hint{id: {Version: version}} }
	checkLines(t, []pasted{
		{about: "pgx: require verifies nothing", text: uri, hints: hint("pgx", "5.6.0"), want: []reading{{"pgx", "always", "nothing", ""}}},
		{about: "pgx: prefer never verifies, root file or not", text: "postgres://db/x?sslrootcert=/r.pem", hints: hint("pgx", "5.6.0"), want: []reading{{"pgx", "maybe", "nothing", ""}}},
		{about: "pgx: verify-full without a file takes the system's roots", text: "postgres://db/x?sslmode=verify-full", hints: hint("pgx", "5.6.0"), want: []reading{{"pgx", "always", "chain and name", ""}}},
		{about: "pgx: the system's roots make every mode verify-full", text: "postgres://db/x?sslmode=disable&sslrootcert=system", hints: hint("pgx", "5.7.0"), want: []reading{{"pgx", "always", "chain and name", ""}}},
		{about: "lib/pq: the default is require", text: "postgres://u:pw@db/x", hints: hint("lib-pq", "1.10.9"), want: []reading{{"lib-pq", "always", "nothing", ""}}},
		{about: "lib/pq: require with a file verifies the chain (trap 32)", text: "postgres://db/x?sslrootcert=/r.pem", hints: hint("lib-pq", "1.10.9"), want: []reading{{"lib-pq", "always", "chain", "/r.pem"}}},
		{about: "lib/pq: prefer is refused before 1.12", text: "postgres://db/x?sslmode=prefer", hints: hint("lib-pq", "1.10.9"), want: []reading{{"lib-pq", "unknown", "unknown", ""}}},
		{about: "node-postgres: require is verify-full", text: uri, hints: hint("node-postgres", "8.11.3"), want: []reading{{"node-postgres", "always", "chain and name", ""}}},
		{about: "node-postgres: no-verify", text: "postgres://db/x?sslmode=no-verify", hints: hint("node-postgres", "8.11.3"), want: []reading{{"node-postgres", "always", "nothing", ""}}},
		{about: "node-postgres: ssl=true before 8 verifies nothing", text: "postgres://db/x?ssl=true", hints: hint("node-postgres", "7.18.2"), want: []reading{{"node-postgres", "always", "nothing", ""}}},
		{about: "node-postgres: ssl=true of an unknown version is unknown", text: "postgres://db/x?ssl=true", hints: hint("node-postgres", ""), want: []reading{{"node-postgres", "always", "unknown", ""}}},
		{about: "Postgres.js: require verifies nothing", text: uri, hints: hint("postgres-js", "3.4.9"), want: []reading{{"postgres-js", "always", "nothing", ""}}},
		{about: "psycopg2: its version says nothing of libpq's", text: "postgres://db/x?sslrootcert=system", hints: hint("psycopg2", "2.9.9"), want: []reading{{"psycopg2", "unknown", "unknown", ""}}},
		{about: "sqlx: require never verifies", text: "postgres://db/x?sslmode=require&sslrootcert=/r.pem", hints: hint("sqlx-postgres", "0.8.0"), want: []reading{{"sqlx-postgres", "always", "nothing", ""}}},
		{about: "two drivers in one project have an answer each", text: uri, hints: map[string]Hint{"psycopg2": {}, "asyncpg": {Version: "0.29"}}, want: []reading{{"psycopg2", "always", "nothing", ""}, {"asyncpg", "always", "nothing", ""}}},
		{about: "SQLAlchemy's scheme names the driver", text: "postgresql+asyncpg://u:pw@db/x?ssl=verify-full", hints: hint("asyncpg", "0.29"), want: []reading{{"asyncpg", "always", "chain and name", "~/.postgresql/root.crt"}}},
		{about: "Npgsql 5: Require verifies", text: "Host=db;Username=u;Password=pw;SSL Mode=Require", hints: hint("npgsql", "5.0.18"), want: []reading{{"npgsql", "always", "chain and name", ""}}},
		{about: "Npgsql 6: Require without trust is refused", text: "Host=db;Username=u;SSL Mode=Require", hints: hint("npgsql", "6.0.1"), want: []reading{{"npgsql", "unknown", "unknown", ""}}},
		{about: "Npgsql 8: Require verifies nothing", text: "Host=db;Username=u;SSL Mode=Require", hints: hint("npgsql", "8.0.3"), want: []reading{{"npgsql", "always", "nothing", ""}}},
		{about: "Npgsql: the default was Disable before 6", text: "Host=db;Username=u;Password=pw", hints: hint("npgsql", "4.1"), want: []reading{{"npgsql", "never", "nothing", ""}}},
	})
}

func TestTheDefaultRootFileDecides(t *testing.T) {
	t.Parallel()
	driver := drivers.Index()["libpq"]
	for about, c := range map[string]struct {
		options map[string]string
		want    clientconfig.Effect
	}{
		"present: require verifies the chain": {map[string]string{"sslmode": "require", "rootfile": "present"},
			clientconfig.Effect{Encrypts: "always", Verifies: "chain", Trust: clientconfig.Trust{Kind: "file", Path: "~/.postgresql/root.crt"}}},
		"absent: require verifies nothing":                  {map[string]string{"sslmode": "require", "rootfile": "absent"}, clientconfig.Effect{Encrypts: "always", Verifies: "nothing"}},
		"the named file is not there: require says nothing": {map[string]string{"sslmode": "require", "sslrootcert": "/gone.pem", "rootfile": "absent"}, clientconfig.Effect{Encrypts: "always", Verifies: "nothing"}},
		"nobody looked: what is documented":                 {map[string]string{"sslmode": "require"}, clientconfig.Effect{Encrypts: "always", Verifies: "nothing"}},
		"present: prefer verifies, and falls back when it fails": {map[string]string{"rootfile": "present"},
			clientconfig.Effect{Encrypts: "maybe", Verifies: "chain", Trust: clientconfig.Trust{Kind: "file", Path: "~/.postgresql/root.crt"}}},
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			if got := clientconfig.Evaluate(driver, clientconfig.Settings{Options: c.options}).Effect; got != c.want {
				t.Errorf("%v: %+v, want %+v", c.options, got, c.want)
			}
		})
	}
}

func TestJDBCIsNotLibpqs(t *testing.T) {
	t.Parallel()
	for _, l := range libpqLines() {
		if found := l("jdbc:postgresql://db/x?sslmode=require", nil); found != nil {
			t.Errorf("a JDBC URL is read as %+v", found)
		}
	}
	if found := readURLs(Source{Path: "a.toml", Text: "url = \"jdbc:postgresql://db/x\"\n"}); len(found) != 0 {
		t.Errorf("a JDBC URL in a file is read as %+v", found)
	}
}

func TestNotesSayWhatAPersonShouldKnow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://db/x?sslmode=require":                             "root.crt",
		"host=db sslmode=verify-full sslnegotiation=direct":           "libpq 17",
		"host=db channel_binding=require":                             "channel_binding",
		"service=prod sslmode=require":                                "service file",
		"mysql -h db --ssl-ca=/r.pem --ssl-verify-server-cert":        "MySQL's or MariaDB's",
		"mysql --defaults-file=/etc/my.cnf -h db --ssl-mode=REQUIRED": "--defaults-file",
	} {
		found := readLine(text, nil)
		if len(found) == 0 || !strings.Contains(strings.Join(found[0].Notes, "\n"), want) {
			t.Errorf("%s: notes of %+v do not mention %q", text, found, want)
		}
	}
}
