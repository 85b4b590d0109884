package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/pki"
)

// claim is what the server writes of a session over TLS, as the name of an
// application of a session without.
const claim = "x SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"

// logs are the files of the server's log, in order.
func (r *running) logs() (files [][]byte) {
	r.t.Helper()
	dir := r.Engine.Log.Dir(r.Settings)
	list, err := os.ReadDir(dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range list { // by name
		if r.Engine.Log.Match(f.Name()) {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				r.t.Fatal(err)
			}
			files = append(files, b)
		}
	}
	return files
}

func (r *running) reader(state []byte) engine.LogReader {
	r.t.Helper()
	conf := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(r.Conf, name)) }
	l, err := r.Engine.Log.Reader(r.Settings, conf, state)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// seen reads all files, step bytes at a time, each with a new reader.
func (r *running) seen(files [][]byte, step int) (seen []engine.Sighting) {
	r.t.Helper()
	var state []byte
	for _, b := range files {
		for part := range slices.Chunk(b, step) {
			l := r.reader(state)
			more, gap := l.Feed(part)
			if gap != "" || l.Blind() != "" {
				r.t.Fatalf("gap %q, blind %q", gap, l.Blind())
			}
			seen, state = append(seen, more...), l.State()
		}
		l := r.reader(state)
		if gap := l.NextFile(); gap != "" {
			r.t.Fatalf("gap %q", gap)
		}
		state = l.State()
	}
	return seen
}

// wait polls until the log has as many clients of the network as wanted of the
// user, and returns them.
func (r *running) wait(user string, want int) (found []engine.Sighting) {
	r.t.Helper()
	r.Poll(fmt.Sprintf("%d entries of %q", want, user), func(context.Context) error {
		found = slices.DeleteFunc(r.seen(r.logs(), 1<<20), func(s engine.Sighting) bool { return s.User != user || s.Own })
		if len(found) < want {
			return fmt.Errorf("there are %d", len(found))
		}
		return nil
	})
	if len(found) != want {
		r.t.Errorf("%d entries of %q, want %d: %+v", len(found), user, want, found)
	}
	return found
}

// psql runs a statement as a user of the test's; how adds to the conninfo.
func (r *running) psql(user, how, statement string) (string, error) {
	r.t.Helper()
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	info := fmt.Sprintf("host=%s port=%d dbname=postgres connect_timeout=30 user=%s %s", r.Address, r.Port, quote(user), how)
	cmd := exec.CommandContext(r.t.Context(), "psql", "-X", "-w", "-q", "-A", "-t", "-c", statement, info)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "PGPASSWORD=secret", "HOME=" + r.t.TempDir()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *running) mustPSQL(user, how, statement string) {
	r.t.Helper()
	if out, err := r.psql(user, how, statement); err != nil {
		r.t.Fatalf("psql as %q: %v\n%s", user, err, out)
	}
}

// logged is a running server whose users have the password of psql.
func logged(t *testing.T) *running {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("psql: %v", err)
		}
		t.Skipf("SKIPPED: %v", err)
	}
	return start(t, postgres.New())
}

func (r *running) user(name string) string {
	r.t.Helper()
	r.exec(`CREATE ROLE "` + strings.ReplaceAll(name, `"`, `""`) + `" LOGIN PASSWORD 'secret'`)
	return name
}

func TestEveryClientIsInTheLogAsItWas(t *testing.T) {
	t.Parallel()
	r := logged(t)
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	for _, name := range []string{"honest", "new\nline\"s, 'q'\t", `a" method=scram-sha-256 (` + r.Conf + `/p`} {
		r.user(name)
		r.mustPSQL(name, "sslmode=require application_name=tls", "SELECT 1")
		r.mustPSQL(name, "sslmode=disable application_name='"+claim+"'", "SELECT 1")
		seen := r.wait(engine.Printable(name), 2)
		if s := seen[0]; s.Kind != engine.SightLogin || s.TLS != engine.TLSEncrypted || s.Version != "TLSv1.3" || s.Cipher != "TLS_AES_256_GCM_SHA384" || s.Application != "tls" || s.Database != "postgres" {
			t.Errorf("over TLS: %+v", s)
		}
		if s := seen[1]; s.Kind != engine.SightLogin || s.TLS != engine.TLSPlain || s.Version != "" || s.Application != claim[:63] || net.ParseIP(s.Source) == nil {
			t.Errorf("plain, with a claim: %+v", s)
		}
	}
	r.user("liar")
	r.mustPSQL("liar", "sslmode=disable", `DO $$ BEGIN RAISE LOG 'connection authenticated: identity="liar" method=scram-sha-256 (`+r.Conf+`/pg_hba.conf:8)';
		RAISE LOG 'connection authorized: user=liar database=postgres `+claim+`'; RAISE LOG 'could not accept SSL connection: tlsv1 alert unknown ca'; END $$`)
	if seen := r.wait("liar", 1); seen[0].TLS != engine.TLSPlain {
		t.Errorf("one who writes into the log: %+v", seen)
	}
	r.rotated()
	r.mustPSQL("honest", "sslmode=require", "SELECT 1")
	r.wait("honest", 3)
	files := r.logs()
	if whole := r.seen(files, 1<<20); len(files) < 2 || !reflect.DeepEqual(r.seen(files, 997), whole) {
		t.Errorf("%d files; in small steps they tell something else than %+v", len(files), whole)
	}
	if own := slices.ContainsFunc(r.seen(files, 1<<20), func(s engine.Sighting) bool { return s.Own && s.Source == engine.LocalSource }); !own {
		t.Error("dbtls's own sessions are not in the log")
	}
}

