package mysql_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
)

// realServers are the products dbtls runs; each function skips the test when
// the machine lacks the server.
func realServers() map[string]func(*testing.T) engine.Engine {
	return map[string]func(*testing.T) engine.Engine{
		"MariaDB": func(*testing.T) engine.Engine { return mysql.MariaDB() },
		"MySQL":   func(t *testing.T) engine.Engine { needMySQL(t); return mysql.MySQL() },
	}
}

// running is a real server with a pair in service.
type running struct {
	*enginetest.Server
	t *testing.T
	w enginetest.World
}

// prepare makes a server with the parameters in set and does not start it.
func prepare(t *testing.T, e engine.Engine, set map[string]string) running {
	t.Helper()
	r := running{enginetest.New(t, e), t, enginetest.NewWorld(t)}
	p, _ := r.Pair(r.w, "gen-1")
	r.Bind(p)
	r.configure(set)
	return r
}

// start is prepare, and then the server with its master user.
func start(t *testing.T, e engine.Engine, set map[string]string) running {
	t.Helper()
	r := prepare(t, e, set)
	r.Start()
	if err := r.Admin().SetUp(t.Context(), enginetest.Master()); err != nil {
		t.Fatal(err)
	}
	return r
}

// configure writes the files for the defaults and what is in set.
func (r running) configure(set map[string]string) {
	r.t.Helper()
	r.Parameters = r.Engine.Spec.Values(r.Install.Version, set)
	for _, f := range r.Engine.Server.Files(r.Install, r.Settings) {
		if err := os.WriteFile(f.Path, f.Content, f.Mode); err != nil {
			r.t.Fatal(err)
		}
	}
}

// apply is configure and what the running server is told.
func (r running) apply(a engine.Admin, set map[string]string) {
	r.t.Helper()
	r.configure(set)
	for range 2 { // the second time nothing is left to do
		if err := a.Apply(r.t.Context(), r.Settings); err != nil {
			r.t.Fatal(err)
		}
	}
}

// login opens a session of the master, plain or as cfg says.
func (r running) login(cfg *tls.Config) (enginetest.Session, error) {
	r.t.Helper()
	if cfg != nil {
		cfg.RootCAs, cfg.ServerName = r.w.Roots(), r.Address
	}
	m := enginetest.Master()
	s, err := open(r.t.Context(), enginetest.Client{Address: r.HostPort(), User: m.User, Password: m.Password, TLS: cfg})
	if err == nil {
		r.t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// ask runs a query in a session.
func (r running) ask(s enginetest.Session, query string) string {
	r.t.Helper()
	text, err := s.Text(r.t.Context(), query)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return text
}

// agree does a handshake with cfg at address and returns what came of it.
func (r running) agree(address string, cfg *tls.Config) (tls.ConnectionState, error) {
	r.t.Helper()
	cfg.RootCAs, cfg.ServerName = r.w.Roots(), r.Address
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	raw, err := net.Dial("tcp", net.JoinHostPort(address, strconv.Itoa(r.Port)))
	if err != nil {
		r.t.Fatal(err)
	}
	defer raw.Close()
	c, _, err := r.Engine.Wire.StartTLS(ctx, raw, engine.Start{})
	if err != nil {
		r.t.Fatal(err)
	}
	secure := tls.Client(c, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, err
	}
	return secure.ConnectionState(), nil
}

// notSecure: the server refuses a login for want of TLS.
func notSecure(err error) bool { return is(err, 3159, 1045) }

func TestForcingTLSKeepsOpenSessionsAndHoldsOverARestart(t *testing.T) {
	t.Parallel()
	for name, get := range realServers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, get(t), nil)
			old, err := r.login(nil)
			if err != nil {
				t.Fatalf("plain login where TLS is not forced: %v", err)
			}
			id := r.ask(old, "SELECT CONNECTION_ID()")
			a := r.Admin()
			forced := map[string]string{"require_secure_transport": "1"}
			r.apply(a, forced)
			if _, err := r.login(nil); !notSecure(err) {
				t.Fatalf("plain login where TLS is forced: %v", err)
			}
			if _, err := r.login(&tls.Config{}); err != nil {
				t.Fatalf("login over TLS where TLS is forced: %v", err)
			}
			if again := r.ask(old, "SELECT CONNECTION_ID()"); again != id {
				t.Errorf("the open session %s became %s", id, again)
			}
			r.Stop()
			r.Start()
			a = r.Admin()
			if _, err := r.login(nil); !notSecure(err) {
				t.Fatalf("plain login after a restart: %v", err)
			}
			r.apply(a, nil)
			if _, err := r.login(nil); err != nil {
				t.Fatalf("plain login after TLS is no more forced: %v", err)
			}
		})
	}
}

