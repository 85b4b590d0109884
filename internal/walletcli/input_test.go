package walletcli_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/walletcli"
)

func selfSigned(t testing.TB, name string, key any, pub any) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, ed, _ := ed25519.GenerateKey(rand.Reader)
	one, two := selfSigned(t, "one", key, key.Public()), selfSigned(t, "two", ed, pub)
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	sec1, _ := x509.MarshalECPrivateKey(key)
	req, _ := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	pem1, pem2 := block("CERTIFICATE", one), block("CERTIFICATE", two)
	for name, r := range map[string]struct {
		data string
		n    int
		says string
	}{
		"DER":                                {string(one), 1, ""},
		"PEM":                                {pem1, 1, ""},
		"a bundle, not the first alone":      {"# AWS\n" + pem1 + "text\n" + pem2, 2, ""},
		"the same twice":                     {pem1 + pem1, 1, ""},
		"nothing":                            {"", 0, "is empty"},
		"a text":                             {"hello", 0, "neither PEM nor DER"},
		"a private key":                      {block("PRIVATE KEY", pkcs8), 0, "private key, not a certificate"},
		"an EC private key":                  {block("EC PRIVATE KEY", sec1), 0, "private key, not a certificate"},
		"a private key in DER":               {string(pkcs8), 0, "private key, not a certificate"},
		"an EC private key in DER":           {string(sec1), 0, "private key, not a certificate"},
		"a key and a certificate":            {block("PRIVATE KEY", pkcs8) + pem1, 0, "private key beside"},
		"a request":                          {block("CERTIFICATE REQUEST", req), 0, "certificate request"},
		"a request in DER":                   {string(req), 0, "certificate request"},
		"PKCS #7":                            {block("PKCS7", []byte{0x30, 0}), 0, "PKCS #7"},
		"a broken certificate in a bundle":   {pem1 + block("CERTIFICATE", two[:100]), 0, "(number 2)"},
		"a bundle cut inside its last block": {pem1 + pem2[:len(pem2)-40], 0, "not complete"},
		"a PEM file cut inside":              {pem1[:100], 0, "no complete PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(path, []byte(r.data), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := walletcli.ReadCertificates(path)
			switch {
			case r.says == "" && (err != nil || len(got) != r.n):
				t.Errorf("%d certificates, %v; want %d", len(got), err, r.n)
			case r.says != "" && (err == nil || !strings.Contains(err.Error(), r.says) || !strings.Contains(err.Error(), path)):
				t.Errorf("error %v does not say %q of the file", err, r.says)
			}
		})
	}
}

func TestAMissingFilePointsAtTheOneThatWasMeant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "self-rootCA.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := walletcli.ReadCertificates(filepath.Join(dir, "rootCA.pem"))
	if err == nil || !strings.Contains(err.Error(), "did you mean") || !strings.Contains(err.Error(), "self-rootCA.pem") {
		t.Errorf("error %v", err)
	}
	_, err = walletcli.ReadCertificates(filepath.Join(dir, "other.pem"))
	if err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("error %v", err)
	}
}

func TestDoubts(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	good := func() *x509.Certificate {
		return &x509.Certificate{
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), PublicKeyAlgorithm: x509.RSA,
			SignatureAlgorithm: x509.SHA256WithRSA, RawSubject: []byte("a"), RawIssuer: []byte("b"),
		}
	}
	for name, r := range map[string]struct {
		change func(*x509.Certificate)
		says   string
	}{
		"nothing is wrong":  {func(*x509.Certificate) {}, ""},
		"expired":           {func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, "expired"},
		"not yet valid":     {func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }, "not valid before"},
		"signed with MD5":   {func(c *x509.Certificate) { c.SignatureAlgorithm = x509.MD5WithRSA }, "MD5"},
		"a root with SHA-1": {func(c *x509.Certificate) { c.SignatureAlgorithm, c.RawIssuer = x509.SHA1WithRSA, c.RawSubject }, ""},
		"an Ed25519 key":    {func(c *x509.Certificate) { c.PublicKeyAlgorithm = x509.Ed25519 }, "neither RSA nor EC"},
		"a DSA key":         {func(c *x509.Certificate) { c.PublicKeyAlgorithm = x509.DSA }, "neither RSA nor EC"},
	} {
		c := good()
		r.change(c)
		got := strings.Join(walletcli.Doubts(c, now), "; ")
		if (r.says == "") != (got == "") || !strings.Contains(got, r.says) {
			t.Errorf("%s: doubts %q, want %q", name, got, r.says)
		}
	}
}

func FuzzParseCertificates(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	der := selfSigned(f, "one", key, key.Public())
	f.Add(der)
	f.Add([]byte(block("CERTIFICATE", der)))
	f.Add([]byte("-----BEGIN "))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := walletcli.ParseCertificates(data)
		if (err == nil) != (len(list) > 0) {
			t.Errorf("%d certificates and error %v", len(list), err)
		}
		for _, der := range list {
			if _, err := x509.ParseCertificate(der); err != nil {
				t.Errorf("a certificate that cannot be read got through: %v", err)
			}
		}
	})
}
