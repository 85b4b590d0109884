package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	caA = "rds-ca-2019"
	caB = "rds-ca-rsa2048-g1"
	caC = "rds-ca-ecc384-g1"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestVerifyDecidesAsAClient(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "eu-central-1", start)
	other := pkitest.New(t, "eu-central-1", start)
	dns, _ := h.Leaf(t, caB, "db.example.com", "10.1.2.3")
	addr, _ := h.Leaf(t, caB, "127.83.1.2")
	bridge, _ := h.Bridge(t, caA, caB, "db.example.com")
	trust := h.TrustStore
	rootName := h.Roots[caB].Cert.Subject.String()
	issuingName := h.Issuers[caB].Cert.Subject.String()

	for rule, c := range map[string]struct {
		chain   []*x509.Certificate
		roots   []*x509.Certificate
		mode    pki.SSLMode
		name    string
		at      time.Time
		problem pki.Problem // "" when accepted
		says    string
	}{
		"none checks nothing":                           {nil, nil, pki.SSLNone, "", start, "", ""},
		"require trusts nobody and accepts":             {dns, nil, pki.SSLRequire, "wrong", start, "", ""},
		"require still needs a certificate":             {nil, nil, pki.SSLRequire, "", start, pki.Malformed, "sent no certificate"},
		"verify-ca ignores the name":                    {dns, trust(caB), pki.SSLVerifyCA, "wrong", start, "", ""},
		"verify-full accepts a DNS name":                {dns, trust(caB), pki.SSLVerifyFull, "DB.example.com", start, "", ""},
		"verify-full accepts a second name, an address": {dns, trust(caB), pki.SSLVerifyFull, "10.1.2.3", start, "", ""},
		"verify-full accepts an address alone":          {addr, trust(caB), pki.SSLVerifyFull, "127.83.1.2", start, "", ""},
		"verify-full refuses another address":           {addr, trust(caB), pki.SSLVerifyFull, "127.83.1.3", start, pki.NameMismatch, "127.83.1.2, not for \"127.83.1.3\""},
		"verify-full refuses another name":              {dns, trust(caB), pki.SSLVerifyFull, "db2.example.com", start, pki.NameMismatch, "db.example.com"},
		"verify-full refuses the empty name":            {dns, trust(caB), pki.SSLVerifyFull, "", start, pki.NameMismatch, ""},
		"another CA's root is refused by name":          {dns, trust(caA), pki.SSLVerifyCA, "", start, pki.Untrusted, rootName},
		"no root at all is refused":                     {dns, nil, pki.SSLVerifyCA, "", start, pki.Untrusted, rootName},
		"a missing issuing CA is named":                 {dns[:1], trust(caB), pki.SSLVerifyCA, "", start, pki.Untrusted, issuingName},
		"an issuing CA in the trust store completes":    {dns[:1], append(trust(caB), h.Issuers[caB].Cert), pki.SSLVerifyCA, "", start, "", ""},
		"an issuing CA alone is no anchor":              {dns, []*x509.Certificate{h.Issuers[caB].Cert}, pki.SSLVerifyCA, "", start, pki.Untrusted, rootName},
		"a served root that is not trusted is named":    {append(dns, h.Roots[caB].Cert), trust(caC), pki.SSLVerifyCA, "", start, pki.Untrusted, "is a root that is not trusted"},
		"a root of the same name and another key":       {dns, other.TrustStore(caB), pki.SSLVerifyCA, "", start, pki.Untrusted, "has another key"},
		"an expired leaf":                               {dns, trust(caB), pki.SSLVerifyCA, "", start.Add(366 * 24 * time.Hour), pki.Expired, "expired 2027-03-01T12:00:00Z"},
		"an expired root and issuing CA":                {dns, trust(caB), pki.SSLVerifyCA, "", start.AddDate(41, 0, 0), pki.Expired, "expired"},
		"a leaf of the future":                          {dns, trust(caB), pki.SSLVerifyCA, "", start.Add(-10 * time.Minute), pki.NotYetValid, "2026-03-01T11:55:00Z"},
		"the bridge, old root":                          {bridge, trust(caA), pki.SSLVerifyFull, "db.example.com", start, "", ""},
		"the bridge, new root":                          {bridge, trust(caB), pki.SSLVerifyFull, "db.example.com", start, "", ""},
		"the bridge, a third root":                      {bridge, trust(caC), pki.SSLVerifyFull, "db.example.com", start, pki.Untrusted, h.Roots[caA].Cert.Subject.String()},
		"an unknown mode":                               {dns, trust(caB), "prefer", "", start, pki.Malformed, "prefer"},
		"no time":                                       {dns, trust(caB), pki.SSLVerifyCA, "", time.Time{}, pki.Malformed, "no time"},
		"a nil certificate":                             {[]*x509.Certificate{nil}, trust(caB), pki.SSLVerifyCA, "", start, pki.Malformed, ""},
		"a nil root":                                    {dns, []*x509.Certificate{nil}, pki.SSLVerifyCA, "", start, pki.Malformed, ""},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			check(t, pki.Verify(c.chain, c.roots, c.mode, c.name, c.at), c.problem, c.says)
		})
	}
}

