package probe_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// cert is a certificate as any tool might make it, rules broken or not.
type cert struct {
	*x509.Certificate
	key crypto.Signer
}

const name = "db.example"

// rsaKey makes small keys only: big ones take a second.
func rsaKey(t testing.TB, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for CN cn, valid for a year from an hour ago, by
// parent or, without one, by itself. change sees the template last.
func issue(t testing.TB, parent *cert, cn string, change func(*x509.Certificate), key ...crypto.Signer) *cert {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &cert{Certificate: &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn, Organization: []string{"probe test"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}}
	if len(key) > 0 {
		c.key = key[0]
	} else if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c.Certificate)
	}
	by := parent
	if by == nil {
		by = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c.Certificate, by.Certificate, c.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

func asServer(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = pki.SplitNames(names...)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

// world is a CA with one intermediate, and a server of it.
type world struct{ root, issuing, leaf *cert }

func newWorld(t testing.TB) world {
	t.Helper()
	w := world{root: issue(t, nil, "Root", asCA)}
	w.issuing = issue(t, w.root, "Issuing", asCA)
	w.leaf = issue(t, w.issuing, name, asServer(name, "127.0.0.1"))
	return w
}

func (w world) trust() *probe.Trust { return probe.NewTrust("root.pem", list(w.root)) }

func list(certs ...*cert) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		out = append(out, c.Certificate)
	}
	return out
}

// served is a chain, leaf first, as tls.Config has it.
func served(certs ...*cert) *tls.Config {
	c := tls.Certificate{PrivateKey: certs[0].key}
	for _, one := range certs {
		c.Certificate = append(c.Certificate, one.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{c}}
}

// handshake serves TLS after SSLRequest and waits for the client to leave.
func handshake(config *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			_, _ = io.Copy(io.Discard, s)
			_ = s.Close()
		}
	}
}

func question(t testing.TB, address string, trust *probe.Trust) probe.Question {
	t.Helper()
	return probe.Question{
		Label: "postgres://" + address, Name: name, Mode: pki.SSLVerifyFull, Trust: trust,
		Target: probe.Target{Engine: named(t, "postgres"), Address: address, ServerName: name},
	}
}

func named(t testing.TB, product string) engine.Engine {
	t.Helper()
	e, ok := engines.ByName(product)
	if !ok {
		t.Fatalf("no engine %q", product)
	}
	return e
}

func ask(t testing.TB, q probe.Question, limit time.Duration) probe.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	o, err := probe.Dial(ctx, q.Target)
	return probe.Judge(o, err, q, time.Now())
}
