package mysql_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/fault"
)

// forged is an application that would like to be taken for an encrypted one,
// and to write on the terminal of who reads it.
const forged = "SSL/TLS TLSv1.3\x1b[2J\r\nadmin \u202e TLS_AES_256_GCM_SHA384"

// client is where the tests' clients come from.
const client = "127.0.0.1"

// looked is a running server with its master user and what it trusts.
type looked struct {
	*testing.T
	*enginetest.Server
	world enginetest.World
}

func newLooked(t *testing.T, e engine.Engine) looked {
	v, w := enginetest.New(t, e), enginetest.NewWorld(t)
	pair, _ := v.Pair(w, "gen-1")
	v.Bind(pair)
	return looked{t, v, w}
}

// setUp is done in a session of its own: one that is open keeps the privileges
// that it began with.
func (l looked) setUp() {
	l.Helper()
	a := l.Admin()
	if err := a.SetUp(l.Context(), enginetest.Master()); err != nil {
		l.Fatal(err)
	}
	if err := a.Close(); err != nil {
		l.Fatal(err)
	}
}

func (l looked) tls() *tls.Config {
	return &tls.Config{RootCAs: l.world.Roots(), ServerName: l.Address}
}

// session stays open until the test ends.
func (l looked) session(user, password, application string, c *tls.Config) enginetest.Session {
	l.Helper()
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.TLS = "tcp", l.HostPort(), user, password, c
	if application != "" {
		cfg.ConnectionAttributes = "program_name:" + application
	}
	s, err := connect(l.Context(), cfg)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = s.Close() })
	return s
}

func (l looked) master(application string, c *tls.Config) enginetest.Session {
	m := enginetest.Master()
	return l.session(m.User, m.Password, application, c)
}

func (l looked) account(user, password string) engine.Account {
	return engine.Account{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", l.HostPort())
		},
		Host: l.Address, Port: l.Port, User: user, Password: password, TLS: l.tls(),
	}
}

func (l looked) exec(s enginetest.Session, statements ...string) {
	l.Helper()
	for _, text := range statements {
		if err := s.Exec(l.Context(), text); err != nil {
			l.Fatalf("%s: %v", text, err)
		}
	}
}

// only is the session of look that keep wants.
func only(t *testing.T, look engine.Look, what string, keep func(engine.Sighting) bool) engine.Sighting {
	t.Helper()
	all := slices.DeleteFunc(slices.Clone(look.Sessions), func(s engine.Sighting) bool { return !keep(s) })
	if len(all) != 1 {
		t.Fatalf("%d sessions are %s: %+v", len(all), what, look.Sessions)
	}
	return all[0]
}

func bothProducts(t *testing.T, f func(t *testing.T, e engine.Engine)) {
	t.Run("mariadb", func(t *testing.T) { t.Parallel(); f(t, mysql.MariaDB()) })
	t.Run("mysql", func(t *testing.T) { t.Parallel(); needMySQL(t); f(t, mysql.MySQL()) })
}

