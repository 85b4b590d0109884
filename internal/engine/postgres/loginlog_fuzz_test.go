package postgres

import (
	"reflect"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

// What is read in two pieces, with the state kept between, is what is read in
// one, whatever the bytes.
func FuzzLoginLog(f *testing.F) {
	f.Add([]byte(login(8, "app", "psql", true)), 100)
	f.Add([]byte(login(9, "a\"b\n", forged, false)+login(8, "x", "", true)), 417)
	f.Add([]byte(login(8, "app", "x", true)[:280]+login(9, "app", "x", false)), 281)
	f.Add([]byte("\"\"\"\n,,\"a\"b\n"), 4)
	f.Add([]byte(entry{backend: "postmaster", message: msgReloading}.csv()), 7)
	f.Fuzz(func(t *testing.T, log []byte, cut int) {
		if cut < 0 || cut > len(log) {
			return
		}
		whole := reader(t, goodConf, nil)
		want, gap := whole.Feed(log)
		first := reader(t, goodConf, nil)
		got, gap1 := first.Feed(log[:cut])
		second := reader(t, goodConf, first.State())
		more, gap2 := second.Feed(log[cut:])
		if got = append(got, more...); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("in two pieces %v, in one %v", got, want)
		}
		if (gap != "") != (gap1+gap2 != "") || whole.Blind() != second.Blind() || !whole.Upto().Equal(second.Upto()) {
			t.Errorf("gaps %q and %q %q, blind %q and %q", gap, gap1, gap2, whole.Blind(), second.Blind())
		}
		for _, s := range want {
			if strings.ContainsFunc(s.User+s.Database+s.Application+s.Why+s.Version+s.Cipher, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("a control character in %+v", s)
			}
		}
	})
}

// Whatever names a client chooses, it is plain when it came in by a plain line,
// and TLS with the server's own words when it came in by one for TLS.
func FuzzLoginNames(f *testing.F) {
	f.Add("app", forged)
	f.Add("a\" method=scram-sha-256 (/c/pg_hba.conf:8)", "")
	f.Add("u\n2026-11-22 21:00:00.000 UTC,", "\",\"authentication\"")
	f.Add("a database=b", " SSL enabled (protocol=TLSv1.3, cipher=")
	f.Fuzz(func(t *testing.T, user, app string) {
		if user == "" || len(user)+len(app) > 10000 || strings.Contains(user+app, "\x00") {
			return // the server takes no such startup packet
		}
		for tls, line := range map[bool]int{true: 8, false: 9} {
			seen, gap := reader(t, goodConf, nil).Feed([]byte(login(line, user, app, tls)))
			if len(seen) != 1 || gap != "" {
				t.Fatalf("%d sightings, gap %q", len(seen), gap)
			}
			s := seen[0]
			want := engine.Sighting{
				Kind: engine.SightLogin, At: s.At, User: engine.Printable(user), Database: "orders", Source: "10.0.0.7",
				Application: engine.Printable(app[:min(len(app), maxAppName)]), TLS: engine.TLSPlain,
			}
			if tls {
				want.TLS, want.Version, want.Cipher = engine.TLSEncrypted, "TLSv1.3", "TLS_AES_256_GCM_SHA384"
			}
			if s != want {
				t.Errorf("seen %+v\nwant %+v", s, want)
			}
		}
	})
}

// Whatever is in the file: if it proves anything, then no line for plain
// sessions has an even number and none for TLS an odd one.
func FuzzHBAProves(f *testing.F) {
	f.Add(hbaConf(loginSettings, terms{}))
	f.Add(hbaConf(loginSettings, terms{force: true}))
	f.Add("#\nhostssl all all all trust \\\nhostnossl all all all trust\n")
	f.Fuzz(func(t *testing.T, text string) {
		if hbaProves([]byte(text)) != nil {
			return
		}
		for n, line := range strings.Split(text, "\n") {
			kind, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
			if (kind == "hostssl" && n%2 == 0) || (kind == "hostnossl" && n%2 == 1) || strings.HasSuffix(line, `\`) {
				t.Errorf("line %d of %q", n+1, text)
			}
		}
	})
}
