package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

// simulated is one simulated instance that listens.
type simulated struct {
	t     *testing.T
	world *pkitest.Hierarchy
	host  *engine.Host
	at    string // address:port
	roots string // PEM file
}

func simulate(t *testing.T, e engine.Engine, version string, set map[string]string) *simulated {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	world := pkitest.New(t, "us-east-1", time.Now())
	v := &simulated{t: t, world: world, at: l.Addr().String(), roots: filepath.Join(t.TempDir(), "roots.pem")}
	if err := os.WriteFile(v.roots, pki.EncodeCertsPEM(world.TrustStore(newCA)...), 0o600); err != nil {
		t.Fatal(err)
	}
	chain, key := world.Leaf(t, newCA, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	v.host = &engine.Host{
		Version: version, Address: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port,
		Parameters:  e.Spec.Values(version, set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if err := e.Simulator.Serve(t.Context(), c, v.host); err != nil {
					t.Errorf("Serve: %v", err)
				}
			}()
		}
	}()
	return v
}

// psql is the real client's output; it never succeeds.
func (v *simulated) psql(settings string) string {
	v.t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			v.t.Fatal("no psql on PATH, and DBTLS_REQUIRE_ENGINES is set")
		}
		v.t.Skip("SKIPPED: no psql on PATH")
	}
	host, port, _ := net.SplitHostPort(v.at)
	cmd := exec.CommandContext(v.t.Context(), "psql", "-w", "-c", "SELECT 1", "host="+host+" port="+port+" user=app dbname=orders connect_timeout=30 sslrootcert="+v.roots+" "+settings)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + v.t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err == nil {
		v.t.Errorf("%s: psql logs in to an instance without data", settings)
	}
	return string(out)
}

const (
	introduces  = "this instance is simulated by dbtls"
	isEncrypted = "The connection is encrypted with TLS 1.3"
	isPlain     = "The connection is not encrypted"
	noEntry     = `no pg_hba.conf entry for host "127.0.0.1", user "app", database "orders", no encryption`
	notVerified = "certificate verify failed"
)

func TestPsqlInEveryModeAgainstASimulatedInstance(t *testing.T) {
	t.Parallel()
	for version, modes := range map[string]map[string]string{
		"15.18": { // forced
			"disable": noEntry, "allow": isEncrypted, "prefer": isEncrypted,
			"require": isEncrypted, "verify-ca": isEncrypted, "verify-full": isEncrypted,
		},
		"14.20": {
			"disable": isPlain, "allow": isPlain, "prefer": isEncrypted,
			"require": isEncrypted, "verify-ca": isEncrypted, "verify-full": isEncrypted,
		},
	} {
		v := simulate(t, postgres.New(), version, nil)
		other := simulate(t, postgres.New(), version, nil)
		for mode, want := range modes {
			out := v.psql("sslmode=" + mode)
			if !strings.Contains(out, want) || (want != noEntry && !strings.Contains(out, introduces)) {
				t.Errorf("version %s, %s: want %q\n%s", version, mode, want, out)
			}
		}
		for _, mode := range []string{"verify-ca", "verify-full"} {
			if out := v.psql("sslmode=" + mode + " sslrootcert=" + other.roots); !strings.Contains(out, notVerified) {
				t.Errorf("version %s, %s with another root: want %q\n%s", version, mode, notVerified, out)
			}
		}
		if out := v.psql("sslmode=verify-full host=localhost hostaddr=127.0.0.1"); !strings.Contains(out, "does not match host name") {
			t.Errorf("version %s: verify-full with another name\n%s", version, out)
		}
	}
	old := simulate(t, postgres.New(), "13.20", map[string]string{"rds.force_ssl": "1"})
	if out := old.psql("sslmode=disable"); !strings.Contains(out, `database "orders", SSL off`) {
		t.Errorf("version 13 refuses with\n%s", out)
	}
}

func TestParametersOfASimulatedInstance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set      map[string]string
		settings string
		want     string
	}{
		"a maximum":                      {map[string]string{"ssl_max_protocol_version": "TLSv1.2"}, "", "encrypted with TLS 1.2"},
		"a minimum":                      {map[string]string{"ssl_min_protocol_version": "TLSv1.3"}, "ssl_max_protocol_version=TLSv1.2", "protocol version"},
		"a suite":                        {map[string]string{"ssl_ciphers": "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"}, "ssl_max_protocol_version=TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
		"no suite that dbtls can play":   {map[string]string{"ssl_ciphers": "DHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-CCM"}, "", "error response during SSL exchange"},
		"the same below a minimum of 13": {map[string]string{"ssl_ciphers": "DHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-CCM", "ssl_min_protocol_version": "TLSv1.3"}, "", isEncrypted},
	} {
		v := simulate(t, postgres.New(), "15.18", c.set)
		out := v.psql("sslmode=require " + c.settings)
		if strings.Contains(c.want, "error response") && strings.Contains(out, "has none of the suites") {
			continue // libpq before the fix of CVE-2024-10977 shows the text
		}
		if !strings.Contains(out, c.want) {
			t.Errorf("%s: want %q\n%s", name, c.want, out)
		}
	}
}