func TestALookTellsWhoUsesTLSAndIsNotFooledByNames(t *testing.T) {
	t.Parallel()
	bothProducts(t, func(t *testing.T, e engine.Engine) {
		l := newLooked(t, e)
		l.Start()
		l.setUp()
		a := l.Admin()
		before, err := a.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.master(forged, nil)
		l.master("orders", l.tls())
		look, err := a.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		user := enginetest.Master().User
		plain := only(t, look, "plain", func(s engine.Sighting) bool { return s.User == user && s.TLS == engine.TLSPlain })
		if plain.Source != client || plain.Version != "" || plain.Cipher != "" || plain.Application != engine.Printable(forged) || strings.ContainsAny(plain.Application, "\x1b\r\n\u202e") {
			t.Errorf("plain session: %+v", plain)
		}
		secure := only(t, look, "encrypted", func(s engine.Sighting) bool { return s.User == user && s.TLS == engine.TLSEncrypted })
		if secure.Source != client || secure.Version != "TLSv1.3" || !strings.HasPrefix(secure.Cipher, "TLS_") || secure.Application != "orders" || secure.Own || secure.Session == plain.Session {
			t.Errorf("encrypted session: %+v", secure)
		}
		own := only(t, look, "dbtls's own", func(s engine.Sighting) bool { return s.Own })
		if own.User != l.HostUser || own.Source != engine.LocalSource || own.Application != "dbtls" {
			t.Errorf("own session: %+v", own)
		}
		for _, s := range look.Sessions {
			if s.Internal && (s.Own || s.TLS != engine.TLSUnknown || s.Source != "") {
				t.Errorf("internal thread: %+v", s)
			}
			if !s.Internal && s.TLS == engine.TLSUnknown {
				t.Errorf("session of which nothing is known: %+v", s)
			}
		}
		if look.Unknown != "" || look.Handshakes != before.Handshakes+1 || look.Connections < before.Connections+2 {
			t.Errorf("unknown %q, %d handshakes after %d, %d connections after %d", look.Unknown, look.Handshakes, before.Handshakes, look.Connections, before.Connections)
		}
		if up := time.Since(look.Since); up < 0 || up > time.Minute {
			t.Errorf("the server is up for %v", up)
		}
		l.counts(look, user)
		l.reads()
	})
}

