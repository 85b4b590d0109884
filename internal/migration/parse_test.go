package migration

import (
	"bytes"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../wallet/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// latin is what becomes of bytes that somebody takes for characters.
func latin(b []byte) string {
	r := make([]rune, len(b))
	for n, c := range b {
		r[n] = rune(c)
	}
	return string(r)
}

func TestAnImportThatIsNoPEMIsToldWhatItIsAndTheCommandThatConverts(t *testing.T) {
	t.Parallel()
	w := world(t)
	der := w.root.Raw
	key, err := x509.MarshalPKCS8PrivateKey(w.root.key)
	if err != nil {
		t.Fatal(err)
	}
	p12 := fixture(t, "o23_trusted1/ewallet.p12")
	sso := fixture(t, "o23_only/cwallet.sso")
	text := block("CERTIFICATE", der)
	for sentence, c := range map[string]struct {
		text string
		says []string // nothing: it is taken
	}{
		"one certificate":                       {text, nil},
		"a chain":                               {text + block("CERTIFICATE", w.issuing.Raw), nil},
		"text between the blocks":               {"subject=CN = x\n" + text + "more\n", nil},
		"DER taken for characters":              {latin(der), []string{"DER", "dbtls truststore convert FILE --out ca.pem --format pem"}},
		"DER in replacement characters":         {"0\ufffd\ufffd\ufffd\ufffdabc", []string{"DER"}},
		"base64 of DER without the lines":       {base64.StdEncoding.EncodeToString(der), []string{"DER", "dbtls truststore convert"}},
		"base64 of PKCS12":                      {base64.StdEncoding.EncodeToString(p12), []string{"PKCS12", "--in-password-file"}},
		"PKCS7 in PEM":                          {block("PKCS7", der), []string{"PKCS7", "dbtls truststore convert"}},
		"JKS in base64":                         {base64.StdEncoding.EncodeToString(append(jksMagic(), der...)), []string{"JKS", "dbtls truststore convert"}},
		"base64 of a wallet":                    {base64.StdEncoding.EncodeToString(sso), []string{"base64 text of an Oracle wallet", "--certificate-wallet fileb://cwallet.sso"}},
		"a private key alone":                   {block("PRIVATE KEY", key), []string{"private key", "known to others", "openssl x509"}},
		"a private key after the certificate":   {text + block("RSA PRIVATE KEY", key), []string{"private key"}},
		"an encrypted private key":              {block("ENCRYPTED PRIVATE KEY", key), []string{"private key"}},
		"a request":                             {block("CERTIFICATE REQUEST", der), []string{"certificate request"}},
		"a block of another kind":               {block("X509 CRL", der), []string{`"X509 CRL"`}},
		"a certificate that is none":            {block("CERTIFICATE", []byte("no")), []string{"not valid"}},
		"a certificate cut short":               {text[:len(text)-40], []string{"not valid"}},
		"nothing but words":                     {"my certificate", []string{"no PEM block"}},
		"more certificates than anybody trusts": {strings.Repeat(text, maxChain+1), []string{"501 certificates"}},
	} {
		held, err := parsePEM(c.text)
		if len(c.says) == 0 {
			if err != nil || len(held.certs) == 0 || !held.certs[0].Equal(w.root.Certificate) {
				t.Errorf("%s: %v", sentence, err)
			}
			continue
		}
		refusedWith(t, sentence, err, InvalidCertificate, c.says...)
	}
}

func refusedWith(t *testing.T, sentence string, err error, code fault.Code, says ...string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %s %v", sentence, fault.CodeOf(err), err)
		return
	}
	for _, s := range says {
		if !strings.Contains(fault.Public(err), s) {
			t.Errorf("%s: %q is not in %q", sentence, s, fault.Public(err))
		}
	}
}