func TestDirectTLSSinceVersion17(t *testing.T) {
	t.Parallel()
	dial := func(v *simulated, direct bool) error {
		_, err := probe.Dial(t.Context(), probe.Target{Engine: postgres.New(), Address: v.at, Start: engine.Start{Direct: direct}})
		return err
	}
	for version, want := range map[string]bool{"16.8": false, "17.4": true, "18.4": true} {
		v := simulate(t, postgres.New(), version, nil)
		if err := dial(v, false); err != nil {
			t.Errorf("version %s: after SSLRequest: %v", version, err)
		}
		if err := dial(v, true); (err == nil) != want {
			t.Errorf("version %s: direct: %v", version, err)
		}
		cfg := &tls.Config{RootCAs: pool(v.world), ServerName: "127.0.0.1", MaxVersion: tls.VersionTLS12}
		c, err := tls.Dial("tcp", v.at, cfg)
		if err == nil { // without ALPN there is a handshake and nothing after it
			_, err = c.Read(make([]byte, 1))
			_ = c.Close()
		}
		if err == nil {
			t.Errorf("version %s: TLS without ALPN is answered", version)
		}
		cfg.NextProtos = []string{"postgresql"}
		if c, err = tls.Dial("tcp", v.at, cfg); err != nil {
			continue
		}
		_, err = io.WriteString(c, "\x00\x00\x00\x11\x00\x03\x00\x00user\x00me\x00\x00")
		answer, _ := io.ReadAll(c)
		if err != nil || !strings.Contains(string(answer), introduces) {
			t.Errorf("version %s: direct startup: %q, %v", version, answer, err)
		}
		_ = c.Close()
	}
}

// exchange sends bytes and returns all that comes back.
func exchange(t *testing.T, h *engine.Host, send string) (string, error) {
	t.Helper()
	client, server := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		defer server.Close()
		ended <- postgres.New().Simulator.Serve(t.Context(), server, h)
	}()
	go func() { _, _ = io.WriteString(client, send) }()
	answer, _ := io.ReadAll(client)
	_ = client.Close()
	return string(answer), <-ended
}

func TestTheStartupOfASimulatedInstance(t *testing.T) {
	t.Parallel()
	const (
		sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"
		gssRequest = "\x00\x00\x00\x08\x04\xd2\x16\x30"
		cancel     = "\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x01\x00\x00\x00\x02"
		startup    = "\x00\x00\x00\x11\x00\x03\x00\x00user\x00me\x00\x00"
		replicate  = "\x00\x00\x00\x22\x00\x03\x00\x00user\x00me\x00replication\x00true\x00\x00"
	)
	for name, c := range map[string]struct{ send, begins, has string }{
		"a plain startup":             {startup, "E", `user "me", database "me", no encryption`},
		"a plain replica":             {replicate, "E", `for replication connection from host "pipe", user "me", no encryption`},
		"GSSAPI encryption first":     {gssRequest + startup, "NE", "28000"},
		"GSSAPI encryption twice":     {gssRequest + gssRequest, "NE", "unsupported frontend protocol 1234.5680"},
		"a cancel":                    {cancel, "", ""},
		"protocol 2":                  {"\x00\x00\x00\x08\x00\x02\x00\x00", "E", "unsupported frontend protocol 2.0"},
		"no user":                     {"\x00\x00\x00\x09\x00\x03\x00\x00\x00", "E", "no PostgreSQL user name"},
		"no terminator":               {"\x00\x00\x00\x0d\x00\x03\x00\x00user\x00", "E", "expected terminator"},
		"too long a packet":           {"\x00\x00\x40\x00\x00\x03\x00\x00", "", ""},
		"too short a packet":          {"\x00\x00\x00\x07\x00\x03\x00\x00", "", ""},
		"another protocol":            {"GET / HTTP/1.1\r\n", "", ""},
		"plain text behind a request": {sslRequest + startup, "S", ""},
	} {
		h := &engine.Host{Version: "15.18", Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("not asked for") }}
		answer, err := exchange(t, h, c.send)
		if err != nil || !strings.HasPrefix(answer, c.begins) || !strings.Contains(answer, c.has) || (c.begins == "" && answer != "") {
			t.Errorf("%s: %q, %v, want %s…%s", name, answer, err, c.begins, c.has)
		}
	}
}

func TestASimulatedInstanceWithoutACertificateSaysSoToItsOwner(t *testing.T) {
	t.Parallel()
	missing := errors.New("no pair in service")
	h := &engine.Host{Version: "15.18", Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, missing }}
	// Not a pipe: both sides of a handshake may write at once.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		server, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer server.Close()
		ended <- postgres.New().Simulator.Serve(t.Context(), server, h)
	}()
	if o, err := probe.Dial(t.Context(), probe.Target{Engine: postgres.New(), Address: l.Addr().String()}); err == nil {
		t.Errorf("a handshake without a certificate succeeds: %v", o)
	}
	if err := <-ended; !errors.Is(err, missing) {
		t.Errorf("Serve = %v", err)
	}
}

func TestASilentClientIsNotWaitedForLongerThanTheServerWould(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]string{"silent": "", "half a packet": "\x00\x00\x00\x11\x00\x03", "no handshake": "\x00\x00\x00\x08\x04\xd2\x16\x2f"} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			defer client.Close()
			defer server.Close()
			go func() { _, _ = io.WriteString(client, send); _, _ = io.Copy(io.Discard, client) }()
			begin := time.Now()
			err := postgres.New().Simulator.Serve(t.Context(), server, &engine.Host{Version: "15.18"})
			if err != nil || time.Since(begin) != time.Minute {
				t.Errorf("%s: Serve = %v after %v", name, err, time.Since(begin))
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	client, server := net.Pipe()
	defer client.Close()
	ended := make(chan error, 1)
	go func() {
		ended <- postgres.New().Simulator.Serve(ctx, server, &engine.Host{Version: "15.18"})
		_ = server.Close()
	}()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve after its context ended = %v", err)
	}
}
