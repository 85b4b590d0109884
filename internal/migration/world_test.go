package migration

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// cert is a certificate as any tool might make it.
type cert struct {
	*x509.Certificate
	key crypto.Signer
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
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}}
	if len(key) > 0 {
		c.key = key[0]
	} else if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	change(c.Certificate)
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

func asServer(c *x509.Certificate) {
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

func list(certs ...*cert) []*x509.Certificate {
	var all []*x509.Certificate
	for _, c := range certs {
		all = append(all, c.Certificate)
	}
	return all
}

// ca is a root, an issuing CA and a server's leaf for 127.0.0.1.
type ca struct{ root, issuing, leaf *cert }

func world(t testing.TB) ca {
	t.Helper()
	var c ca
	c.root = issue(t, nil, "Root", asCA)
	c.issuing = issue(t, c.root, "Issuing", asCA)
	c.leaf = issue(t, c.issuing, "db", asServer)
	return c
}

func (c ca) pem() string { return block("CERTIFICATE", c.root.Raw) }

func pair(leaf *cert, chain ...*cert) tls.Certificate {
	p := tls.Certificate{PrivateKey: leaf.key, Certificate: [][]byte{leaf.Raw}}
	for _, c := range chain {
		p.Certificate = append(p.Certificate, c.Raw)
	}
	return p
}

// listen serves each connection with f until the test ends.
func listen(t testing.TB, f func(net.Conn)) (host string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	h, p, _ := net.SplitHostPort(l.Addr().String())
	port, _ = strconv.Atoi(p)
	return h, port
}

const (
	region  = "us-east-1"
	account = "123456789012"
)

// by is who asks.
func by() inventory.Caller { return inventory.Caller{Name: "ann", RequestID: "request-1"} }

// newService is the service over an empty state, all engines and a loop that
// nobody runs.
func newService(t testing.TB) *Service {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Account: account, Store: st, Box: box, Engines: engines.All(), Wake: func() {}, Log: slog.New(slog.DiscardHandler)}
}

func text(s string) *string { return &s }

func number(n int) *int { return &n }

// endpointInput is a good endpoint of an engine in mode none.
func endpointInput(name, engine string) CreateEndpointInput {
	return CreateEndpointInput{Region: region, EndpointInput: EndpointInput{
		Name: text(name), Type: text("target"), Engine: text(engine), Host: text("127.0.0.1"), Port: number(5432),
		User: text("ann"), Password: text("correct-horse-99"), Database: text("shop"),
	}}
}

func mustEndpoint(t testing.TB, s *Service, in CreateEndpointInput) inventory.Endpoint {
	t.Helper()
	e, err := s.CreateEndpoint(t.Context(), by(), in)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustInstance(t testing.TB, s *Service) inventory.ReplicationInstance {
	t.Helper()
	i, err := s.CreateInstance(t.Context(), by(), CreateInstanceInput{Region: region, InstanceInput: InstanceInput{Name: text("worker"), Class: text("dms.local")}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func mustImport(t testing.TB, s *Service, name, pem string) Certificate {
	t.Helper()
	c, err := s.ImportCertificate(t.Context(), by(), ImportInput{Region: region, Name: name, PEM: pem})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write keeps a success as the outcome of c.
func write(t testing.TB, s *Service, c Connection, e inventory.Endpoint) {
	t.Helper()
	if err := s.Store.Write(t.Context(), func(tx *store.Tx) error { return s.keep(tx, c.Connection, e, inventory.TestOutcome{}) }); err != nil {
		t.Fatal(err)
	}
}

func putSchemas(t testing.TB, s *Service, l inventory.SchemaList) {
	t.Helper()
	if err := s.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.PutSchemaList(l) }); err != nil {
		t.Fatal(err)
	}
}
