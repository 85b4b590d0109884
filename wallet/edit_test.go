package wallet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"
	"time"
)

func TestTheWayOfAUserCertificate(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Request{
		"RSA":        {Subject: "CN=dms", Bits: 2048},
		"EC":         {Subject: "CN=dms,O=Acme\\, Inc.,C=US", Curve: "p256", Hash: "sha384", DNSNames: []string{"dms"}},
		"RSA, SHA-1": {Subject: "CN=dms", Bits: 1024, Hash: "sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := newCA(t, "Root", nil)
			issuing := newCA(t, "Issuing", root)
			w := New()
			id := must[Identity](t)(w.NewRequest(r))
			req := must[*x509.CertificateRequest](t)(x509.ParseCertificateRequest(id.Request))
			if !SameDN(req.RawSubject, r.Subject) || id.Name != "orakey" {
				t.Errorf("request %q called %q", FormatDN(req.RawSubject), id.Name)
			}
			user := issuing.sign(t, "dms", req.PublicKey)

			_, err := w.AddUserCertificate(user)
			wantKind(t, err, ErrInvalid, "chain is incomplete", "CN=Issuing")
			must[Certificate](t)(w.AddTrusted(issuing.cert.Raw, ""))
			_, err = w.AddUserCertificate(user)
			wantKind(t, err, ErrInvalid, "chain is incomplete", "CN=Root")
			must[Certificate](t)(w.AddTrusted(root.cert.Raw, ""))
			_, err = w.AddUserCertificate(issuing.sign(t, "dms", newCA(t, "other", nil).key.Public()))
			wantKind(t, err, ErrInvalid, "no private key")
			must[Certificate](t)(w.AddUserCertificate(user))
			_, err = w.AddUserCertificate(user)
			wantKind(t, err, ErrExists)
			_, err = w.AddUserCertificate(issuing.sign(t, "again", req.PublicKey))
			wantKind(t, err, ErrExists, "remove that first")

			w, _, err = ParseP12(must[[]byte](t)(w.P12(fixturePassword, Format{}, nil)), fixturePassword)
			if err != nil {
				t.Fatal(err)
			}
			ids := w.Identities()
			if len(ids) != 1 || ids[0].Certificate == nil || !bytes.Equal(ids[0].Certificate.DER, user) || ids[0].Request == nil {
				t.Fatalf("identities %+v; want one with request and certificate", ids)
			}
			key, cert := w.bags[0], w.bags[len(w.bags)-1]
			if key.key != cert.key || key.key != (localKeyID{class: classIdentity, last: 1}) {
				t.Errorf("key and certificate are tied by %+v and %+v", key.key, cert.key)
			}

			wantKind(t, w.RemoveTrusted(issuing.cert.Raw), ErrInvalid, "CN=dms")
			wantKind(t, w.RemoveRequest(id.Request), ErrInvalid, "user certificate")
			if err := w.RemoveUserCertificate(user); err != nil {
				t.Fatal(err)
			}
			if err := w.RemoveTrusted(issuing.cert.Raw); err != nil {
				t.Fatal(err)
			}
			if err := w.RemoveRequest(id.Request); err != nil {
				t.Fatal(err)
			}
			wantKind(t, w.RemoveRequest(id.Request), ErrNotFound)
			wantKind(t, w.RemoveUserCertificate(user), ErrNotFound)
			wantKind(t, w.RemoveTrusted(user), ErrNotFound)
			if len(w.bags) != 1 {
				t.Errorf("%d entries are left; want the root alone", len(w.bags))
			}
		})
	}
}

func TestASecondKeyGetsItsOwnNameAndNumber(t *testing.T) {
	t.Parallel()
	w := New()
	must[Identity](t)(w.NewRequest(Request{Subject: "CN=a", Curve: "p256"}))
	_, err := w.NewRequest(Request{Subject: "CN=a", Curve: "p256"})
	wantKind(t, err, ErrExists, "waiting")
	second := must[Identity](t)(w.NewRequest(Request{Subject: "CN=b", Curve: "p384"}))
	if second.Name != "orakey1" || second.index != 1 || len(w.Identities()) != 2 {
		t.Errorf("second is %q number %d of %d", second.Name, second.index, len(w.Identities()))
	}
}

func TestARequestSignedWithMD5IsWhatOpenSSLTakesIt(t *testing.T) {
	t.Parallel()
	openssl := tool(t, "openssl")
	id := must[Identity](t)(New().NewRequest(Request{Subject: "CN=dms", Bits: 2048, Hash: "md5"}))
	path := t.TempDir() + "/csr.pem"
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: id.Request}), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, openssl, "req", "-in", path, "-noout", "-text", "-verify")
	if !bytes.Contains([]byte(out), []byte("md5WithRSAEncryption")) || !bytes.Contains([]byte(out), []byte("verify OK")) {
		t.Errorf("openssl says:\n%s", out)
	}
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Request{
		"no name":              {Bits: 2048},
		"a short key":          {Subject: "CN=a", Bits: 512},
		"a size nobody offers": {Subject: "CN=a", Bits: 2049},
		"a curve and a size":   {Subject: "CN=a", Bits: 2048, Curve: "p256"},
		"an unknown curve":     {Subject: "CN=a", Curve: "p192"},
		"an unknown hash":      {Subject: "CN=a", Curve: "p256", Hash: "sha3"},
		"MD5 with an EC key":   {Subject: "CN=a", Curve: "p256", Hash: "md5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := New()
			_, err := w.NewRequest(r)
			wantKind(t, err, ErrInvalid)
			if len(w.bags) != 0 {
				t.Error("the wallet changed all the same")
			}
		})
	}
}

