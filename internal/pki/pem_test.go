package pki_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestCertificatesSurvivePEM(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	certs := h.TrustStore()
	text := pki.EncodeCertsPEM(certs...)
	commented := "\ufeff# Root CAs\r\nsubject=/CN=x\n" + strings.ReplaceAll(string(text), "-----BEGIN", "\nnext:\n-----BEGIN") + "\nend of file\n"
	for rule, input := range map[string]string{
		"as written":         string(text),
		"with Windows lines": strings.ReplaceAll(string(text), "\n", "\r\n"),
		"with comments":      commented,
	} {
		back, err := pki.ParseCertsPEM([]byte(input))
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if !bytes.Equal(pki.EncodeCertsPEM(back...), text) {
			t.Errorf("%s: other certificates came back", rule)
		}
	}
}

func TestPEMThatIsNotOnlyCertificatesIsRefusedByBlock(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	one := string(pki.EncodeCertsPEM(h.Roots[caA].Cert))
	two := string(pki.EncodeCertsPEM(h.Roots[caB].Cert))
	lines := strings.SplitAfter(two, "\n")
	keyPEM, err := pki.EncodeKeyPEM(h.Roots[caA].Key)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Split(string(keyPEM), "\n")[1]
	for rule, c := range map[string]struct{ input, says string }{
		"nothing":                       {"", "no PEM certificate"},
		"DER":                           {string(h.Roots[caA].Cert.Raw), "no PEM certificate"},
		"a key after a certificate":     {one + string(keyPEM), "block 2 is a private key"},
		"a key before a certificate":    {string(keyPEM) + one, "block 1 is a private key"},
		"a request":                     {one + strings.ReplaceAll(two, " CERT", " CERTIFICATE REQUEST CERT"), "block 2 is of type"},
		"a line lost from the middle":   {one + strings.Join(append(append([]string{}, lines[:4]...), lines[5:]...), ""), "block 2 is not an X.509"},
		"a damaged block in the middle": {one + strings.ReplaceAll(two, "M", "!") + one, "block 2 is damaged"},
		"a damaged block at the end":    {one + strings.ReplaceAll(two, "M", "!"), "block 2 is damaged"},
		"an end that is missing":        {one + strings.Join(lines[:len(lines)-2], ""), "block 2 is damaged"},
		"a beginning that is missing":   {one + strings.Join(lines[1:], ""), "block 2 is damaged"},
		"an indented block":             {" " + one + two, "block 1 is damaged"},
	} {
		_, err := pki.ParseCertsPEM([]byte(c.input))
		if fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(fault.Public(err), c.says) {
			t.Errorf("%s: got %v, want %q", rule, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the key", rule)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	cert := foreign(t, &x509.Certificate{})
	if got := pki.SerialHex(cert); got != "07" {
		t.Errorf("serial %q", got)
	}
	if f, s := pki.Fingerprint(cert), pki.Thumbprint(cert); len(f) != 64 || len(s) != 40 || f != strings.ToLower(f) {
		t.Errorf("fingerprint %q, thumbprint %q", f, s)
	}
}

func FuzzParseCertsPEM(f *testing.F) {
	h := pkitest.New(f, "us-east-1", start)
	text := pki.EncodeCertsPEM(h.TrustStore(caA, caB)...)
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN -----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		certs, err := pki.ParseCertsPEM(data)
		if err != nil {
			return
		}
		if n := bytes.Count(data, []byte("-----BEGIN")); len(certs) == 0 || len(certs) != n {
			t.Fatalf("%d certificates from %d blocks", len(certs), n)
		}
		back, err := pki.ParseCertsPEM(pki.EncodeCertsPEM(certs...))
		if err != nil || len(back) != len(certs) {
			t.Fatalf("not read back: %v", err)
		}
	})
}
