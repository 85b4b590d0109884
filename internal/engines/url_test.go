package engines_test

import (
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engines"
)

func TestURLsReadsServers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://db.example:6000":        "postgres://db.example:6000",
		"postgres://db.example":             "postgres://db.example:5432",
		"POSTGRES://db.example/":            "postgres://db.example:5432",
		"postgresql://db_1.example":         "postgres://db_1.example:5432",
		"mysql://127.83.1.2":                "mysql://127.83.1.2:3306",
		"mysql://[::1]:3307":                "mysql://[::1]:3307",
		"mysql://[fe80::1%25eth0]":          "mysql://[fe80::1%eth0]:3306",
		"sqlserver://h":                     "sqlserver-ee://h:1433",
		"mongodb://h":                       "mongodb://h:27017",
		"aurora-postgresql://h.x.y.z.:5432": "aurora-postgresql://h.x.y.z.:5432",
	} {
		u, err := engines.NewURLs().Parse(text)
		if err != nil || u.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, u, err, want)
		}
	}
}

func TestURLsRefusesAndSaysWhy(t *testing.T) {
	t.Parallel()
	for rule, c := range map[string]struct{ text, says string }{
		"no scheme":                 {"db.example:5432", "ENGINE://HOST:PORT"},
		"nothing":                   {"", "ENGINE://HOST:PORT"},
		"no host":                   {"postgres://:5432", "ENGINE://HOST:PORT"},
		"an unknown engine":         {"informix://h:1", `unknown engine "informix"; use one of ase, `},
		"a password, not repeated":  {"postgres://u:hunter2@h:5432", "no password"},
		"a database":                {"postgres://h/shop", "ENGINE://HOST:PORT"},
		"a parameter":               {"postgres://h?sslmode=require", "ENGINE://HOST:PORT"},
		"a fragment":                {"postgres://h#a", "ENGINE://HOST:PORT"},
		"port 0":                    {"postgres://h:0", "1-65535"},
		"a port too high":           {"postgres://h:65536", "1-65535"},
		"a port that is no number":  {"postgres://h:x", "ENGINE://HOST:PORT"},
		"a colon and no port":       {"postgres://h:", "ENGINE://HOST:PORT"},
		"an IPv6 address, no []":    {"postgres://::1", "ENGINE://HOST:PORT"},
		"brackets about no address": {"postgres://[h]:1", "ENGINE://HOST:PORT"},
		"a space":                   {"postgres://h h", "ENGINE://HOST:PORT"},
		"a control character":       {"postgres://h\x1b[2J", "ENGINE://HOST:PORT"},
		"too long":                  {"postgres://" + strings.Repeat("a", 600), "at most 512"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, err := engines.NewURLs().Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Parse(%q) = %v, want %q in it", c.text, err, c.says)
			}
		})
	}
}

func FuzzURLs(f *testing.F) {
	for _, text := range []string{"postgres://h:1", "mysql://[::1%25a]:3306", "postgres://u:p@h", "ase://h/", "://", "oracle://%41", "mongodb://[::ffff:1.2.3.4]"} {
		f.Add(text)
	}
	urls := engines.NewURLs()
	f.Fuzz(func(t *testing.T, text string) {
		u, err := urls.Parse(text)
		if err != nil {
			return
		}
		if u.Port < 1 || u.Port > 65535 || u.Host == "" || strings.ContainsAny(u.Host, " /@\x00\x1b[]") {
			t.Fatalf("%q gave %+v", text, u.Address())
		}
		if strings.Contains(u.Host, "%") {
			return // a zone is escaped in a URL and not in an address
		}
		again, err := urls.Parse(u.String())
		if err != nil || again.Address() != u.Address() {
			t.Fatalf("%q gave %q, which gives %q, %v", text, u, again.Address(), err)
		}
	})
}
