package read_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// places are where a password can stand, marked by a %; what surrounds it is as
// people write it.
func places() []string {
	return []string{
		"postgres://app:%@db1:5432/shop?sslmode=require", "mongodb+srv://app:%@db1/shop", "sqlserver://sa:%@db1?database=shop",
		"Server=db1;User ID=app;Password=%;Encrypt=True", "jdbc:mysql://db1/shop?user=app&password=%&useSSL=true",
		"host=db1 password=% sslmode=require", "DB_PASSWORD=%\nDB_HOST=db1", "password: %\nhost: db1", "db.password=%\nurl=x",
		`p.setProperty("password", "%");`, `{"password":"%"}`, `<db password="%"/>`, "<password>%</password>",
		"mysql -uapp -p% -h db1", "sqlcmd -S db1 -P % -C", "mysql --password=% -h db1", "sqlplus scott/%@db1", "app:%@tcp(db1:3306)/shop",
	}
}

// FuzzRedact puts a marker between what the fuzzer finds, where a password
// stands. What cannot be a part of an unquoted password, and what ends one, is
// left out of what surrounds it.
func FuzzRedact(f *testing.F) {
	for n := range places() {
		f.Add(n, "", "")
		f.Add(n, "p@", "/w")
		f.Add(n, "%40;", "&x?")
		f.Add(n, "{a", "}}#")
		f.Add(n, "#", "}#}#")
		f.Add(n, "4R;;", "&&;")
		f.Add(n, "&&", "/w")
		f.Add(n, "0;", "U")
		f.Add(n, "{||}|", "}}#")
		f.Add(n, "{-", "}}#")
		f.Add(n, "}}", "x?&x?")
	}
	f.Add(-1, "password=", "\x00")
	f.Fuzz(func(t *testing.T, place int, before, after string) {
		started := time.Now()
		if out := read.Redact(before + after); !utf8.ValidString(before+after) && out == "" && before+after != "" {
			t.Errorf("nothing is left of %q", before+after)
		}
		all := places()
		if place < 0 || place >= len(all) || ends(before) || ends(after) {
			return
		}
		const marker = "hunter2-SECRET"
		in := strings.Replace(all[place], "%", before+marker+after, 1)
		if out := read.Redact(in); strings.Contains(out, marker) || strings.Contains(out, "hunter2") {
			t.Errorf("%q\ngives %q", in, out)
		}
		if d := time.Since(started); d > 10*time.Second {
			t.Errorf("%d bytes took %v", len(in), d)
		}
	})
}

// ends reports whether s can end a password in one of the places: white space,
// quotes and brackets, and a separator before what looks like an option.
func ends(s string) bool {
	if strings.ContainsAny(s, " \t\r\n\v\f\"'`<>()[]\\=:,") || strings.HasPrefix(s, "-") {
		return true
	}
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func TestRedactTakesLinearTime(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, piece := range []string{"password=", "password=\"", "a:b@", "://a:", "(", "connect(\"", "-p", "mysql -p", "value=\"", "PRIVATE KEY-----", "password={", "\\", "'", "password, ", "pass;", "a b "} {
		in := strings.Repeat(piece, size/len(piece))
		started := time.Now()
		read.Redact(in)
		if d := time.Since(started); d > 20*time.Second {
			t.Errorf("%q: a megabyte took %v", piece, d)
		}
	}
}
