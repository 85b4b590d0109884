package engine_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const ca = "rds-ca-ecc384-g1"

// shake is both sides of a handshake.
func shake(t *testing.T, h *engine.Host, base, client *tls.Config) (server *tls.Conn, err, clientErr error) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	done := make(chan error, 1)
	go func() { done <- tls.Client(theirs, client).HandshakeContext(t.Context()); _ = theirs.Close() }()
	server, err = engine.ServeTLS(t.Context(), ours, h, base)
	_ = ours.Close()
	return server, err, <-done
}

func TestAHandshakeShowsThePairInServiceHoweverItIsConfigured(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, ca, "db.example")
	pair, asked := pkitest.TLS(chain, key), 0
	h := &engine.Host{Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { asked++; return &pair, nil }}
	pool := x509.NewCertPool()
	pool.AddCert(world.TrustStore(ca)[0])
	client := &tls.Config{RootCAs: pool, ServerName: "db.example"}
	old := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	for name, test := range map[string]struct {
		base *tls.Config
		want uint16
	}{
		"by default":           {nil, tls.VersionTLS13},
		"an older version":     {old, tls.VersionTLS12},
		"one chosen by client": {&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return old, nil }}, tls.VersionTLS12},
		"none chosen":          {&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, nil }}, tls.VersionTLS13},
	} {
		asked = 0
		c, err, clientErr := shake(t, h, test.base, client)
		if err != nil || c == nil || c.ConnectionState().Version != test.want || asked != 1 {
			t.Errorf("%s: %v, %v, the pair was asked for %d times", name, err, clientErr, asked)
		}
		if test.base != nil && test.base.GetCertificate != nil {
			t.Errorf("%s: the caller's configuration was changed", name)
		}
	}
	if c, err, clientErr := shake(t, h, nil, &tls.Config{ServerName: "other.example", RootCAs: pool}); err != nil || clientErr == nil {
		t.Errorf("a client that leaves: %v, %v, %v", c, err, clientErr)
	}
	broken := errors.New("no pair")
	h.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, broken }
	if c, err, _ := shake(t, h, old, client); c != nil || !errors.Is(err, broken) {
		t.Errorf("a host without a pair: %v", err)
	}
}

func TestVersionsAreNamedAsOpenSSLDoes(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]string{
		tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3",
	} {
		if got := engine.VersionName(version); got != want {
			t.Errorf("0x%04x is %q, want %q", version, got, want)
		}
	}
}

func TestASessionThatIsNotEncryptedSaysNothingOfTLS(t *testing.T) {
	t.Parallel()
	ours, _ := net.Pipe()
	s := engine.NewSession(ours, "admin", "psql")
	if s.Encrypted || s.TLS != "" || s.Cipher != "" || s.User != "admin" || s.Program != "psql" || s.Client != "pipe" || s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
}
