package migration

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// offering answers a client's request for TLS with answer and goes on with f.
func offering(answer string, f func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 64))
		_, _ = c.Write([]byte(answer))
		f(c)
	}
}

// speaking makes a handshake and reads what comes.
func speaking(config *tls.Config) func(net.Conn) {
	return offering("S", func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			_, _ = s.Read(make([]byte, 64))
		}
		_ = s.Close()
	})
}

func serving(p tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{p}} }

// brokenServer is a server that a test in verify-full fails at.
type brokenServer struct {
	serve    func(net.Conn)
	stage    probe.Stage
	code     probe.Code
	possible pki.SSLMode
	says     string // of the message
}

func brokenServers(t *testing.T, w ca) map[string]brokenServer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(change func(*x509.Certificate), keys ...*rsa.PrivateKey) func(net.Conn) {
		all := func(c *x509.Certificate) { asServer(c); change(c) }
		if len(keys) > 0 {
			return speaking(serving(pair(issue(t, w.issuing, "db", all, keys[0]), w.issuing)))
		}
		return speaking(serving(pair(issue(t, w.issuing, "db", all), w.issuing)))
	}
	strange := world(t)
	old := serving(pair(w.leaf, w.issuing))
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	client := serving(pair(w.leaf, w.issuing))
	client.ClientAuth = tls.RequireAnyClientCert
	require := pki.SSLRequire
	return map[string]brokenServer{
		"plain only":           {offering("N", func(net.Conn) {}), probe.StageStartTLS, probe.NoTLS, pki.SSLNone, "turn TLS on"},
		"garbage":              {offering("HTTP/1.1 400", func(net.Conn) {}), probe.StageStartTLS, probe.WrongProtocol, "", "engine"},
		"hangs up":             {func(net.Conn) {}, probe.StageStartTLS, probe.ConnectionClosed, "", "port"},
		"unknown CA":           {speaking(serving(pair(strange.leaf, strange.issuing, strange.root))), probe.StageChain, probe.UnknownCA, require, "Missing certificate: CN=Root, SHA-256 " + pki.Fingerprint(strange.root.Certificate)},
		"missing intermediate": {speaking(serving(pair(w.leaf))), probe.StageChain, probe.IncompleteChain, require, "Missing certificate: CN=Issuing"},
		"wrong name":           {leaf(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.example"} }), probe.StageName, probe.WrongName, pki.SSLVerifyCA, "set ServerName"},
		"expired":              {leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), probe.StageChain, probe.Expired, require, "renew"},
		"not yet valid":        {leaf(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), probe.StageChain, probe.NotYetValid, require, "clocks"},
		"self-signed":          {speaking(serving(pair(issue(t, nil, "alone", asServer)))), probe.StageChain, probe.SelfSigned, require, "or choose SslMode require"},
		"weak key":             {leaf(func(*x509.Certificate) {}, key), probe.StageChain, probe.WeakKey, require, "1024"},
		"protocol too old":     {speaking(old), probe.StageTLS, probe.ProtocolTooOld, pki.SSLNone, "set ExtraConnectionAttributes to legacyTLS=true"},
		"client certificate":   {speaking(client), probe.StageTLS, probe.ClientCertificateRequired, pki.SSLNone, "certificate"},
	}
}

