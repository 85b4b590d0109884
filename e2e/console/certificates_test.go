package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// markup would run a script in a page that took a name for HTML.
const markup = `<img src=x onerror=alert(1)>`

// certificates: a wallet of Oracle's own making is imported, and a certificate
// whose subject is markup.
func certificates(t *testing.T, w *world, _, _ harness.Instance) {
	wallet, err := filepath.Abs("../../wallet/testdata/o23_only/cwallet.sso")
	if err != nil {
		t.Fatal(err)
	}
	w.walk(t, "certificates.mjs", object{"wallet": wallet, "inside": "Lab Root A", "markup": caPEM(t, markup), "subject": markup})
	for name, field := range map[string]string{"orders-wallet": "CertificateWallet", "markup": "CertificatePem"} {
		out, err := w.AWS(t, "dms", "describe-certificates", "--filters", "Name=certificate-id,Values="+name, "--query", "Certificates[0]."+field, "--output", "text")
		if err != nil || len(out) < 100 {
			t.Errorf("%s of %s is %q, %v", field, name, out, err)
		}
	}
}

// caPEM is a CA certificate that is nobody's.
func caPEM(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
