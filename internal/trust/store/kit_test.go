package store_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
)

const password = "correct-horse"

// at is the time of every test store; JKS keeps milliseconds.
var at = time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC)

// cas are the roots and issuing CAs of a region.
func cas(t testing.TB) []*x509.Certificate {
	t.Helper()
	h := pkitest.New(t, "us-east-1", at)
	var certs []*x509.Certificate
	for _, p := range pki.Profiles() {
		certs = append(certs, h.Roots[p.ID].Cert, h.Issuers[p.ID].Cert)
	}
	return certs
}

// selfSigned makes a CA on a key that pki would not choose.
func selfSigned(t testing.TB, cn string) *x509.Certificate {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: cn}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func makeStore(t testing.TB, f store.Format, certs ...*x509.Certificate) store.Store {
	t.Helper()
	s, _, err := store.Store{Format: f}.Add(certs, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func encode(t testing.TB, s store.Store) []byte {
	t.Helper()
	data, err := store.Encode(s, password, at)
	if err != nil {
		t.Fatalf("encode %s: %v", s.Format, err)
	}
	return data
}

func file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// output runs a reference tool that must succeed.
func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("SKIPPED: %s is not installed", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// formats that hold several certificates.
func many() []store.Format {
	return slices.DeleteFunc(store.Formats(), func(f store.Format) bool { return f == store.DER })
}

func sameCerts(a, b []*x509.Certificate) bool {
	return slices.EqualFunc(a, b, (*x509.Certificate).Equal)
}
