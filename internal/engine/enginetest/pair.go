package enginetest

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const ca = "rds-ca-ecc384-g1"

// World is the CAs of one test.
type World struct{ h *pkitest.Hierarchy }

// NewWorld makes them.
func NewWorld(t *testing.T) World {
	t.Helper()
	return World{pkitest.New(t, "us-east-1", time.Now())}
}

// Roots is what clients trust.
func (w World) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range w.h.TrustStore(ca) {
		pool.AddCert(c)
	}
	return pool
}

// Pair writes a generation's certificate and key for the server's address
// and returns where they are and the leaf.
func (v *Server) Pair(w World, generation string) (engine.PairPaths, *x509.Certificate) {
	v.t.Helper()
	chain, signer := w.h.Leaf(v.t, ca, v.Address)
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	must(v.t, err)
	dir := filepath.Join(v.TLS, generation)
	must(v.t, os.Mkdir(dir, 0o755))
	p := engine.PairPaths{Cert: filepath.Join(dir, "server.crt"), Key: filepath.Join(dir, "server.key")}
	var certs []byte
	for _, c := range chain {
		certs = append(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	must(v.t, os.WriteFile(p.Cert, certs, 0o644))
	must(v.t, os.WriteFile(p.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	v.own(p.Key)
	return p, chain[0]
}

// Mix is a generation whose key belongs to another certificate.
func (v *Server) Mix(generation string, cert, key engine.PairPaths) engine.PairPaths {
	v.t.Helper()
	dir := filepath.Join(v.TLS, generation)
	must(v.t, os.Mkdir(dir, 0o755))
	p := engine.PairPaths{Cert: filepath.Join(dir, "server.crt"), Key: filepath.Join(dir, "server.key")}
	for from, to := range map[string]string{cert.Cert: p.Cert, key.Key: p.Key} {
		b, err := os.ReadFile(from)
		must(v.t, err)
		must(v.t, os.WriteFile(to, b, 0o600))
		v.own(to)
	}
	return p
}

// Bind swaps the binding the way a provider does: written beside, renamed.
func (v *Server) Bind(p engine.PairPaths) {
	v.t.Helper()
	b := v.Engine.Server.Bind(p, v.Settings)
	switch {
	case b.File != nil && b.Link == nil:
		must(v.t, os.WriteFile(b.File.Path+".new", b.File.Content, b.File.Mode))
		must(v.t, os.Rename(b.File.Path+".new", b.File.Path))
	case b.Link != nil && b.File == nil:
		must(v.t, os.Symlink(b.Link.Target, b.Link.Path+".new"))
		must(v.t, os.Rename(b.Link.Path+".new", b.Link.Path))
	default:
		v.t.Fatalf("Bind sets not exactly one of File and Link: %+v", b)
	}
}