func TestStartTakesEveryParameter(t *testing.T) {
	t.Parallel()
	const chosen = "ECDHE-ECDSA-AES256-GCM-SHA384,ECDHE-RSA-AES256-GCM-SHA384"
	for name, get := range realServers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, get(t), map[string]string{
				"tls_version": "TLSv1.2", "ssl_cipher": chosen, "performance_schema": "0", "require_secure_transport": "1",
			})
			got, err := r.agree(r.Address, &tls.Config{})
			if err != nil || got.Version != tls.VersionTLS12 || got.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 {
				t.Errorf("agreed on %s with %s, %v", tls.VersionName(got.Version), tls.CipherSuiteName(got.CipherSuite), err)
			}
			if _, err := r.agree(r.Address, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}); err == nil {
				t.Error("a suite that is not in ssl_cipher is agreed on")
			}
			if _, err := r.agree(r.Address, &tls.Config{MinVersion: tls.VersionTLS13}); err == nil {
				t.Error("TLS 1.3 is agreed on, and tls_version does not have it")
			}
			s, err := r.login(&tls.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if v := r.ask(s, "SELECT @@performance_schema"); v != "0" {
				t.Errorf("performance_schema is %s, want it off", v)
			}
			r.Stop()

			r.configure(map[string]string{"tls_version": "TLSv1.3", "ssl_cipher": chosen})
			r.Start()
			if err := r.Admin().Apply(t.Context(), r.Settings); err != nil {
				t.Fatal(err)
			}
			if _, err := r.agree(r.Address, &tls.Config{MaxVersion: tls.VersionTLS12}); err == nil {
				t.Error("TLS 1.2 is agreed on, and tls_version does not have it")
			}
			if got, err := r.agree(r.Address, &tls.Config{}); err != nil || got.Version != tls.VersionTLS13 {
				t.Errorf("agreed on %s, %v; ssl_cipher says nothing of TLS 1.3", tls.VersionName(got.Version), err)
			}
			if s, err = r.login(&tls.Config{}); err != nil {
				t.Fatal(err)
			}
			if v := r.ask(s, "SELECT @@performance_schema"); v != "1" {
				t.Errorf("performance_schema is %s, want it on by default", v)
			}
		})
	}
}

func TestMySQLTakesTLSParametersWhileItRuns(t *testing.T) {
	t.Parallel()
	needMySQL(t)
	r := start(t, mysql.MySQL(), nil)
	a := r.Admin()
	old, err := r.login(&tls.Config{MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	r.apply(a, map[string]string{"tls_version": "TLSv1.2", "ssl_cipher": "ECDHE-ECDSA-CHACHA20-POLY1305,ECDHE-RSA-CHACHA20-POLY1305"})
	got, err := r.agree(r.Address, &tls.Config{})
	if err != nil || got.Version != tls.VersionTLS12 || got.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 {
		t.Errorf("agreed on %s with %s, %v", tls.VersionName(got.Version), tls.CipherSuiteName(got.CipherSuite), err)
	}
	r.ask(old, "SELECT CONNECTION_ID()")

	// What a server refuses is not left for the next certificate to fail with.
	bad := r.Settings
	bad.Parameters = map[string]string{"ssl_cipher": "NO-SUCH-SUITE"}
	if err := a.Apply(t.Context(), bad); err == nil {
		t.Fatal("Apply of a suite that does not exist succeeds")
	}
	if err := a.Reload(t.Context()); err != nil {
		t.Fatalf("reload after a refused parameter: %v", err)
	}
	if again, err := r.agree(r.Address, &tls.Config{}); err != nil || again.CipherSuite != got.CipherSuite {
		t.Errorf("after a refused parameter: agreed on %s, %v", tls.CipherSuiteName(again.CipherSuite), err)
	}

	r.apply(a, nil)
	if got, err := r.agree(r.Address, &tls.Config{}); err != nil || got.Version != tls.VersionTLS13 {
		t.Errorf("by default: agreed on %s, %v", tls.VersionName(got.Version), err)
	}
	if _, err := r.agree(r.Address, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}); err != nil {
		t.Errorf("by default: the server's own suites are not back: %v", err)
	}
}

func TestMySQLRefusesToStartWithoutTLS(t *testing.T) {
	t.Parallel()
	needMySQL(t)
	r := prepare(t, mysql.MySQL(), nil)
	first, _ := r.Pair(r.w, "gen-2")
	second, _ := r.Pair(r.w, "gen-3")
	r.Bind(r.Mix("gen-4", first, second))
	r.Start()
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		if c, err := net.Dial("tcp", r.HostPort()); err == nil {
			_ = c.SetReadDeadline(deadline)
			if n, _ := c.Read(make([]byte, 1)); n > 0 {
				t.Fatal("a server that could not load its pair greets clients")
			}
			_ = c.Close()
		}
		log, err := os.ReadFile(r.LogFile)
		if err == nil && strings.Contains(string(log), "Shutdown complete") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a server that could not load its pair goes on: %s", log)
		}
	}
}

func TestServerListensOnEveryAddress(t *testing.T) {
	t.Parallel()
	for name, get := range realServers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := prepare(t, get(t), nil)
			last, _ := strconv.Atoi(r.Address[strings.LastIndex(r.Address, ".")+1:])
			second := r.Address[:strings.LastIndex(r.Address, ".")+1] + strconv.Itoa(last%254+1)
			r.Also = []string{second}
			r.configure(nil)
			r.Start()
			r.Admin()
			for _, address := range []string{r.Address, second} {
				if _, err := r.agree(address, &tls.Config{}); err != nil {
					t.Errorf("handshake at %s: %v", address, err)
				}
			}
		})
	}
}
