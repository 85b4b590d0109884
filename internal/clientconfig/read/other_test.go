package read

import "testing"

func TestMongoDB(t *testing.T) {
	t.Parallel()
	checkLines(t, []pasted{
		{about: "no tls", text: "mongodb://u:pw@db1:27017,db2:27017/x?replicaSet=rs0", want: []reading{{"mongodb-uri", "never", "nothing", ""}}},
		{about: "srv implies TLS", text: "mongodb+srv://u:pw@cluster.example.com/x", want: []reading{{"mongodb-uri", "always", "chain and name", ""}}},
		{about: "srv with tls=false", text: "mongodb+srv://cluster.example.com/x?tls=false", want: []reading{{"mongodb-uri", "never", "nothing", ""}}},
		{about: "the old word ssl, the old name of the CA", text: "mongodb://db/?ssl=true&sslCertificateAuthorityFile=/r.pem", want: []reading{{"mongodb-uri", "always", "chain and name", "/r.pem"}}},
		{about: "a CA implies TLS", text: "mongodb://db/?tlsCAFile=/r.pem", want: []reading{{"mongodb-uri", "always", "chain and name", "/r.pem"}}},
		{about: "tlsInsecure", text: "mongodb://db/?tls=true&tlsInsecure=true&tlsCAFile=/r.pem", want: []reading{{"mongodb-uri", "always", "nothing", ""}}},
		{about: "any host name", text: "mongodb://db/?tls=true&tlsAllowInvalidHostnames=true&tlsCAFile=/r.pem", want: []reading{{"mongodb-uri", "always", "chain", "/r.pem"}}},
		{about: "Go's driver ignores the finer switches, and verifies", text: "mongodb://db/?tls=true&tlsAllowInvalidCertificates=true", hints: map[string]Hint{"mongo-go": {}}, want: []reading{{"mongo-go", "always", "chain and name", ""}}},
		{about: "mongosh", text: `mongosh "mongodb://db:27017/x" --tls --tlsCAFile /r.pem -u admin -p pw`, want: []reading{{"mongosh", "always", "chain and name", "/r.pem"}}},
		{about: "mongodump with its own words", text: "mongodump --host db --ssl --sslCAFile=/R.pem --sslAllowInvalidHostnames", want: []reading{{"mongo-shell", "always", "chain", "/R.pem"}}},
		{about: "mongosh without TLS", text: "mongosh --host db", want: []reading{{"mongosh", "never", "nothing", ""}}},
	})
}

func TestHostsAndUsers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][4]string{
		"postgres://app:p%40ss@db.example.com:5433/shop?sslmode=require": {"db.example.com", "5433", "app", "shop"},
		"postgres://app:p@s/s?w@db/shop?sslmode=require":                 {"db", "", "app", "shop"},
		"postgres://app:secret":                                          {"app", "", "", ""},
		"postgresql://[2001:db8::1]:5432/shop":                           {"2001:db8::1", "5432", "", "shop"},
		"app:p@ss(w/o)rd@tcp(db:3306)/shop?tls=true":                     {"db", "3306", "app", "shop"},
		"mysql -h db -P3307 -u app -psecret shop":                        {"db", "3307", "app", "shop"},
		"mysql -h db -u app -p secret":                                   {"db", "", "app", ""},
		"mongodb://app:pw@db1:27017,db2:27017/shop":                      {"db1", "27017", "app", "shop"},
		"psql -h db -p 5433 -U app shop":                                 {"db", "5433", "app", "shop"},
	} {
		found := readLine(text, nil)
		if len(found) == 0 {
			t.Errorf("%s is not read", text)
			continue
		}
		if got := [4]string{found[0].Host, found[0].Port, found[0].User, found[0].Database}; got != want {
			t.Errorf("%s: host, port, user, database %q, want %q", text, got, want)
		}
	}
}

func TestVersionsComeFromHints(t *testing.T) {
	t.Parallel()
	found := readLine("postgres://db/x", map[string]Hint{"pgx": {Version: "5.12.0", From: "go.mod:7"}})
	if len(found) != 1 || found[0].Version != "5.12.0" || found[0].From != "go.mod:7" {
		t.Errorf("read as %+v, want the version and its place", found)
	}
}