func TestAWalletIsReadAsItIsOrToldTheWayOut(t *testing.T) {
	t.Parallel()
	w := world(t)
	for sentence, c := range map[string]struct {
		data  []byte
		certs int
		says  []string
	}{
		"auto-login, release 23":            {fixture(t, "o23_trusted1/cwallet.sso"), 1, nil},
		"auto-login only":                   {fixture(t, "o23_only/cwallet.sso"), 1, nil},
		"release 19 for clients of 11g":     {fixture(t, "o19_v11/cwallet.sso"), 1, nil},
		"one with a key of its own":         {fixture(t, "o23_self/cwallet.sso"), 1, nil},
		"one that trusts nothing":           {fixture(t, "o23_csr/cwallet.sso"), 0, []string{"no trusted certificate", "dbtls wallet add"}},
		"local, release 19":                 {fixture(t, "o19_local/cwallet.sso"), 0, []string{"local auto-login wallet", "--auto-login-only"}},
		"local, release 23":                 {fixture(t, "o23_local/cwallet.sso"), 0, []string{"local auto-login wallet", "--auto-login-only"}},
		"ewallet.p12":                       {fixture(t, "o23_trusted1/ewallet.p12"), 0, []string{"PKCS12 (ewallet.p12)", "dbtls truststore convert FILE --in-password-file pw --out cwallet.sso --format wallet"}},
		"base64 text of a wallet":           {[]byte(base64.StdEncoding.EncodeToString(fixture(t, "o23_only/cwallet.sso"))), 0, []string{"base64 text of a wallet", "fileb://cwallet.sso"}},
		"base64 text of a wallet, in lines": {[]byte("ofhONwAAAAYA\nAAAhBuJv5PHL\n"), 0, []string{"base64 text of a wallet"}},
		"DER":                               {w.root.Raw, 0, []string{"DER", "--format wallet"}},
		"PEM":                               {[]byte(block("CERTIFICATE", w.root.Raw)), 0, []string{"holds PEM", "--certificate-pem file://ca.pem"}},
		"JKS":                               {append(jksMagic(), 0, 0, 0, 2), 0, []string{"JKS"}},
		"a wallet cut short":                {fixture(t, "o23_only/cwallet.sso")[:200], 0, []string{"cannot be read"}},
		"noise":                             {[]byte("noise and more noise"), 0, []string{"not an auto-login wallet"}},
	} {
		held, err := parseWallet(c.data)
		if len(c.says) > 0 {
			refusedWith(t, sentence, err, InvalidCertificate, c.says...)
		} else if err != nil || len(held.certs) != c.certs || held.key != (sentence == "one with a key of its own") {
			t.Errorf("%s: %d certificates, key %t, %v", sentence, len(held.certs), held.key, err)
		}
	}
}

func TestDoubtsAboutAnImportAreTold(t *testing.T) {
	t.Parallel()
	w := world(t)
	now := time.Now()
	old := issue(t, nil, "Old Root", func(c *x509.Certificate) { asCA(c); c.NotAfter = now.Add(-time.Minute) })
	next := issue(t, nil, "Next Root", func(c *x509.Certificate) { asCA(c); c.NotBefore = now.Add(time.Hour) })
	for sentence, c := range map[string]struct {
		held content
		says string
	}{
		"a root alone leaves none":    {content{certs: list(w.root)}, ""},
		"a chain to the root too":     {content{certs: list(w.issuing, w.root)}, ""},
		"an expired root":             {content{certs: list(old)}, `"CN=Old Root" expired at`},
		"a root of tomorrow":          {content{certs: list(next)}, `"CN=Next Root" is not valid before`},
		"a leaf alone":                {content{certs: list(w.leaf)}, "is a server's own, not a CA's: verify modes need the root"},
		"intermediates without roots": {content{certs: list(w.issuing)}, "no self-signed root"},
		"a wallet with a key":         {content{certs: list(w.root), key: true}, "holds a private key"},
	} {
		got := strings.Join(c.held.doubts(now), "; ")
		if got == "" != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", sentence, got)
		}
	}
}

func TestKeyLengthAndSigningAlgorithmHaveJavasNames(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		cert *cert
		bits int
		name string
	}{
		"RSA":     {issue(t, nil, "a", asCA, rsaKey), 1024, "SHA256withRSA"},
		"RSA-PSS": {issue(t, nil, "a", func(c *x509.Certificate) { asCA(c); c.SignatureAlgorithm = x509.SHA384WithRSAPSS }, rsaKey), 1024, "RSASSA-PSS"},
		"SHA-512": {issue(t, nil, "a", func(c *x509.Certificate) { asCA(c); c.SignatureAlgorithm = x509.SHA512WithRSA }, rsaKey), 1024, "SHA512withRSA"},
		"ECDSA":   {issue(t, nil, "a", asCA), elliptic.P256().Params().BitSize, "SHA256withECDSA"},
		"Ed25519": {issue(t, nil, "a", asCA, edKey), 256, "Ed25519"},
	} {
		if bits, name := keyLength(c.cert.Certificate), signingAlgorithm(c.cert.Certificate); bits != c.bits || name != c.name {
			t.Errorf("%s: %d %s", sentence, bits, name)
		}
	}
}

// FuzzImport: whatever is imported is taken with at least one certificate or
// refused as an invalid one.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"lab-root.pem", "o23_only/cwallet.sso", "o23_local/cwallet.sso", "o23_trusted1/ewallet.p12"} {
		f.Add(fixture(f, name))
	}
	f.Add([]byte("ofhONwAAAAYAAAAhBuJv5PHL"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"))
	f.Add([]byte{0x30, 0x82, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		for what, read := range map[string]func() (content, error){
			"PEM":    func() (content, error) { return parsePEM(string(data)) },
			"wallet": func() (content, error) { return parseWallet(data) },
		} {
			held, err := read()
			if err != nil && fault.CodeOf(err) != InvalidCertificate || err == nil && len(held.certs) == 0 {
				t.Fatalf("%s: %d certificates, %v", what, len(held.certs), err)
			}
			if err == nil && what == "PEM" && bytes.Contains(data, []byte("-----BEGIN PRIVATE KEY-----")) {
				t.Fatal("a private key is taken")
			}
			if err == nil {
				held.doubts(time.Now())
				keyLength(held.certs[0])
				signingAlgorithm(held.certs[0])
			}
		}
	})
}
