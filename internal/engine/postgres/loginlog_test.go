package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	forged   = "x SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"
	tlsWords = "encrypted TLSv1.3 TLS_AES_256_GCM_SHA384"
)

func TestWhatTheLogTells(t *testing.T) {
	t.Parallel()
	authenticated := `connection authenticated: identity="app" method=scram-sha-256 (/c/pg_hba.conf:8)`
	for name, c := range map[string]loginCase{
		"a login over TLS": {
			log: login(8, "app", "psql", true), want: []string{"login app@10.0.0.7/orders app=\"psql\" " + tlsWords}},
		"a plain login": {
			log: login(9, "app", "psql", false), want: []string{`login app@10.0.0.7/orders app="psql" plain  `}},
		"a plain login whose application claims TLS": {
			log: login(9, "app", forged, false), want: []string{`login app@10.0.0.7/orders app="` + forged[:63] + `" plain  `}},
		"a login over TLS whose application claims another cipher": {
			log:  login(8, "app", "x SSL enabled (protocol=TLSv1.2, cipher=NULL, bits=0)", true),
			want: []string{`login app@10.0.0.7/orders app="x SSL enabled (protocol=TLSv1.2, cipher=NULL, bits=0)" ` + tlsWords}},
		"an application that names none": {
			log: login(8, "app", "", true), want: []string{`login app@10.0.0.7/orders app="" ` + tlsWords}},
		"a user whose name is a whole entry": {
			log:  login(9, "u\"\n2026-11-22 21:00:00.000 UTC,\"r\",\"d", "a", false),
			want: []string{`login u"?2026-11-22 21:00:00.000 UTC,"r","d@10.0.0.7/orders app="a" plain  `}},
		"a user whose name looks like the end of the message": {
			log:  login(9, `a" method=scram-sha-256 (/c/pg_hba.conf:8)`, "a", false),
			want: []string{`login a" method=scram-sha-256 (/c/pg_hba.conf:8)@10.0.0.7/orders app="a" plain  `}},
		"a user whose name has a database in it": {
			log: login(8, "a database=b", "x", true), want: []string{`login a database=b@10.0.0.7/orders app="x" ` + tlsWords}},
		"replication": {
			log: entry{user: "dbtls_replica", database: "", line: 2, tag: "authentication", message: `connection authenticated: identity="dbtls_replica" method=scram-sha-256 (/c/pg_hba.conf:8)`}.csv() +
				entry{user: "dbtls_replica", line: 3, tag: "authentication", message: "replication connection authorized: user=dbtls_replica application_name=db-2 SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"}.csv(),
			want: []string{`login dbtls_replica@10.0.0.7/orders app="db-2" ` + tlsWords}},
		"an IPv6 source": {
			log:  entry{from: "fe80::1%eth0:5000", tag: "authentication", message: "no pg_hba.conf entry for host \"fe80::1%eth0\", user \"app\", database \"orders\", no encryption", severity: "FATAL", state: "28000"}.csv(),
			want: []string{`plain-refused app@fe80::1%eth0/orders app="" plain  `}},
		"dbtls's own session": {
			log:  entry{user: agentRole, database: "postgres", from: "[local]", line: 2, tag: "authentication", message: "connection authorized: user=dbtls_agent database=postgres application_name=dbtls"}.csv(),
			want: []string{`login dbtls_agent@local/postgres app="dbtls" plain   own`}},
		"no rule is named, as by an old kind of authentication": {
			log:  entry{line: 2, tag: "authentication", message: "connection authorized: user=app database=orders application_name=a SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)"}.csv(),
			want: []string{`login app@10.0.0.7/orders app="a" unknown  `}},
		"a rule of another file": {
			log: entry{line: 2, tag: "authentication", message: `connection authenticated: identity="app" method=scram-sha-256 (/elsewhere/c/pg_hba.conf:8)`}.csv() +
				entry{line: 3, tag: "authentication", message: "connection authorized: user=app database=orders SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)"}.csv(),
			want: []string{`login app@10.0.0.7/orders app="" unknown  `}},
		"a rule for TLS and nothing said of it": {
			log: login(8, "app", "x", false), want: []string{`login app@10.0.0.7/orders app="x" unknown  `}},
		"the rule of another session of the same time": {
			log: entry{line: 2, session: "1.1", tag: "authentication", message: authenticated}.csv() +
				entry{line: 3, session: "1.2", tag: "authentication", message: "connection authorized: user=app database=orders"}.csv(),
			want: []string{`login app@10.0.0.7/orders app="" unknown  `}},
		"a rule of an earlier session of the same name": {
			log: entry{line: 7, tag: "authentication", message: authenticated}.csv() +
				entry{line: 3, tag: "authentication", message: "connection authorized: user=app database=orders"}.csv(),
			want: []string{`login app@10.0.0.7/orders app="" unknown  `}},
		"one who is in says what the server says (RAISE LOG)": {
			log: entry{line: 9, tag: "DO", message: authenticated}.csv() +
				entry{line: 10, tag: "DO", message: "connection authorized: user=app database=orders SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)", context: "PL/pgSQL function inline_code_block line 1 at RAISE"}.csv() +
				entry{line: 11, tag: "SELECT", message: "could not accept SSL connection: tlsv1 alert unknown ca", state: "08P01"}.csv()},
	} {
		t.Run(name, c.test)
	}
}