func TestAServerThatIsBrokenIsNamedByStageAndCodeWithOneFix(t *testing.T) {
	t.Parallel()
	s, w := newService(t), world(t)
	c := mustImport(t, s, "ca", w.pem())
	seen := map[string]string{}
	for sentence, b := range brokenServers(t, w) {
		in := endpointInput("e-"+strings.ReplaceAll(sentence, " ", "-"), "postgres")
		host, port := listen(t, b.serve)
		in.Host, in.Port, in.Mode, in.Certificate = &host, &port, text("verify-full"), &c.ARN
		out := s.try(t.Context(), mustEndpoint(t, s, in))
		m := Connection{Connection: inventory.Connection{Status: inventory.ConnectionFailed, Outcome: out}}.Message()
		if out.Stage != string(b.stage) || out.Code != string(b.code) || out.Possible != string(b.possible) || out.TLS || out.Fix == "" {
			t.Errorf("%s: %+v", sentence, out)
		}
		if !strings.Contains(m, b.says) || !strings.Contains(m, "Fix: ") || strings.Contains(m, "--") || strings.Contains(m, "horse") {
			t.Errorf("%s: %q", sentence, m)
		}
		if other, twice := seen[out.Code]; twice {
			t.Errorf("%s and %s have one code, %s", sentence, other, out.Code)
		}
		seen[out.Code] = sentence
		var report probe.Report
		if err := json.Unmarshal(out.Report, &report); err != nil || report.Address == "" || len(report.Verdicts) != 4 {
			t.Errorf("%s: the report is %s, %v", sentence, out.Report, err)
		}
	}
}

func TestNobodyThereAndNobodyAnsweringAreToldApart(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	in := endpointInput("silent", "postgres")
	hold := make(chan struct{})
	defer close(hold)
	host, port := listen(t, func(net.Conn) { <-hold })
	in.Host, in.Port = &host, &port
	if out := s.try(ctx, mustEndpoint(t, s, in)); out.Code != string(probe.NoAnswer) || out.Stage != string(probe.StageStartTLS) {
		t.Errorf("silent: %+v", out)
	}
	in = endpointInput("gone", "postgres")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	in.Port = &free
	if out := s.try(t.Context(), mustEndpoint(t, s, in)); out.Code != string(probe.ConnectionRefused) || out.Possible != "" {
		t.Errorf("gone: %+v", out)
	}
	in = endpointInput("nameless", "postgres")
	in.Host = text("no-such-host.invalid")
	if out := s.try(t.Context(), mustEndpoint(t, s, in)); out.Stage != string(probe.StageDNS) {
		t.Errorf("nameless: %+v", out)
	}
}

// recorder keeps what clients send, a connection each.
type recorder struct {
	mu   sync.Mutex
	sent [][]byte
}

type recorded struct {
	net.Conn
	r *recorder
	n int
}

func (c recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.sent[c.n] = append(c.r.sent[c.n], b[:n]...)
	return n, err
}

func (r *recorder) add(c net.Conn) recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, nil)
	return recorded{c, r, len(r.sent) - 1}
}

// last is what the last client sent: the login, after the probe.
func (r *recorder) last() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.sent[len(r.sent)-1])
}

// playing is a simulated SQL Server, which has real logins, behind a recorder.
func playing(t *testing.T, s *Service, w ca, version string) (host string, port int, r *recorder) {
	t.Helper()
	f, ok := s.engine("sqlserver")
	if !ok {
		t.Fatal("no engine")
	}
	served := pair(w.leaf, w.issuing)
	h := &engine.Host{Version: version, Parameters: f.Spec.Values(version, nil), Sessions: &engine.Sessions{},
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &served, nil },
		Login:       func(user, password string) bool { return user == "ann" && password == "correct-horse-99" }}
	r = &recorder{}
	host, port = listen(t, func(c net.Conn) { _ = f.Simulator.Serve(t.Context(), r.add(c), h) })
	h.Address, h.Port = host, port
	return host, port, r
}

