package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// maxCN is the upper bound of a common name (X.520 ub-common-name).
const maxCN = 64

// LeafRequest is what the CA decides about a server certificate.
type LeafRequest struct {
	// CN is the endpoint, a DNS name or an IP address. It is always in the
	// SAN too; over 64 bytes only there.
	CN       string
	DNSNames []string
	IPs      []net.IP
	Life     time.Duration // cut short at the end of the CA
}

// NewCSR makes a PKCS #10 request (DER) signed by key. It carries the subject
// only: the CA decides the names.
func NewCSR(key crypto.Signer, cn string) ([]byte, error) {
	var subject pkix.Name
	if len(cn) <= maxCN {
		subject.CommonName = cn
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request for %q: %w", cn, err)
	}
	return der, nil
}

// Issue signs a server certificate for the key of csr. Of the request only the
// key is used, after proof of possession. The certificate is for server
// authentication only: MySQL's ssl_ca would else make it a client credential.
func Issue(ca CA, csr *x509.CertificateRequest, r LeafRequest, now time.Time) (*x509.Certificate, error) {
	if err := ca.usable(now); err != nil {
		return nil, err
	}
	if err := checkRequest(ca, csr); err != nil {
		return nil, err
	}
	t, err := leafTemplate(csr.PublicKey, r)
	if err != nil {
		return nil, err
	}
	t.NotBefore = begin(now, ca.Cert)
	t.NotAfter = earlier(now.Add(r.Life).UTC().Truncate(time.Second), ca.Cert.NotAfter)
	if !t.NotAfter.After(now) {
		return nil, fault.New(fault.InvalidParameter, "a certificate life of %s is refused; it must be at least a second", r.Life)
	}
	t.SignatureAlgorithm = ca.Cert.SignatureAlgorithm
	cert, err := sign(t, ca.Cert, csr.PublicKey, ca.Key)
	if err != nil {
		return nil, fmt.Errorf("issue certificate for %q by %q: %w", r.CN, ca.Cert.Subject, err)
	}
	return cert, nil
}

func checkRequest(ca CA, csr *x509.CertificateRequest) error {
	// Before the signature: a giant key would make checking it expensive.
	if err := checkStrength(csr.PublicKey); err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "the certificate request is not signed by its own key; make a new request with the key")
	}
	if CheckPair(ca.Cert, csr.PublicKey) == nil {
		return fault.New(fault.InvalidParameter, "the certificate request holds the key of CA %q; make it with the server's own key", ca.Cert.Subject)
	}
	return nil
}

func leafTemplate(pub crypto.PublicKey, r LeafRequest) (*x509.Certificate, error) {
	names, ips, err := subjectNames(r)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	ski, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		SubjectKeyId:          ski,
		DNSNames:              names,
		IPAddresses:           ips,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	// An empty subject makes CreateCertificate mark the SAN critical, as
	// RFC 5280 section 4.2.1.6 wants.
	if len(r.CN) <= maxCN {
		t.Subject.CommonName = r.CN
	}
	// Clients that still offer RSA key exchange need it (RFC 5246 7.4.2).
	if _, ok := pub.(*rsa.PublicKey); ok {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	return t, nil
}