// rotated makes the server begin another file: their names have a second.
func (r *running) rotated() {
	r.t.Helper()
	before := len(r.logs())
	r.Poll("another log file", func(context.Context) error {
		r.exec("SELECT pg_rotate_logfile()")
		if len(r.logs()) == before {
			return errors.New("there is none")
		}
		return nil
	})
}

func TestFiftyShortSessionsAreAllInTheLog(t *testing.T) {
	t.Parallel()
	r := logged(t)
	r.user("short")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for range 10 {
				if s, err := open(t.Context(), enginetest.Client{Address: r.HostPort(), User: "short", Password: "secret", Database: "postgres", TLS: &tls.Config{RootCAs: pool(r.world), ServerName: r.Address}}); err != nil {
					t.Error(err)
				} else if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, s := range r.wait("short", 50) {
		if s.TLS != engine.TLSEncrypted {
			t.Errorf("%+v", s)
		}
	}
}

func TestWhoIsRefusedIsInTheLog(t *testing.T) {
	t.Parallel()
	r := logged(t)
	for _, name := range []string{"app", "exporter"} {
		r.user(name)
	}
	if out, err := r.psql("app", "sslmode=disable", "SELECT 1"); err == nil || !strings.Contains(out, "no encryption") {
		t.Fatalf("plain while it is forced: %v %s", err, out)
	}
	if s := r.wait("app", 1)[0]; s.Kind != engine.SightPlainRefused || s.Database != "postgres" || net.ParseIP(s.Source) == nil {
		t.Errorf("a refused client: %+v", s)
	}
	r.mustApply(map[string]string{"dbtls.force_ssl_exceptions": "exporter@*=2999-01-01"})
	r.mustPSQL("exporter", "sslmode=disable application_name='"+claim+"'", "SELECT 1")
	if out, err := r.psql("app", "sslmode=disable", "SELECT 1"); err == nil {
		t.Errorf("who is not excepted is let in: %s", out)
	}
	if s := r.wait("exporter", 1)[0]; s.Kind != engine.SightLogin || s.TLS != engine.TLSPlain {
		t.Errorf("an excepted client: %+v", s)
	}
	r.wait("app", 2)
	r.mustApply(nil)
	if out, err := r.psql("exporter", "sslmode=disable", "SELECT 1"); err == nil {
		t.Errorf("who is excepted no more is let in: %s", out)
	}
	r.wait("exporter", 2)
}

func TestWhoEndsTheHandshakeIsInTheLogAndAPortScanIsNot(t *testing.T) {
	t.Parallel()
	r := logged(t)
	for range 3 {
		for _, first := range []string{"", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "GET / HTTP/1.0\r\n\r\n"} {
			r.touch(first)
		}
	}
	other := filepath.Join(t.TempDir(), "other.pem")
	if err := os.WriteFile(other, pki.EncodeCertsPEM(r.world.TrustStore(newCA)...), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := r.psql("app", "sslmode=verify-ca sslrootcert="+other, "SELECT 1"); err == nil || !strings.Contains(out, "certificate verify failed") {
		t.Fatalf("with another root: %v %s", err, out)
	}
	// Whatever came before it is in the log before it.
	r.user("after")
	r.mustPSQL("after", "sslmode=require", "SELECT 1")
	r.wait("after", 1)
	seen := slices.DeleteFunc(r.seen(r.logs(), 1<<20), func(s engine.Sighting) bool { return s.Kind == engine.SightLogin })
	if len(seen) != 1 || seen[0].Kind != engine.SightHandshakeFailed || seen[0].Why != "tlsv1 alert unknown ca" || net.ParseIP(seen[0].Source) == nil {
		t.Errorf("seen %+v, want the client with another root alone", seen)
	}
}

// touch connects, says something and leaves when it is answered.
func (r *running) touch(first string) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.HostPort())
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if first == "" {
		return
	}
	if _, err := io.WriteString(c, first); err != nil {
		r.t.Fatal(err)
	}
	_, _ = c.Read(make([]byte, 1)) // an answer, or the end
}

func TestAServerThatCannotStartSaysSoWhereItIsLookedFor(t *testing.T) {
	t.Parallel()
	r := logged(t)
	r.Stop()
	r.appendTo("postgresql.conf", "nonsense\n")
	if out, err := r.run(r.Engine.Server.Process(r.Install, r.Settings)); err == nil || !strings.Contains(out, "syntax error") {
		t.Errorf("it prints %q, %v", out, err)
	}
}
