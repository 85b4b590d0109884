package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestLeavesAreForServersOnly(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		for id, leaves := range w.leaves {
			for host, leaf := range leaves {
				usage := x509.KeyUsageDigitalSignature
				if id != "rds-ca-ecc384-g1" {
					usage |= x509.KeyUsageKeyEncipherment
				}
				if leaf.KeyUsage != usage || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || leaf.IsCA {
					t.Errorf("%s %s: usage %b %v, CA %t", id, host, leaf.KeyUsage, leaf.ExtKeyUsage, leaf.IsCA)
				}
				if len(leaf.SubjectKeyId) != 20 || !bytes.Equal(leaf.AuthorityKeyId, w.issuers[id].Cert.SubjectKeyId) {
					t.Errorf("%s %s: SKI %x, AKI %x", id, host, leaf.SubjectKeyId, leaf.AuthorityKeyId)
				}
				if want := w.now.Add(-pki.Backdate); !leaf.NotBefore.Equal(want) || !leaf.NotAfter.Equal(w.now.Add(year)) {
					t.Errorf("%s %s: from %s to %s", id, host, leaf.NotBefore, leaf.NotAfter)
				}
				if n := leaf.SerialNumber; n.Sign() <= 0 || len(n.Bytes()) > 16 {
					t.Errorf("%s %s: serial %s", id, host, n)
				}
			}
		}
	})
}

func TestNamesGoWhereClientsLook(t *testing.T) {
	t.Parallel()
	edge := strings.Repeat("a", 60) + ".com" // 64 bytes
	h := pkitest.New(t, "us-east-1", start)
	for rule, c := range map[string]struct {
		ask      pki.LeafRequest
		cn       string
		dns      []string
		ips      []string
		critical bool
	}{
		"a name is CN and DNS SAN":                {pki.LeafRequest{CN: "db.example.com"}, "db.example.com", []string{"db.example.com"}, nil, false},
		"an address is CN and IP SAN":             {pki.LeafRequest{CN: "127.83.1.2"}, "127.83.1.2", nil, []string{"127.83.1.2"}, false},
		"a long name is in a critical SAN only":   {pki.LeafRequest{CN: longName}, "", []string{longName}, nil, true},
		"64 bytes still fit":                      {pki.LeafRequest{CN: edge}, edge, []string{edge}, nil, false},
		"each name once, whatever its case":       {pki.LeafRequest{CN: "a.b", DNSNames: []string{"A.B", "c"}, IPs: []net.IP{net.ParseIP("::1"), net.ParseIP("::1")}}, "a.b", []string{"a.b", "c"}, []string{"::1"}, false},
		"without an endpoint the SAN is critical": {pki.LeafRequest{DNSNames: []string{"c"}}, "", []string{"c"}, nil, true},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			c.ask.Life = year
			leaf, err := pki.Issue(h.Issuers[caB], pkitest.Request(t, pkitest.Key(t)), c.ask, start)
			if err != nil {
				t.Fatal(err)
			}
			var ips []string
			for _, ip := range leaf.IPAddresses {
				ips = append(ips, ip.String())
			}
			if leaf.Subject.CommonName != c.cn || !slices.Equal(leaf.DNSNames, c.dns) || !slices.Equal(ips, c.ips) {
				t.Errorf("CN %q, DNS %q, IP %q", leaf.Subject.CommonName, leaf.DNSNames, ips)
			}
			for _, e := range leaf.Extensions {
				if e.Id.String() == "2.5.29.17" && e.Critical != c.critical {
					t.Errorf("SAN critical: %t", e.Critical)
				}
			}
		})
	}
}

func TestNoLeafOutlivesOrPrecedesItsCA(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	ca := h.Issuers[caA]
	ask := pki.LeafRequest{CN: "db", Life: 3 * year}
	csr := pkitest.Request(t, pkitest.Key(t))

	late, err := pki.Issue(ca, csr, ask, ca.Cert.NotAfter.Add(-time.Hour))
	if err != nil || !late.NotAfter.Equal(ca.Cert.NotAfter) {
		t.Errorf("an hour before the CA ends: %v, %v", late, err)
	}
	early, err := pki.Issue(ca, csr, ask, ca.Cert.NotBefore.Add(time.Second))
	if err != nil || !early.NotBefore.Equal(ca.Cert.NotBefore) {
		t.Errorf("a second after the CA begins: %v, %v", early, err)
	}
	for rule, at := range map[string]time.Time{"expired": ca.Cert.NotAfter, "not yet valid": ca.Cert.NotBefore.Add(-time.Second)} {
		if _, err := pki.Issue(ca, csr, ask, at); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("a CA %s: %v", rule, err)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	good := pkitest.Request(t, pkitest.Key(t))
	forged := *good
	forged.PublicKey = pkitest.Key(t).Public()
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	notCA := pki.CA{Key: pkitest.Key(t)}
	chain, key := h.Leaf(t, caB, "leaf")
	notCA.Cert, notCA.Key = chain[0], key
	named := func(names ...string) pki.LeafRequest { return pki.LeafRequest{DNSNames: names, Life: year} }

	for rule, c := range map[string]struct {
		ca  pki.CA
		csr *x509.CertificateRequest
		ask pki.LeafRequest
	}{
		"a request signed by another key": {h.Issuers[caB], &forged, named("a")},
		"a curve of 224 bits":             {h.Issuers[caB], pkitest.Request(t, p224), named("a")},
		"Ed25519":                         {h.Issuers[caB], pkitest.Request(t, ed), named("a")},
		"the CA's own key":                {h.Issuers[caB], pkitest.Request(t, h.Issuers[caB].Key), named("a")},
		"a leaf as the CA":                {notCA, good, named("a")},
		"no life":                         {h.Issuers[caB], good, pki.LeafRequest{CN: "a"}},
		"a wildcard":                      {h.Issuers[caB], good, named("*.example.com")},
		"an empty label":                  {h.Issuers[caB], good, named("a..b")},
		"a trailing dot":                  {h.Issuers[caB], good, named("a.b.")},
		"a label over 63 bytes":           {h.Issuers[caB], good, named(strings.Repeat("a", 64))},
		"a name over 253 bytes":           {h.Issuers[caB], good, named(strings.Repeat("abcdefg.", 32) + "a")},
		"a hyphen at the end":             {h.Issuers[caB], good, named("a-.b")},
		"letters outside ASCII":           {h.Issuers[caB], good, named("dätenbank")},
		"an address among the names":      {h.Issuers[caB], good, named("127.0.0.1")},
		"half an address":                 {h.Issuers[caB], good, pki.LeafRequest{CN: "a", Life: year, IPs: []net.IP{{127, 0}}}},
	} {
		if _, err := pki.Issue(c.ca, c.csr, c.ask, start); fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: got %v", rule, err)
		}
	}
	if _, err := pki.Issue(h.Issuers[caB], good, named(), start); fault.CodeOf(err) != fault.MissingParameter {
		t.Errorf("no name: got %v", err)
	}
}

func TestARequestCarriesNoNamesTheCAWouldTake(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	der, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: []string{"evil.example.com"}}, pkitest.Key(t))
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := pki.Issue(h.Issuers[caB], csr, pki.LeafRequest{CN: "db", Life: year}, start)
	if err != nil || !slices.Equal(leaf.DNSNames, []string{"db"}) {
		t.Errorf("%v, %v", leaf.DNSNames, err)
	}
}