func check(t *testing.T, err error, want pki.Problem, says string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var v *pki.VerifyError
	if !errors.As(err, &v) {
		t.Fatalf("got %v, want a VerifyError %s", err, want)
	}
	if v.Problem != want || !strings.Contains(v.Error(), says) {
		t.Errorf("got %s %q, want %s with %q", v.Problem, v, want, says)
	}
}

func TestVerifyFallsBackToTheCommonNameAsLibpqDoes(t *testing.T) {
	t.Parallel()
	addr := []string{"10.9.8.7"}
	for rule, c := range map[string]struct {
		cn   string
		dns  []string
		ip   []string
		name string
		want pki.Problem
	}{
		"no SAN, the CN matches":                       {"dms", nil, nil, "dms", ""},
		"no SAN, the CN differs":                       {"dms", nil, nil, "dms2", pki.NameMismatch},
		"no SAN, the CN is a wildcard of one label":    {"*.example.com", nil, nil, "a.example.com", ""},
		"no SAN, the CN's wildcard is not two labels":  {"*.example.com", nil, nil, "a.b.example.com", pki.NameMismatch},
		"no SAN, the CN is the address":                {"10.0.0.1", nil, nil, "10.0.0.1", ""},
		"no SAN, the CN is another address":            {"10.0.0.1", nil, nil, "10.0.0.2", pki.NameMismatch},
		"an address SAN does not shut out a CN's name": {"dms", nil, addr, "dms", ""},
		"a DNS SAN shuts out the CN":                   {"dms", []string{"other"}, nil, "dms", pki.NameMismatch},
		"an address SAN shuts out the CN's address":    {"10.0.0.1", nil, addr, "10.0.0.1", pki.NameMismatch},
		"no name at all":                               {"", nil, nil, "dms", pki.NameMismatch},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, ips := pki.SplitNames(c.ip...)
			cert := foreign(t, &x509.Certificate{Subject: pkix.Name{CommonName: c.cn}, DNSNames: c.dns, IPAddresses: ips})
			list := []*x509.Certificate{cert} // a self-signed server trusted as such
			check(t, pki.Verify(list, list, pki.SSLVerifyFull, c.name, start), c.want, "")
		})
	}
}

func TestVerifyRefusesCertificatesOfAnotherUse(t *testing.T) {
	t.Parallel()
	client := foreign(t, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "client"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	list := []*x509.Certificate{client}
	check(t, pki.Verify(list, list, pki.SSLVerifyCA, "", start), pki.WrongUsage, "not for server authentication")
}

// foreign makes a self-signed certificate as another tool would.
func foreign(t *testing.T, c *x509.Certificate) *x509.Certificate {
	t.Helper()
	key := pkitest.Key(t)
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(7), start.Add(-time.Hour), start.Add(time.Hour)
	return signed(t, c, c, key.Public(), key)
}

func signed(t *testing.T, c, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestVerifyEachNeverMergesRoots(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	plain, _ := h.Leaf(t, caB, "db.example.com")
	bridge, _ := h.Bridge(t, caA, caB, "db.example.com")
	both := append([]*x509.Certificate{}, bridge...)
	both = append(both, h.Crosses[pkitest.Pair{Subject: caB, Issuer: caC}])
	each := func(chain []*x509.Certificate, roots ...*x509.Certificate) error {
		return pki.VerifyEach(chain, roots, pki.SSLVerifyFull, "db.example.com", start)
	}

	check(t, each(bridge, h.TrustStore(caA, caB)...), "", "")
	check(t, each(plain), pki.Untrusted, "no root")
	check(t, each(bridge, h.Issuers[caB].Cert), pki.Untrusted, "")
	check(t, each(both, h.TrustStore(caA, caB)...), pki.Malformed, "twice")
	check(t, each(plain, nil), pki.Malformed, "")

	err := each(plain, h.TrustStore(caB, caA)...)
	check(t, err, pki.Untrusted, "alone")
	var v *pki.VerifyError
	if want := h.Roots[caA].Cert.Subject.String(); !errors.As(err, &v) || v.Root != want {
		t.Errorf("the failing root is not named %q: %v", want, err)
	}
}
