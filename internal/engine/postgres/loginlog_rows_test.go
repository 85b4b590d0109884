package postgres

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

var loginSettings = engine.Settings{ID: "db-1", Layout: engine.Layout{Conf: "/c", LogFile: "/l/engine.log"}}

// entry is a row as the server of version 14 and later writes it.
type entry struct {
	at                       string // after the date
	user, database           string
	noUser                   bool // none is known yet
	from, session, tag       string
	line                     int
	severity, state, message string
	detail, context, backend string
}

// csv writes with the quotes of the server: every text, doubled inside.
func (e entry) csv() string {
	q := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	f := make([]string, columns14)
	f[colTime] = "2026-11-22 " + or(e.at, "21:00:00.000") + " UTC"
	if !e.noUser {
		f[colUser], f[colDatabase] = q(or(e.user, "app")), q(or(e.database, "orders"))
	}
	f[3], f[colFrom], f[colSession] = "4711", q(or(e.from, "10.0.0.7:40000")), or(e.session, "6b035804.4a0b")
	f[colLine], f[colTag] = fmt.Sprint(max(e.line, 1)), q(e.tag)
	f[8], f[9], f[10] = "2026-11-22 21:00:00 UTC", "3/1", "0"
	f[colSeverity], f[colState], f[colMessage] = or(e.severity, "LOG"), or(e.state, "00000"), q(e.message)
	if e.detail != "" {
		f[14] = q(e.detail)
	}
	if e.context != "" {
		f[colContext] = q(e.context)
	}
	f[22], f[colBackend], f[25] = `""`, q(or(e.backend, "client backend")), "0"
	if e.backend == "postmaster" {
		f[colUser], f[colDatabase], f[colFrom], f[colTag] = "", "", "", ""
	}
	return strings.Join(f, ",") + "\n"
}

// login is what the server writes of one: line is that of pg_hba.conf.
func login(line int, user, app string, tls bool) string {
	said := "connection authorized: user=" + user + " database=orders"
	if app != "" {
		said += " application_name=" + app
	}
	if tls {
		said += " SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"
	}
	return entry{noUser: true, line: 1, message: "connection received: host=10.0.0.7 port=40000", backend: "not initialized"}.csv() +
		entry{user: user, line: 2, tag: "authentication", message: fmt.Sprintf(`connection authenticated: identity="%s" method=scram-sha-256 (/c/pg_hba.conf:%d)`, user, line)}.csv() +
		entry{user: user, line: 3, tag: "authentication", message: said}.csv()
}

func goodConf(string) ([]byte, error) { return []byte(hbaConf(loginSettings, terms{})), nil }

func reader(t testing.TB, conf func(string) ([]byte, error), state []byte) engine.LogReader {
	t.Helper()
	r, err := loginLog().Reader(loginSettings, conf, state)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// short is a sighting in a line.
func short(s engine.Sighting) string {
	own := ""
	if s.Own {
		own = " own"
	}
	return fmt.Sprintf("%s %s@%s/%s app=%q %s %s %s%s", s.Kind, s.User, s.Source, s.Database, s.Application, s.TLS, s.Version, s.Cipher, own)
}

// loginCase is a log, what it tells, and a part of the gap, "" for none.
type loginCase struct {
	log  string
	want []string
	gap  string
}

func (c loginCase) test(t *testing.T) {
	t.Parallel()
	r := reader(t, goodConf, nil)
	seen, gap := r.Feed([]byte(c.log))
	var got []string
	for _, s := range seen {
		got = append(got, short(s))
		if s.At.IsZero() || (s.TLS == engine.TLSUnknown) != (s.Why != "") && s.Kind != engine.SightPlainRefused {
			t.Errorf("%+v has no time, or no reason", s)
		}
	}
	if !reflect.DeepEqual(got, c.want) || !strings.Contains(gap, c.gap) || (gap != "") != (c.gap != "") {
		t.Errorf("seen %q\nwant %q\ngap %q, want %q", got, c.want, gap, c.gap)
	}
}

func BenchmarkLoginLog(b *testing.B) {
	var log []byte
	for n := range 1000 {
		row := login(8+n%2, "app", "billing-worker", n%2 == 0)
		log = append(log, strings.ReplaceAll(row, "6b035804.4a0b", fmt.Sprintf("6b035804.%x", n))...)
	}
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	began := time.Now()
	for b.Loop() {
		if seen, gap := reader(b, goodConf, nil).Feed(log); len(seen) != 1000 || gap != "" {
			b.Fatalf("%d logins, gap %q", len(seen), gap)
		}
	}
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(b.N)/1000, "ns/login")
}