func TestEachModeIsWhatItSaysOnTheWire(t *testing.T) {
	t.Parallel()
	s, w := newService(t), world(t)
	good, bad := mustImport(t, s, "ca", w.pem()), mustImport(t, s, "other", world(t).pem())
	f, _ := s.engine("sqlserver")
	for sentence, c := range map[string]struct {
		mode        string
		certificate *string
		password    string
		code        probe.Code
		tls         bool
	}{
		"plain":                        {"none", nil, "correct-horse-99", "", false},
		"encrypted, not verified":      {"require", nil, "correct-horse-99", "", true},
		"verified":                     {"verify-full", &good.ARN, "correct-horse-99", "", true},
		"verified against another CA":  {"verify-full", &bad.ARN, "correct-horse-99", probe.UnknownCA, false},
		"verified, the wrong password": {"verify-full", &good.ARN, "wrong-horse-98", probe.LoginRefused, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			host, port, r := playing(t, s, w, f.Spec.Versions[0])
			in := endpointInput("e-"+strings.NewReplacer(" ", "-", ",", "").Replace(sentence), "sqlserver")
			in.Host, in.Port, in.Mode, in.Certificate, in.Password, in.Database = &host, &port, &c.mode, c.certificate, &c.password, nil
			out := s.try(t.Context(), mustEndpoint(t, s, in))
			if out.Code != string(c.code) || out.TLS != c.tls {
				t.Fatalf("%+v", out)
			}
			if strings.Contains(out.Reason, "horse") {
				t.Errorf("the password is in %q", out.Reason)
			}
			// A TLS client hello: a handshake record, its version, its length, the
			// message's type.
			sent := r.last()
			at := bytes.Index(sent, []byte{0x16, 0x03, 0x01})
			hello := at >= 0 && len(sent) > at+5 && sent[at+5] == 0x01
			if plain := c.mode == "none"; hello == plain {
				t.Errorf("mode %s: client hello %t", c.mode, hello)
			}
		})
	}
}

func TestOldTLSNeedsTheAttributeAndIsWarnedOf(t *testing.T) {
	t.Parallel()
	s, w := newService(t), world(t)
	config := serving(pair(w.leaf, w.issuing))
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	in := endpointInput("old", "postgres")
	host, port := listen(t, speaking(config))
	in.Host, in.Port, in.Mode = &host, &port, text("require")
	e := mustEndpoint(t, s, in)
	if out := s.try(t.Context(), e); out.Code != string(probe.ProtocolTooOld) || len(out.Warnings) != 0 {
		t.Errorf("without: %+v", out)
	}
	e, err := s.ModifyEndpoint(t.Context(), by(), region, e.ARN, EndpointInput{Attributes: text("legacyTLS=true")})
	if err != nil || e.Revision != 2 {
		t.Fatal(e.Revision, err)
	}
	// This server ends the session after the handshake: all before the login is
	// good.
	if out := s.try(t.Context(), e); out.Stage != string(probe.StageLogin) || !out.TLS || len(out.Warnings) < 2 || out.Warnings[0] != legacyWarning {
		t.Errorf("with: %+v", out)
	}
}

func TestRedshiftRefusesAServerWithoutTLSInModeNone(t *testing.T) {
	t.Parallel()
	s, w := newService(t), world(t)
	plain := endpointInput("plain", "redshift")
	host, port := listen(t, offering("N", func(net.Conn) {}))
	plain.Host, plain.Port = &host, &port
	if out := s.try(t.Context(), mustEndpoint(t, s, plain)); out.Code != string(probe.NoTLS) || out.Possible != "" {
		t.Errorf("plain: %+v", out)
	}
	over := endpointInput("over", "redshift")
	r := &recorder{}
	host, port = listen(t, func(c net.Conn) { speaking(serving(pair(w.leaf, w.issuing)))(r.add(c)) })
	over.Host, over.Port = &host, &port
	out := s.try(t.Context(), mustEndpoint(t, s, over))
	if out.Stage != string(probe.StageLogin) || !out.TLS || bytes.Contains(r.last(), []byte("shop")) {
		t.Errorf("over TLS: %+v", out)
	}
}

func TestADriversWordsAreKeptWithoutThePassword(t *testing.T) {
	t.Parallel()
	a := attempt{password: "correct-horse-99"}
	if got := a.clean("user ann\x1b[2J with correct-horse-99 " + strings.Repeat("x", 1000)); strings.Contains(got, "horse") || strings.Contains(got, "\x1b") || len([]rune(got)) > 2*longest || !strings.Contains(got, "(password)") {
		t.Errorf("%q", got)
	}
	if got := (attempt{}).clean("as it is"); got != "as it is" {
		t.Errorf("%q", got)
	}
}
