package store_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/trust/store"
)

func TestKeytoolListsWhatWeWrite(t *testing.T) {
	t.Parallel()
	certs := append(cas(t), selfSigned(t, "Ed25519 CA"))
	for _, f := range []store.Format{store.JKS, store.PKCS12, store.PKCS12Legacy, store.PKCS12Plain} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			s := makeStore(t, f, certs...)
			path := file(t, "store", encode(t, s))
			args := []string{"-list", "-v", "-keystore", path, "-storepass", password}
			out := output(t, "keytool", args...)
			if n := strings.Count(out, "Entry type: trustedCertEntry"); n != len(certs) {
				t.Errorf("keytool lists %d entries, want %d:\n%s", n, len(certs), out)
			}
			for _, row := range s.Rows(at) {
				if !strings.Contains(out, "Alias name: "+row.Alias+"\n") || !strings.Contains(out, "SHA256: "+row.SHA256) || !strings.Contains(out, "SHA1: "+row.SHA1) {
					t.Errorf("keytool does not show %q with its fingerprints", row.Alias)
				}
			}
		})
	}
}

func TestWeReadWhatKeytoolWrites(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	for kind, want := range map[string]struct {
		format store.Format
		more   []string
	}{
		"jks":           {store.JKS, nil},
		"pkcs12":        {store.PKCS12, nil},
		"pkcs12 legacy": {store.PKCS12Legacy, []string{"-J-Dkeystore.pkcs12.legacy"}}, // RC2-40, as Java 8 did
		"pkcs12 plain":  {store.PKCS12Plain, []string{"-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store")
			kindName, _, _ := strings.Cut(kind, " ")
			for i, c := range certs[:2] {
				args := append([]string{"-importcert", "-noprompt", "-alias", []string{"Rds-Root", "two"}[i], "-keystore", path, "-storetype", kindName,
					"-storepass", password, "-file", file(t, "c.der", c.Raw)}, want.more...)
				output(t, "keytool", args...)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := store.Decode(data, password)
			if err != nil {
				t.Fatal(err)
			}
			if s.Format != want.format || len(s.Entries) != 2 {
				t.Fatalf("read format %q, %d entries; want %q, 2", s.Format, len(s.Entries), want.format)
			}
			for _, e := range s.Entries {
				want := certs[1]
				if strings.EqualFold(e.Alias, "rds-root") {
					want = certs[0]
				}
				if !e.Cert.Equal(want) || e.Ignored {
					t.Errorf("entry %q is another certificate, or not marked as trusted", e.Alias)
				}
			}
			if _, _, err := s.Add(certs[2:3], "RDS-ROOT"); err == nil {
				t.Error("an alias that differs only in capitals was taken")
			}
		})
	}
}

func TestKeytoolEntryOfAPrivateKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"jks", "pkcs12"} {
		path := filepath.Join(t.TempDir(), "keys")
		output(t, "keytool", "-genkeypair", "-alias", "mykey", "-keyalg", "EC", "-dname", "CN=x", "-keystore", path, "-storetype", kind, "-storepass", password, "-keypass", password)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Decode(data, password); err == nil || !strings.Contains(err.Error(), `"mykey" is a private key`) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestOpenSSLReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	read := func(s string) []*x509.Certificate {
		got, err := pki.ParseCertsPEM([]byte(s))
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for f, args := range map[store.Format][]string{
		store.PKCS12:       {"pkcs12", "-nokeys", "-passin", "pass:" + password, "-in"},
		store.PKCS12Legacy: {"pkcs12", "-nokeys", "-passin", "pass:" + password, "-in"}, // without -legacy
		store.PKCS7:        {"pkcs7", "-print_certs", "-inform", "DER", "-in"},
		store.PKCS7PEM:     {"pkcs7", "-print_certs", "-in"},
		store.PEM:          {"storeutl", "-certs"},
	} {
		out := output(t, "openssl", append(args, file(t, "store", encode(t, makeStore(t, f, certs...))))...)
		if got := read(out); !sameCerts(got, certs) {
			t.Errorf("%s: openssl shows %d certificates, want %d in order", f, len(got), len(certs))
		}
	}
	data, err := store.Encode(makeStore(t, store.PKCS12, certs...), "pässwörd", at)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(output(t, "openssl", "pkcs12", "-nokeys", "-passin", "pass:pässwörd", "-in", file(t, "s", data))); !sameCerts(got, certs) {
		t.Error("openssl does not open a store whose password is not ASCII")
	}
}

func TestWeReadWhatOpenSSLWrites(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	in := file(t, "in.pem", pki.EncodeCertsPEM(certs...))
	for name, c := range map[string]struct {
		want    store.Format
		args    []string
		ignored bool
	}{
		"pkcs12":             {store.PKCS12, []string{"pkcs12", "-export", "-nokeys", "-passout", "pass:" + password, "-in", in}, true},
		"pkcs12 marked":      {store.PKCS12, []string{"pkcs12", "-export", "-nokeys", "-jdktrust", "anyExtendedKeyUsage", "-passout", "pass:" + password, "-in", in}, false},
		"pkcs12 of 1.1":      {store.PKCS12Legacy, []string{"pkcs12", "-export", "-nokeys", "-legacy", "-passout", "pass:" + password, "-in", in}, true},
		"pkcs12 RC2-128":     {store.PKCS12Legacy, []string{"pkcs12", "-export", "-nokeys", "-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-passout", "pass:" + password, "-in", in}, true},
		"pkcs12 AES-128":     {store.PKCS12, []string{"pkcs12", "-export", "-nokeys", "-certpbe", "AES-128-CBC", "-macalg", "sha512", "-passout", "pass:" + password, "-in", in}, true},
		"pkcs12 unencrypted": {store.PKCS12, []string{"pkcs12", "-export", "-nokeys", "-certpbe", "NONE", "-passout", "pass:" + password, "-in", in}, true},
		"pkcs7":              {store.PKCS7, []string{"crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile", in}, false},
		"pkcs7 PEM":          {store.PKCS7PEM, []string{"crl2pkcs7", "-nocrl", "-certfile", in}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "out")
			if strings.Contains(name, "marked") && !strings.Contains(output(t, "openssl", "version"), "OpenSSL 3.") {
				t.Skip("SKIPPED: this openssl has no -jdktrust")
			}
			if strings.Contains(name, "marked") {
				help := output(t, "openssl", "pkcs12", "-help")
				if !strings.Contains(help, "-jdktrust") {
					t.Skip("SKIPPED: this openssl has no -jdktrust (3.2 and newer do)")
				}
			}
			output(t, "openssl", append(c.args, "-out", path)...)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := store.Decode(data, password)
			if err != nil {
				t.Fatal(err)
			}
			if s.Format != c.want || !sameCerts(s.Certs(), certs) || s.Entries[0].Ignored != c.ignored {
				t.Errorf("read format %q, %d certificates, ignored by Java %v", s.Format, len(s.Entries), s.Entries[0].Ignored)
			}
		})
	}
}

// Java can trust a certificate for some uses only; an edit must not widen that.
func TestAMarkOfTrustKeepsItsUsages(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	data := encode(t, makeStore(t, store.PKCS12Plain, certs[0]))
	anyUsage, serverAuth := []byte{0x06, 0x04, 0x55, 0x1d, 0x25, 0x00}, []byte{0x06, 0x04, 0x55, 0x1d, 0x25, 0x01}
	narrow := bytes.Replace(data, anyUsage, serverAuth, 1) // an OID of the same length
	s, err := store.Decode(narrow, "")
	if err != nil || bytes.Equal(narrow, data) {
		t.Fatal(err)
	}
	s, _, err = s.Add(certs[1:2], "")
	if err != nil {
		t.Fatal(err)
	}
	out := encode(t, s)
	if bytes.Count(out, serverAuth) != 1 || bytes.Count(out, anyUsage) != 1 {
		t.Errorf("%d entries keep their usage, %d are for any", bytes.Count(out, serverAuth), bytes.Count(out, anyUsage))
	}
}

// DSA is gone from TLS, and still in old stores.
func TestADSACertificateIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "k.pem"), filepath.Join(dir, "c.pem")
	output(t, "openssl", "dsaparam", "-genkey", "-noout", "-out", key, "1024")
	output(t, "openssl", "req", "-x509", "-new", "-key", key, "-subj", "/CN=Old DSA", "-days", "30", "-out", cert)
	data, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	in, err := store.Decode(data, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range store.Formats() {
		got, err := store.Decode(encode(t, makeStore(t, f, in.Certs()...)), password)
		if err != nil || !sameCerts(got.Certs(), in.Certs()) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// The machine's own list of public CAs, when Java is there.
func TestTheCacertsOfThisMachineSurvivesAnEdit(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("/etc/ssl/certs/java/cacerts")
	if err != nil {
		t.Skip("SKIPPED: no /etc/ssl/certs/java/cacerts on this machine")
	}
	before, err := store.Decode(data, "changeit")
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := before.Add(cas(t), "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := store.Encode(after, "changeit", at)
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.Decode(out, "changeit")
	if err != nil || again.Format != before.Format || len(again.Entries) != len(before.Entries)+8 {
		t.Fatalf("%d entries after %d, format %q after %q, %v", len(again.Entries), len(before.Entries), again.Format, before.Format, err)
	}
	for i, e := range before.Entries {
		if a := again.Entries[i]; a.Alias != e.Alias || !a.Cert.Equal(e.Cert) || !a.Added.Equal(e.Added) {
			t.Errorf("entry %q changed", e.Alias)
		}
	}
}
