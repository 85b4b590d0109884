// Package pkitest makes quick certificate hierarchies for tests of other
// packages: the real names and shapes of internal/pki on P-256 keys. It is
// imported by tests only.
package pkitest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Hierarchy is a region's CAs, keyed by CA identifier ("rds-ca-rsa2048-g1").
type Hierarchy struct {
	Region  string
	Now     time.Time
	Roots   map[string]pki.CA
	Issuers map[string]pki.CA
	Crosses map[Pair]*x509.Certificate // all pairs
}

// Pair names a cross-certificate: the root Subject signed by the root Issuer.
type Pair struct{ Subject, Issuer string }

// New makes the four CAs of region, valid from an hour before now, with their
// issuing CAs and all crosses.
func New(t testing.TB, region string, now time.Time) *Hierarchy {
	t.Helper()
	h := &Hierarchy{
		Region:  region,
		Now:     now,
		Roots:   map[string]pki.CA{},
		Issuers: map[string]pki.CA{},
		Crosses: map[Pair]*x509.Certificate{},
	}
	for _, p := range pki.Profiles() {
		p.Key, p.LeafKey = pki.ECC256, pki.ECC256
		from := now.Add(-time.Hour)
		root, err := pki.NewRoot(p, region, Key(t), from, p.NotAfter(from))
		must(t, err)
		issuing, err := pki.NewIssuing(root, p, region, Key(t), now)
		must(t, err)
		h.Roots[p.ID], h.Issuers[p.ID] = root, issuing
	}
	for subject := range h.Roots {
		for issuer := range h.Roots {
			if subject == issuer {
				continue
			}
			cross, err := pki.Cross(h.Roots[subject].Cert, h.Roots[issuer], now)
			must(t, err)
			h.Crosses[Pair{subject, issuer}] = cross
		}
	}
	return h
}

// Leaf issues a certificate for one year under ca, its CN the first name, and
// returns the chain to serve: the leaf and the issuing CA.
func (h *Hierarchy) Leaf(t testing.TB, ca string, names ...string) ([]*x509.Certificate, crypto.Signer) {
	t.Helper()
	return h.LeafFor(t, ca, 365*24*time.Hour, names...)
}

// LeafFor is Leaf with another life.
func (h *Hierarchy) LeafFor(t testing.TB, ca string, life time.Duration, names ...string) ([]*x509.Certificate, crypto.Signer) {
	t.Helper()
	if len(names) == 0 {
		t.Fatal("a leaf needs a name")
	}
	key := Key(t)
	leaf, err := pki.Issue(h.Issuers[ca], Request(t, key), request(life, names), h.Now)
	must(t, err)
	return []*x509.Certificate{leaf, h.Issuers[ca].Cert}, key
}

// Bridge is Leaf under the CA to, with to's root crossed by from: clients that
// trust either root alone accept it.
func (h *Hierarchy) Bridge(t testing.TB, from, to string, names ...string) ([]*x509.Certificate, crypto.Signer) {
	t.Helper()
	cross, ok := h.Crosses[Pair{Subject: to, Issuer: from}]
	if !ok {
		t.Fatalf("no cross of %q by %q", to, from)
	}
	chain, key := h.Leaf(t, to, names...)
	return append(chain, cross), key
}

// TrustStore lists the roots of the named CAs, of all when none is named.
func (h *Hierarchy) TrustStore(cas ...string) []*x509.Certificate {
	var certs []*x509.Certificate
	for _, p := range pki.Profiles() {
		if len(cas) == 0 {
			certs = append(certs, h.Roots[p.ID].Cert)
		}
	}
	for _, id := range cas {
		certs = append(certs, h.Roots[id].Cert)
	}
	return certs
}

// TLS is chain and key as a server presents them.
func TLS(chain []*x509.Certificate, key crypto.Signer) tls.Certificate {
	c := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, cert := range chain {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c
}

// Key makes a P-256 key.
func Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(pki.ECC256)
	must(t, err)
	return key
}

// Request makes a parsed certificate request for key.
func Request(t testing.TB, key crypto.Signer) *x509.CertificateRequest {
	t.Helper()
	der, err := pki.NewCSR(key, "pkitest")
	must(t, err)
	csr, err := x509.ParseCertificateRequest(der)
	must(t, err)
	return csr
}

func request(life time.Duration, names []string) pki.LeafRequest {
	dns, ips := pki.SplitNames(names[1:]...)
	return pki.LeafRequest{CN: names[0], DNSNames: dns, IPs: ips, Life: life}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
