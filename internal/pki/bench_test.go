package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"

	"github.com/dbtls/dbtls/internal/pki"
)

// BenchmarkIssue sets Issue beside the least that issuing can be: parse the
// request, check its signature, sign. The leaf's key is of the CA's profile.
func BenchmarkIssue(b *testing.B) {
	made, err := keys()
	if err != nil {
		b.Fatal(err)
	}
	w, err := newWorld("us-east-1", start)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range pki.Profiles()[1:] { // 2019 is as rsa2048-g1
		ca := w.issuers[p.ID]
		der, err := pki.NewCSR(made[p.ID+" leaf"], endpoints[0])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.ID+"/issue", func(b *testing.B) {
			for b.Loop() {
				csr, err := x509.ParseCertificateRequest(der)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := pki.Issue(ca, csr, pki.LeafRequest{CN: endpoints[0], Life: year}, start); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(p.ID+"/plain", func(b *testing.B) {
			for b.Loop() {
				plain(b, ca, der)
			}
		})
	}
}

func plain(b *testing.B, ca pki.CA, der []byte) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		b.Fatal(err)
	}
	if err := csr.CheckSignature(); err != nil {
		b.Fatal(err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: start.Add(year), DNSNames: endpoints[:1]}
	if _, err := x509.CreateCertificate(rand.Reader, t, ca.Cert, csr.PublicKey, ca.Key); err != nil {
		b.Fatal(err)
	}
}