func TestWhatElseTheLogTells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]loginCase{
		"a refusal because of TLS": {
			log:  entry{line: 2, tag: "authentication", severity: "FATAL", state: "28000", message: `no pg_hba.conf entry for host "10.0.0.7", user "app", database "orders", no encryption`}.csv(),
			want: []string{`plain-refused app@10.0.0.7/orders app="" plain  `}},
		"other refusals": {
			log: entry{line: 2, tag: "authentication", severity: "FATAL", state: "28000", message: `no pg_hba.conf entry for host "10.0.0.7", user "app", database "orders", SSL encryption`}.csv() +
				entry{line: 2, tag: "authentication", severity: "FATAL", state: "28000", message: `no pg_hba.conf entry for replication connection from host "10.0.0.7", user "app", no encryption`}.csv() +
				entry{line: 2, tag: "authentication", severity: "FATAL", state: "28000", message: `pg_hba.conf rejects connection for host "10.0.0.7", user "dbtls_agent", database "x", no encryption`}.csv() +
				entry{line: 2, tag: "authentication", severity: "FATAL", state: "28P01", message: `password authentication failed for user "app"`, detail: "Connection matched pg_hba.conf line 9"}.csv()},
		"the client does not know the CA": {
			log:  entry{noUser: true, line: 2, state: "08P01", message: "could not accept SSL connection: tlsv1 alert unknown ca", backend: "not initialized"}.csv(),
			want: []string{`handshake-failed @10.0.0.7/ app="" unknown  `}},
		"a port scan": {
			log: entry{noUser: true, line: 2, state: "08P01", message: "could not accept SSL connection: EOF detected"}.csv() +
				entry{noUser: true, line: 2, state: "08006", message: "could not accept SSL connection: Connection reset by peer"}.csv() +
				entry{noUser: true, line: 2, state: "08P01", message: "invalid length of startup packet"}.csv()},
		"another language": {
			log: entry{line: 3, tag: "authentication", message: "Verbindung autorisiert: Benutzer=app Datenbank=orders"}.csv(),
			gap: "in English"},
		"a user who is not the one of the entry": {
			log: entry{user: "app", line: 3, tag: "authentication", message: "connection authorized: user=other database=orders"}.csv(),
			gap: "not in the words"},
		"another format": {log: "21:00:00 LOG: connection received\n", gap: "1 columns"},
		"another time zone": {
			log: strings.ReplaceAll(login(8, "app", "psql", true), " UTC", " CET"), gap: "log_timezone"},
		"two entries run into one another": {
			log: login(8, "app", "x", true)[:300] + login(9, "app", forged, false), gap: "cannot be read"},
		"an entry is cut off in a name": {
			log: login(8, "app", "x", true)[:280] + login(9, "app", forged, false), gap: "not whole"},
		"a version with more columns": {log: strings.ReplaceAll(login(8, "a", "x", true), "\n", ",new\n"), gap: "27 columns"},
	} {
		t.Run(name, c.test)
	}
}

