package trust_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cas lists every root and issuing CA of h, mixed.
func cas(h *pkitest.Hierarchy) []*x509.Certificate {
	var certs []*x509.Certificate
	for id := range h.Roots { // in the random order of a map
		certs = append(certs, h.Issuers[id].Cert, h.Roots[id].Cert)
	}
	return certs
}

func bundle(t *testing.T, certs ...*x509.Certificate) trust.Bundle {
	t.Helper()
	b, err := trust.NewBundle(certs...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABundleDependsOnItsCertificatesOnly(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	certs := cas(h)
	first := bundle(t, certs...)
	if len(first.Certs) != 8 || !slices.Equal(first.Roots(), first.Certs[:4]) {
		t.Fatalf("%d certificates, %d roots in front", len(first.Certs), len(first.Roots()))
	}
	p7, err := first.PKCS7()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(certs)
	again := bundle(t, append(certs, certs...)...)
	p7again, err := again.PKCS7()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PEM(), again.PEM()) || !bytes.Equal(p7, p7again) || first.Version() != again.Version() {
		t.Error("order or repetition of the input changes the bundle")
	}
	if fewer := bundle(t, certs[1:]...); fewer.Version() == first.Version() {
		t.Error("another content has the same version")
	}
	if v := first.Version(); len(v) != 16 || strings.ToLower(v) != v {
		t.Errorf("version %q", v)
	}
}

func TestTheInputIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	certs := cas(pkitest.New(t, "us-east-1", start))
	before := slices.Clone(certs)
	bundle(t, certs...)
	if !slices.Equal(certs, before) {
		t.Error("NewBundle changed the caller's list")
	}
}

func TestBothFormatsHoldTheSame(t *testing.T) {
	t.Parallel()
	b := bundle(t, cas(pkitest.New(t, "us-east-1", start))...)
	text, err := pki.ParseCertsPEM(b.PEM())
	if err != nil {
		t.Fatal(err)
	}
	der, err := b.PKCS7()
	if err != nil {
		t.Fatal(err)
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	for format, certs := range map[string][]*x509.Certificate{"PEM": text, "PKCS #7": p7.Certificates} {
		if !slices.EqualFunc(certs, b.Certs, (*x509.Certificate).Equal) {
			t.Errorf("%s holds other certificates", format)
		}
	}
	if !bytes.HasPrefix(b.PEM(), []byte("-----BEGIN CERTIFICATE-----\n")) || bytes.Contains(b.PEM(), []byte("#")) {
		t.Error("the PEM holds more than its blocks")
	}
}

func TestABundleRefuses(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	leaf, _ := h.Leaf(t, pki.DefaultCA, "db")
	cross := h.Crosses[pkitest.Pair{Subject: pki.DefaultCA, Issuer: "rds-ca-2019"}]
	for rule, c := range map[string]struct {
		certs []*x509.Certificate
		says  string
	}{
		"nothing": {nil, "at least one"},
		"a leaf":  {append(cas(h), leaf[0]), "not a CA"},
		"a cross": {append(cas(h), cross), "cross-certificate"},
	} {
		_, err := trust.NewBundle(c.certs...)
		if fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", rule, err)
		}
	}
}

func TestAClientWithTheBundleAcceptsEveryServer(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	b := bundle(t, cas(h)...)
	for _, p := range pki.Profiles() {
		chain, _ := h.Leaf(t, p.ID, "127.83.1.2")
		if err := pki.Verify(chain, b.Certs, pki.SSLVerifyFull, "127.83.1.2", start); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		// A server that forgets its issuing CA: the bundle has it.
		if err := pki.Verify(chain[:1], b.Certs, pki.SSLVerifyFull, "127.83.1.2", start); err != nil {
			t.Errorf("%s, leaf only: %v", p.ID, err)
		}
	}
}

// write puts the bundle in both formats into a directory of its own.
func write(t *testing.T, b trust.Bundle) (pemFile, p7File string) {
	t.Helper()
	dir := t.TempDir()
	pemFile, p7File = filepath.Join(dir, "global-bundle.pem"), filepath.Join(dir, "global-bundle.p7b")
	der, err := b.PKCS7()
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{pemFile: b.PEM(), p7File: der} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pemFile, p7File
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

func TestOpenSSLReadsBothFormatsAndTrustsThem(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	b := bundle(t, cas(h)...)
	pemFile, p7File := write(t, b)
	out := output(t, "openssl", "pkcs7", "-inform", "DER", "-in", p7File, "-print_certs")
	certs, err := pki.ParseCertsPEM([]byte(out))
	if err != nil || !slices.EqualFunc(certs, b.Certs, (*x509.Certificate).Equal) {
		t.Errorf("openssl reads %d certificates from the .p7b, want %d: %v", len(certs), len(b.Certs), err)
	}
	for _, p := range pki.Profiles() {
		chain, _ := h.Leaf(t, p.ID, "127.83.1.2")
		server := filepath.Join(t.TempDir(), "server.pem")
		if err := os.WriteFile(server, pki.EncodeCertsPEM(chain...), 0o600); err != nil {
			t.Fatal(err)
		}
		output(t, "openssl", "verify", "-x509_strict", "-no-CApath", "-CAfile", pemFile,
			"-verify_ip", "127.83.1.2", "-untrusted", server, server)
	}
}

// The guide's own command to look into a bundle.
func TestKeytoolPrintsBothFormats(t *testing.T) {
	t.Parallel()
	b := bundle(t, cas(pkitest.New(t, "us-east-1", time.Now()))...)
	pemFile, p7File := write(t, b)
	for _, file := range []string{pemFile, p7File} {
		out := output(t, "keytool", "-printcert", "-v", "-file", file)
		for _, c := range b.Certs {
			if serial := strings.TrimLeft(pki.SerialHex(c), "0"); !strings.Contains(out, "Serial number: "+serial) {
				t.Errorf("%s: %q is not printed", filepath.Ext(file), c.Subject)
			}
		}
	}
}

func TestJavaTrustsEachRootOfTheBundle(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	var lines []string
	for _, p := range pki.Profiles() {
		chain, _ := h.Leaf(t, p.ID, "127.83.1.2")
		server, _ := write(t, trust.Bundle{Certs: chain})
		full, _ := write(t, bundle(t, cas(h)...))
		alone, _ := write(t, bundle(t, h.Roots[p.ID].Cert))
		lines = append(lines,
			strings.Join([]string{p.ID + " whole bundle", server, full, "127.83.1.2"}, "\t"),
			strings.Join([]string{p.ID + " root alone", server, alone, "127.83.1.2"}, "\t"))
	}
	list := filepath.Join(t.TempDir(), "cases.tsv")
	if err := os.WriteFile(list, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	out := output(t, "java", "--add-exports", "java.base/sun.security.util=ALL-UNNAMED", "../pki/testdata/Pkix.java", list)
	if n := strings.Count(out, "\tok\n"); n != len(lines) {
		t.Errorf("java accepts %d of %d:\n%s", n, len(lines), out)
	}
}
