package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/fault"
)

var errTooMany = errors.New("there are other sessions of the master's")

func dialer(at string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", at)
	}
}

func (r *running) account(user, password string) engine.Account {
	return engine.Account{
		Dial: dialer(r.HostPort()),
		Host: r.Address, Port: r.Port, User: user, Password: password, Database: "postgres",
		TLS: &tls.Config{RootCAs: pool(r.world), ServerName: r.Address},
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

// One server: what its management session sees, and what a reader does that is
// made by the statements that are printed for it.
func TestALookTellsWhoUsesTLSAndIsNotFooledByNames(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	const forged = "x SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384)"
	began := time.Now()
	plain, secure := r.mustLogin(nil), r.mustLogin(&tls.Config{RootCAs: pool(r.world), ServerName: r.Address})
	for s, statements := range map[enginetest.Session][]string{
		plain:  {"SET application_name = '" + forged + "'"},
		secure: {"SET application_name = E'or\\ders\\x1b[2J'", "CREATE TABLE t (a int)"},
	} {
		for _, text := range statements {
			if err := s.Exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	look, err := r.admin.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, look, engine.Printable(forged))
	p := only(t, look, "plain", func(s engine.Sighting) bool { return s.TLS == engine.TLSPlain && !s.Own })
	if p.At.Before(began.Add(-time.Second)) || p.At.After(time.Now()) || p.Database != enginetest.Master().Database {
		t.Errorf("plain session: %+v", p)
	}
	own := only(t, look, "dbtls's own", func(s engine.Sighting) bool { return s.Own })
	if own.User != "dbtls_agent" || own.Source != engine.LocalSource {
		t.Errorf("own session: %+v", own)
	}
	if up := time.Since(look.Since); up < 0 || up > time.Minute || look.Handshakes != -1 || look.Connections != -1 {
		t.Errorf("up for %v, %d, %d", up, look.Handshakes, look.Connections)
	}
	r.reads(forged)
}

func check(t *testing.T, look engine.Look, forged string) {
	t.Helper()
	user := enginetest.Master().User
	p := only(t, look, "plain", func(s engine.Sighting) bool { return s.User == user && s.TLS == engine.TLSPlain })
	if p.Source != "127.0.0.1" || p.Version != "" || p.Cipher != "" || p.Own || !strings.HasPrefix(forged, p.Application) || p.Application == "" {
		t.Errorf("plain session: %+v", p)
	}
	s := only(t, look, "encrypted", func(s engine.Sighting) bool { return s.User == user && s.TLS == engine.TLSEncrypted })
	if s.Source != "127.0.0.1" || s.Version != "TLSv1.3" || !strings.HasPrefix(s.Cipher, "TLS_") || s.Own || strings.Contains(s.Application, "\x1b") || s.Session == p.Session {
		t.Errorf("encrypted session: %+v", s)
	}
	if look.Unknown != "" || look.Fix != "" {
		t.Errorf("unknown %q, fix %q", look.Unknown, look.Fix)
	}
}

// reads: the printed statements are the master's to run.
func (r *running) reads(forged string) {
	t := r.t
	t.Helper()
	look := postgres.New().Looker
	master := enginetest.Master()
	r.exec("CREATE ROLE unfit LOGIN PASSWORD 'pw'")
	if _, err := look(t.Context(), r.account("unfit", "pw")); fault.CodeOf(err) != fault.AccessDenied || !strings.Contains(fault.Public(err), `GRANT pg_read_all_stats TO "unfit"`) {
		t.Errorf("an account without the right: %v", err)
	}
	administrator := r.mustLogin(&tls.Config{RootCAs: pool(r.world), ServerName: r.Address})
	const name = `re"ad'er`
	for statement := range strings.SplitSeq(strings.ReplaceAll(postgres.Reader(name), "<password>", "pw"), ";\n") {
		if err := administrator.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := administrator.Close(); err != nil {
		t.Fatal(err)
	}
	var seen engine.Look
	r.Poll("the administrator's session to be gone", func(ctx context.Context) (err error) {
		if seen, err = look(ctx, r.account(name, "pw")); err != nil {
			return err
		}
		if n := len(slices.DeleteFunc(slices.Clone(seen.Sessions), func(s engine.Sighting) bool { return s.User != master.User })); n != 2 {
			return errTooMany
		}
		return nil
	})
	check(t, seen, forged)
	own := only(t, seen, "the reader's", func(s engine.Sighting) bool { return s.Own })
	if own.User != name || own.TLS != engine.TLSEncrypted || own.Application != "dbtls" {
		t.Errorf("the reader's session: %+v", own)
	}
	reader, err := open(t.Context(), enginetest.Client{
		Address: r.HostPort(), User: name, Password: "pw", Database: master.Database, TLS: &tls.Config{RootCAs: pool(r.world), ServerName: r.Address},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Exec(t.Context(), "SELECT * FROM t"); !noPrivilege(err) {
		t.Errorf("the reader reads a table: %v", err)
	}
	if err := reader.Exec(t.Context(), "SELECT pg_read_file('postgresql.conf')"); !noPrivilege(err) {
		t.Errorf("the reader reads a file: %v", err)
	}
}