func TestASelfSignedCertificateIsListedAsUserAndAsTrusted(t *testing.T) {
	t.Parallel()
	w := New()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := must[Certificate](t)(w.SelfSigned(Request{Subject: "CN=db1", Bits: 2048, DNSNames: []string{"db1"}}, now, now.AddDate(1, 0, 0), "db1"))
	if trusted := w.Trusted(); len(trusted) != 1 || !bytes.Equal(trusted[0].DER, c.DER) || !trusted[0].Java {
		t.Errorf("trusted %+v", trusted)
	}
	if ids := w.Identities(); len(ids) != 1 || ids[0].Certificate == nil || !bytes.Equal(ids[0].Certificate.DER, c.DER) {
		t.Errorf("identities %+v", ids)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.X509)
	if _, err := c.X509.Verify(x509.VerifyOptions{Roots: pool, DNSName: "db1", CurrentTime: now.AddDate(0, 6, 0)}); err != nil {
		t.Errorf("does not verify against itself: %v", err)
	}
	for name, r := range map[string]Request{"MD5": {Subject: "CN=x", Bits: 2048, Hash: "md5"}, "no key": {Subject: "CN=x"}} {
		if _, err := w.SelfSigned(r, now, now.AddDate(1, 0, 0), ""); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	_, err := w.SelfSigned(Request{Subject: "CN=x", Bits: 2048}, now, now, "")
	wantKind(t, err, ErrInvalid)
	_, err = w.SelfSigned(Request{Subject: "CN=x", Curve: "p256"}, now, now.AddDate(1, 0, 0), "DB1")
	wantKind(t, err, ErrExists)
	if len(w.bags) != 4 {
		t.Errorf("a failed edit left %d entries; want 4", len(w.bags))
	}
}

func TestAddingTrustedCertificates(t *testing.T) {
	t.Parallel()
	w, ca := New(), newCA(t, "Amazon RDS Root 2019 CA", nil)
	alias := w.FreeAlias(ca.cert)
	if alias != "amazon-rds-root-2019-ca" {
		t.Errorf("alias %q", alias)
	}
	c := must[Certificate](t)(w.AddTrusted(ca.cert.Raw, "RDS-Root"))
	if c.Alias != "rds-root" || !c.Java {
		t.Errorf("stored as %q, Java %t", c.Alias, c.Java)
	}
	_, err := w.AddTrusted(ca.cert.Raw, "other")
	wantKind(t, err, ErrExists)
	same := newCA(t, "rds root", nil)
	first := w.FreeAlias(same.cert)
	if len(first) != len("rds-root-")+12 || first != w.FreeAlias(same.cert) {
		t.Errorf("second alias %q; want one with a stable part of the fingerprint", first)
	}
	_, err = w.AddTrusted(same.cert.Raw, "rds-ROOT")
	wantKind(t, err, ErrExists, "alias")
	_, err = w.AddTrusted(same.cert.Raw, "a\nb")
	wantKind(t, err, ErrInvalid, "alias")
	plain := must[Certificate](t)(w.AddTrusted(same.cert.Raw, ""))
	if plain.Alias != "" || plain.Java || w.bags[1].key.index != 1 {
		t.Errorf("without an alias it is stored as %+v, number %d", plain, w.bags[1].key.index)
	}
	pub, _, _ := ed25519.GenerateKey(rand.Reader)
	must[Certificate](t)(w.AddTrusted(ca.sign(t, "Ed25519", pub), ""))
	for name, der := range map[string][]byte{"nothing": nil, "a private key": must[[]byte](t)(x509.MarshalPKCS8PrivateKey(ca.key)), "a request": {0x30, 0}} {
		_, err := w.AddTrusted(der, "")
		if err == nil {
			t.Errorf("%s was accepted as a certificate", name)
		}
		_, err = w.AddUserCertificate(der)
		wantKind(t, err, ErrInvalid)
	}
}

func TestCrossCertificatesDoNotMakeTheChainCheckRunInCircles(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	cross := func(subject, issuer *testCA) []byte {
		c := template(subject.cert.Subject.CommonName)
		c.IsCA, c.BasicConstraintsValid = true, true
		return certify(t, c, issuer.cert, subject.key.Public(), issuer.key).Raw
	}
	w := New()
	id := must[Identity](t)(w.NewRequest(Request{Subject: "CN=db", Curve: "p256"}))
	must[Certificate](t)(w.AddTrusted(cross(a, b), ""))
	must[Certificate](t)(w.AddTrusted(cross(b, a), ""))
	signer, err := id.Signer()
	if err != nil {
		t.Fatal(err)
	}
	user := a.sign(t, "db", signer.Public())
	_, err = w.AddUserCertificate(user)
	wantKind(t, err, ErrInvalid, "chain")
	must[Certificate](t)(w.AddTrusted(b.cert.Raw, ""))
	must[Certificate](t)(w.AddUserCertificate(user))
}

func TestPasswordRule(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"Welcome12345": true, "geheim-ß": true, "short1": false, "onlyletters": false, "1234567890": false,
		"": false, "with\nline1": false, "bad\xff-utf8": false,
	} {
		if err := CheckPassword(password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}