func TestReadingInStepsIsReadingAtOnce(t *testing.T) {
	t.Parallel()
	log := []byte(login(8, "o'b \"x\n,", "a", true) + entry{tag: "SELECT", severity: "ERROR", message: strings.Repeat(`x",`+"\n", maxRow/4)}.csv() +
		login(9, "app", forged, false) + login(8, "last", "b", true))
	want, gap := reader(t, goodConf, nil).Feed(log)
	if len(want) != 3 || gap != "" {
		t.Fatalf("%d sightings, gap %q", len(want), gap)
	}
	for _, step := range []int{97, 1000, 70000} {
		var got []engine.Sighting
		var state []byte
		for part := range slices.Chunk(log, step) {
			r := reader(t, goodConf, state)
			seen, gap := r.Feed(part)
			if gap != "" {
				t.Fatalf("steps of %d: gap %q", step, gap)
			}
			got, state = append(got, seen...), r.State()
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("steps of %d: %v", step, got)
		}
	}
}

func TestARotationBetweenTheEntriesOfALogin(t *testing.T) {
	t.Parallel()
	log := login(8, "app", "psql", true)
	cut := strings.LastIndex(strings.TrimSuffix(log, "\n"), "\n") + 1
	r := reader(t, goodConf, nil)
	r.Feed([]byte(log[:cut]))
	if gap := r.NextFile(); gap != "" {
		t.Errorf("gap %q", gap)
	}
	r = reader(t, goodConf, r.State())
	seen, gap := r.Feed([]byte(log[cut:]))
	if len(seen) != 1 || seen[0].TLS != engine.TLSEncrypted || gap != "" {
		t.Errorf("seen %v, gap %q", seen, gap)
	}
	r.Feed([]byte(log[:10]))
	if gap := r.NextFile(); !strings.Contains(gap, "not whole") {
		t.Errorf("a file that ends in an entry: gap %q", gap)
	}
}

func TestAClockThatJumpsBreaksNoJoin(t *testing.T) {
	t.Parallel()
	rows := strings.SplitAfter(login(8, "app", "psql", true), "\n")
	back := strings.ReplaceAll(rows[2], "21:00:00.000", "03:00:00.000")
	r := reader(t, goodConf, nil)
	r.Feed([]byte(rows[0] + rows[1]))
	r = reader(t, goodConf, r.State())
	seen, _ := r.Feed([]byte(back))
	if len(seen) != 1 || seen[0].TLS != engine.TLSEncrypted || r.Upto().Hour() != 3 {
		t.Errorf("seen %v up to %v", seen, r.Upto())
	}
}

func TestWhatIsBegunIsBounded(t *testing.T) {
	t.Parallel()
	r := reader(t, goodConf, nil)
	var gap string
	for n := range maxPending + 5 {
		_, g := r.Feed([]byte(entry{line: 2, session: fmt.Sprintf("6b.%x", n), tag: "authentication", message: `connection authenticated: identity="app" method=x (/c/pg_hba.conf:8)`}.csv()))
		if (g != "") != (n >= maxPending) {
			t.Fatalf("client %d: gap %q", n, g)
		}
		gap += g
	}
	if size := len(r.State()); size > 1<<20 || gap == "" {
		t.Errorf("the state has %d bytes, gap %q", size, gap)
	}
	r.Feed([]byte(entry{at: "21:05:01.000", tag: "SELECT", message: "late"}.csv()))
	if state := r.State(); len(state) > 1000 {
		t.Errorf("after five minutes the state still has %d bytes", len(state))
	}
}

