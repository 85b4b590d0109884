// Package probe_test compares dbtls probe with real clients, cell by cell: the
// ordinary binary and the client make connections to the same server with the
// same trust, and have to come to the same decision.
package probe_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// host is what clients connect to in most cells.
const host = "db.example.com"

type cert struct {
	*x509.Certificate
	key crypto.Signer
}

// issue makes a certificate for CN cn, valid for a year, by parent or, without
// one, by itself. change sees the template last.
func issue(t *testing.T, parent *cert, cn string, change func(*x509.Certificate)) *cert {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issueKey(t, parent, cn, key, change)
}

func issueKey(t *testing.T, parent *cert, cn string, key crypto.Signer, change func(*x509.Certificate)) *cert {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &cert{key: key, Certificate: &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn, Organization: []string{"truth table"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}}
	if change != nil {
		change(c.Certificate)
	}
	by := parent
	if by == nil {
		by = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c.Certificate, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// asServer puts names and addresses in the SAN.
func asServer(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtKeyUsage, c.KeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, x509.KeyUsageDigitalSignature
		for _, n := range names {
			if ip := net.ParseIP(n); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, n)
			}
		}
	}
}

func both(changes ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, change := range changes {
			change(c)
		}
	}
}

func pair(certs []*cert) *tls.Certificate {
	out := &tls.Certificate{PrivateKey: certs[0].key}
	for _, c := range certs {
		out.Certificate = append(out.Certificate, c.Raw)
	}
	return out
}

func caFile(t *testing.T, certs []*cert) string {
	t.Helper()
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cell is one row of the truth table: what is served, what is trusted, what is
// connected to.
type cell struct {
	chain []*cert
	trust []*cert
	host  string
	plain bool // the server has no TLS
}

// cells are the rows. Names are those of the issue that asked for the table.
func cells(t *testing.T) map[string]cell {
	t.Helper()
	root := issue(t, nil, "Root", asCA)
	other := issue(t, nil, "Other Root", asCA)
	mid := issue(t, root, "Issuing", asCA)
	server := func(change ...func(*x509.Certificate)) []*cert {
		return []*cert{issue(t, mid, host, both(change...)), mid}
	}
	good := server(asServer(host))
	self := issue(t, nil, host, asServer(host))
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	trust := []*cert{root}
	return map[string]cell{
		"good chain":                                 {chain: good, trust: trust, host: host},
		"good chain, any case of the name":           {chain: good, trust: trust, host: "DB.example.COM"},
		"missing intermediate at the server":         {chain: good[:1], trust: trust, host: host},
		"missing at the server, there at the client": {chain: good[:1], trust: []*cert{root, mid}, host: host},
		"the client has the intermediate alone":      {chain: good, trust: []*cert{mid}, host: host},
		"root sent too":                              {chain: append(good[:2:2], root), trust: trust, host: host},
		"chain in the wrong order":                   {chain: []*cert{good[0], root, mid}, trust: trust, host: host},
		"wrong CA":                                   {chain: good, trust: []*cert{other}, host: host},
		"two CAs trusted":                            {chain: good, trust: []*cert{other, root}, host: host},
		"wrong name":                                 {chain: server(asServer("a.example.com")), trust: trust, host: host},
		"IP name":                                    {chain: server(asServer("127.0.0.1")), trust: trust, host: "127.0.0.1"},
		"wrong IP name":                              {chain: server(asServer("127.0.0.2")), trust: trust, host: "127.0.0.1"},
		"CN only":                                    {chain: server(asServer()), trust: trust, host: host},
		"CN only, wrong":                             {chain: server(asServer()), trust: trust, host: "a.example.com"},
		"CN right, SAN wrong":                        {chain: server(asServer("a.example.com")), trust: trust, host: host},
		"wildcard":                                   {chain: server(asServer("*.example.com")), trust: trust, host: host},
		"wildcard, two labels":                       {chain: server(asServer("*.example.com")), trust: trust, host: "a.b.example.com"},
		"wildcard, no label":                         {chain: server(asServer("*.example.com")), trust: trust, host: "example.com"},
		"expired":                                    {chain: server(asServer(host), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), trust: trust, host: host},
		"not yet valid":                              {chain: server(asServer(host), func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), trust: trust, host: host},
		"self-signed":                                {chain: []*cert{self}, trust: trust, host: host},
		"self-signed, and trusted":                   {chain: []*cert{self}, trust: []*cert{self}, host: host},
		"a client's certificate":                     {chain: server(asServer(host), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), trust: trust, host: host},
		"unknown critical extension": {chain: server(asServer(host), func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), trust: trust, host: host},
		"weak key":   {chain: []*cert{issueKey(t, mid, host, weak, asServer(host)), mid}, trust: trust, host: host},
		"plain only": {chain: good, trust: trust, host: host, plain: true},
	}
}