// counts: a login that is over shows in the counters.
func (l looked) counts(look engine.Look, user string) {
	l.Helper()
	of := func(look engine.Look) int64 {
		for _, c := range look.Counts {
			if c.User == user && c.Source == client && !c.Own {
				return c.Logins
			}
		}
		return -1
	}
	for _, c := range look.Counts {
		if c.User == l.HostUser && !c.Own {
			l.Errorf("dbtls's own logins are not marked: %+v", c)
		}
	}
	if err := l.master("gone", l.tls()).Close(); err != nil {
		l.Fatal(err)
	}
	after, err := l.Admin().Look(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	if of(look) != 2 || of(after) != 3 {
		l.Errorf("%d logins of %q, then %d; want 2 and 3", of(look), user, of(after))
	}
}

// reads: the statements that are printed for an administrator, run by one.
func (l looked) reads() {
	t, e := l.T, l.Engine
	t.Helper()
	master := l.master("secret text", nil)
	l.exec(master, "CREATE TABLE `orders-2`.t (a int)", "CREATE USER unfit@'%' IDENTIFIED BY 'pw'")
	if _, err := e.Looker(t.Context(), l.account("unfit", "pw")); fault.CodeOf(err) != fault.AccessDenied || !strings.Contains(fault.Public(err), "GRANT SELECT (THREAD_ID") {
		t.Errorf("an account without the privileges: %v", err)
	}
	name := "re`ad'er"
	text := strings.ReplaceAll(e.Spec.Reader(name), "<password>", "pw")
	for statement := range strings.SplitSeq(strings.TrimSuffix(text, ";\n"), ";\n") {
		l.exec(master, statement)
	}
	look, err := e.Looker(t.Context(), l.account(name, "pw"))
	if err != nil {
		t.Fatal(err)
	}
	other := only(t, look, "the master's", func(s engine.Sighting) bool { return s.Application == "secret text" })
	if other.TLS != engine.TLSPlain || other.User != enginetest.Master().User || other.Source != client || other.Own {
		t.Errorf("the master's session: %+v", other)
	}
	own := only(t, look, "the reader's", func(s engine.Sighting) bool { return s.User == name })
	if own.TLS != engine.TLSEncrypted || own.Version == "" || own.Cipher == "" || !own.Own {
		t.Errorf("the reader's session: %+v", own)
	}
	if look.Unknown != "" || len(look.Counts) == 0 || look.Since.IsZero() || look.Handshakes < 1 {
		t.Errorf("look: %+v", look)
	}
	reader := l.session(name, "pw", "", l.tls())
	for _, forbidden := range []string{
		"SELECT * FROM `orders-2`.t", "SELECT PROCESSLIST_INFO FROM performance_schema.threads", "SELECT * FROM mysql.user",
		"SELECT SQL_TEXT FROM performance_schema.events_statements_current", "CREATE DATABASE x",
	} {
		if err := reader.Exec(t.Context(), forbidden); !noPrivilege(err) && !is(err, 1143) {
			t.Errorf("%s: %v", forbidden, err)
		}
	}
}

// An account made by AWS's manual: one table, and PROCESS.
func TestTheQueryOfTheManualIsEnoughForThoseWhoFollowedIt(t *testing.T) {
	t.Parallel()
	l := newLooked(t, mysql.MariaDB())
	l.Start()
	l.Admin()
	all, err := openSocket(t.Context(), l.Settings) // before the set-up takes its privileges
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	l.setUp()
	l.master("x", l.tls())
	l.exec(all, "CREATE USER manual@'%' IDENTIFIED BY 'pw'",
		"GRANT SELECT (PROCESSLIST_ID, CONNECTION_TYPE) ON performance_schema.threads TO manual@'%'")
	if _, err := mysql.MariaDB().Looker(t.Context(), l.account("manual", "pw")); fault.CodeOf(err) != fault.AccessDenied {
		t.Errorf("without PROCESS it would see itself only: %v", err)
	}
	l.exec(all, "GRANT PROCESS ON *.* TO manual@'%'")
	look, err := mysql.MariaDB().Looker(t.Context(), l.account("manual", "pw"))
	if err != nil {
		t.Fatal(err)
	}
	s := only(t, look, "the master's", func(s engine.Sighting) bool { return s.User == enginetest.Master().User })
	if s.TLS != engine.TLSEncrypted || s.Source != client || look.Unknown != "" {
		t.Errorf("%+v of %+v", s, look)
	}
}

// A server that was set up before dbtls read performance_schema gets the
// privileges at its next start; one without it says nothing of its sessions.
func TestNothingIsClaimedWithoutPerformanceSchema(t *testing.T) {
	t.Parallel()
	bothProducts(t, func(t *testing.T, e engine.Engine) {
		l := newLooked(t, e)
		l.files(regexp.MustCompile(`(?m)^GRANT SELECT \(.*\n`))
		l.Start()
		l.setUp()
		a := l.Admin()
		l.master("orders", l.tls())
		look, err := a.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.wantUnknown(look, "may not read performance_schema yet", "reboot")
		l.Stop()
		l.Parameters = map[string]string{"performance_schema": "0"}
		l.files(nil)
		l.Start()
		a = l.Admin()
		l.master("orders", l.tls())
		if look, err = a.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.wantUnknown(look, "performance_schema is off", "restart")
		l.Stop()
		l.Parameters = nil
		l.files(nil)
		l.Start()
		a = l.Admin()
		l.master("orders", l.tls())
		if look, err = a.Look(t.Context()); err != nil || look.Unknown != "" {
			t.Fatalf("after a restart: %+v, %v", look, err)
		}
		only(t, look, "encrypted", func(s engine.Sighting) bool { return !s.Own && s.TLS == engine.TLSEncrypted })
	})
}

// files writes the server's files, without what without matches.
func (l looked) files(without *regexp.Regexp) {
	l.Helper()
	for _, f := range l.Engine.Server.Files(l.Install, l.Settings) {
		if without != nil && filepath.Base(f.Path) == "init.sql" {
			if !without.Match(f.Content) {
				l.Fatalf("nothing to leave out of %s", f.Content)
			}
			f.Content = without.ReplaceAll(f.Content, nil)
		}
		if err := os.WriteFile(f.Path, f.Content, f.Mode); err != nil {
			l.Fatal(err)
		}
	}
}

func (l looked) wantUnknown(look engine.Look, why, fix string) {
	l.Helper()
	if !strings.Contains(look.Unknown, why) || !strings.Contains(look.Fix, fix) || len(look.Counts) != 0 {
		l.Errorf("unknown %q, fix %q, %d counts", look.Unknown, look.Fix, len(look.Counts))
	}
	s := only(l.T, look, "the master's", func(s engine.Sighting) bool { return s.User == enginetest.Master().User })
	if s.TLS != engine.TLSUnknown || s.Why == "" || s.Source != client || s.Own || s.Internal {
		l.Errorf("the master's session: %+v", s)
	}
	only(l.T, look, "dbtls's own", func(s engine.Sighting) bool { return s.Own })
}