func TestAFileChangedByAnotherHandProvesNothingFromThenOn(t *testing.T) {
	t.Parallel()
	changed := func(string) ([]byte, error) {
		b, err := goodConf("")
		return append(b, "host all all all trust\n"...), err
	}
	step := func(state []byte, conf func(string) ([]byte, error), log string, want engine.TLSState) []byte {
		t.Helper()
		r := reader(t, conf, state)
		seen, _ := r.Feed([]byte(log + login(8, "app", "x", true)))
		if len(seen) != 1 || seen[0].TLS != want || (want == engine.TLSUnknown) != strings.Contains(r.Blind(), "pg_hba.conf") {
			t.Errorf("seen %+v, blind %q; want %s", seen, r.Blind(), want)
		}
		return r.State()
	}
	reload := entry{backend: "postmaster", message: msgReloading}.csv()
	state := step(nil, goodConf, "", engine.TLSEncrypted)
	state = step(state, changed, reload, engine.TLSUnknown)
	// Put back: what the server had read before still lets clients in.
	state = step(state, goodConf, reload, engine.TLSUnknown)
	state = step(state, goodConf, "", engine.TLSUnknown)
	fake := entry{tag: "DO", message: msgReloading}.csv()
	worker := entry{backend: "postmaster", message: msgReloading}.csv()
	worker = strings.Replace(worker, `"postmaster"`, `"parallel worker"`, 1)
	state = step(state, goodConf, fake+worker, engine.TLSUnknown)
	state = step(state, goodConf, reload, engine.TLSEncrypted)
	step(state, func(string) ([]byte, error) { return nil, errors.New("gone") }, "", engine.TLSUnknown)
}

func TestVersionsBefore14AreBlind(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]int{"12": columns9, "13": columns13} {
		var log []byte
		for row := range strings.Lines(login(8, "app", "psql", true)) {
			fields := split([]byte(strings.TrimSuffix(row, "\n")), nil)
			log = append(append(log, bytes.Join(fields[:cut], []byte(","))...), '\n')
		}
		r := reader(t, goodConf, nil)
		seen, gap := r.Feed(log)
		if len(seen) != 1 || seen[0].TLS != engine.TLSUnknown || seen[0].Application != "psql" || gap != "" || !strings.Contains(r.Blind(), "version 14") {
			t.Errorf("version %s: seen %+v, gap %q, blind %q", name, seen, gap, r.Blind())
		}
	}
}

func TestALostFileEndsWithTheNext(t *testing.T) {
	t.Parallel()
	r := reader(t, goodConf, nil)
	if _, gap := r.Feed([]byte("nonsense\n" + login(8, "app", "x", true))); gap == "" || r.Blind() == "" {
		t.Fatalf("gap %q, blind %q", gap, r.Blind())
	}
	r = reader(t, goodConf, r.State())
	if seen, gap := r.Feed([]byte(login(8, "app", "x", true))); len(seen) != 0 || gap != "" || r.Blind() == "" {
		t.Errorf("the rest: seen %v, gap %q, blind %q", seen, gap, r.Blind())
	}
	r.NextFile()
	if seen, gap := r.Feed([]byte(login(8, "app", "x", true))); len(seen) != 1 || gap != "" || r.Blind() != "" {
		t.Errorf("the next: seen %v, gap %q, blind %q", seen, gap, r.Blind())
	}
}

func TestAStateThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"{", `{"at":9}`, `{"part":"` + strings.Repeat("A", 2*maxRow) + `"}`} {
		if _, err := loginLog().Reader(loginSettings, goodConf, []byte(state)); err == nil {
			t.Errorf("state %.20q is taken", state)
		}
	}
}
