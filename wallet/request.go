package wallet

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // a request of orapki may be signed with it
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"time"
)

// Request says what key and certificate request to make.
type Request struct {
	// Subject is the name, most specific part first: "CN=db1.example.com,C=US".
	Subject string
	// Bits is the size of a RSA key: 1024 to 16384. Curve, "p256", "p384" or
	// "p521", makes an EC key instead.
	Bits  int
	Curve string
	// Hash signs: "md5" (RSA requests only), "sha1", "sha256" (also when ""),
	// "sha384" or "sha512".
	Hash string
	// DNSNames and IPs go into a subject alternative name. Oracle looks at the
	// CN alone up to release 12; today's clients want them.
	DNSNames []string
	IPs      []net.IP
}

// NewRequest makes a key and a certificate request for it and adds both.
// There may be one waiting request for a name.
func (w *Wallet) NewRequest(r Request) (Identity, error) {
	subject, err := w.freeSubject(r)
	if err != nil {
		return Identity{}, err
	}
	key, err := r.key()
	if err != nil {
		return Identity{}, err
	}
	algorithm, err := r.algorithm(key)
	if err != nil {
		return Identity{}, err
	}
	der, err := r.sign(key, subject, algorithm)
	if err != nil {
		return Identity{}, because(err, ErrInvalid, "make certificate request")
	}
	if err := w.addRequest(key, der); err != nil {
		return Identity{}, err
	}
	list := w.Identities()
	for _, id := range list {
		if bytes.Equal(id.Request, der) {
			return id, nil
		}
	}
	return Identity{}, fail(ErrInvalid, "make certificate request: the wallet lost it")
}

// SelfSigned makes a key and a certificate that it signs itself, valid between
// the two times, and adds the certificate as user certificate and as trusted,
// there under the alias (see AddTrusted).
func (w *Wallet) SelfSigned(r Request, notBefore, notAfter time.Time, alias string) (Certificate, error) {
	if r.Hash == "md5" {
		return Certificate{}, fail(ErrInvalid, "make self-signed certificate: not with MD5; no client takes such a certificate any more")
	}
	if !notBefore.Before(notAfter) {
		return Certificate{}, fail(ErrInvalid, "make self-signed certificate: it would end before it begins")
	}
	edited := &Wallet{bags: append([]*bag(nil), w.bags...)}
	id, err := edited.NewRequest(r)
	if err != nil {
		return Certificate{}, err
	}
	der, err := selfSign(id, notBefore, notAfter)
	if err != nil {
		return Certificate{}, because(err, ErrInvalid, "make self-signed certificate")
	}
	if _, err := edited.AddTrusted(der, alias); err != nil {
		return Certificate{}, err
	}
	c, err := edited.AddUserCertificate(der)
	if err != nil {
		return Certificate{}, err
	}
	w.bags = edited.bags
	return c, nil
}

func selfSign(id Identity, notBefore, notAfter time.Time) ([]byte, error) {
	key, err := id.Signer()
	if err != nil {
		return nil, err
	}
	request, err := x509.ParseCertificateRequest(id.Request)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), RawSubject: request.RawSubject,
		NotBefore: notBefore, NotAfter: notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    request.DNSNames, IPAddresses: request.IPAddresses,
		SignatureAlgorithm: request.SignatureAlgorithm,
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// freeSubject parses the subject and refuses one that has a request waiting.
func (w *Wallet) freeSubject(r Request) ([]byte, error) {
	dn, err := ParseDN(r.Subject)
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(dn)
	if err != nil {
		return nil, because(err, ErrInvalid, "encode name %q", r.Subject)
	}
	for _, id := range w.Identities() {
		if id.Request == nil || id.Certificate != nil {
			continue
		}
		old, err := x509.ParseCertificateRequest(id.Request)
		if err == nil && bytes.Equal(old.RawSubject, der) {
			return nil, fail(ErrExists, "the wallet has a request for %q waiting for its certificate; add that, or remove the request first", FormatDN(der))
		}
	}
	return der, nil
}

func (r Request) key() (crypto.Signer, error) {
	if r.Curve != "" {
		curves := map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}
		c := curves[r.Curve]
		if c == nil || r.Bits != 0 {
			return nil, fail(ErrInvalid, "make key: give a curve of p256, p384 or p521 and no key size, or a RSA key size and no curve")
		}
		return ecdsa.GenerateKey(c, rand.Reader)
	}
	switch r.Bits {
	case 1024, 2048, 3072, 4096, 8192, 16384:
		return rsa.GenerateKey(rand.Reader, r.Bits)
	}
	return nil, fail(ErrInvalid, "make key: a RSA key has 2048, 3072, 4096, 8192 or 16384 bits (1024 for old partners only), not %d", r.Bits)
}

// algorithm names the signature; 0 stands for MD5 with RSA, which crypto/x509
// does not make.
func (r Request) algorithm(key crypto.Signer) (x509.SignatureAlgorithm, error) {
	type pair struct{ rsa, ec x509.SignatureAlgorithm }
	table := map[string]pair{
		"":       {x509.SHA256WithRSA, x509.ECDSAWithSHA256},
		"sha1":   {x509.SHA1WithRSA, x509.ECDSAWithSHA1},
		"sha256": {x509.SHA256WithRSA, x509.ECDSAWithSHA256},
		"sha384": {x509.SHA384WithRSA, x509.ECDSAWithSHA384},
		"sha512": {x509.SHA512WithRSA, x509.ECDSAWithSHA512},
	}
	_, isRSA := key.(*rsa.PrivateKey)
	p, known := table[r.Hash]
	switch {
	case r.Hash == "md5" && isRSA:
		return 0, nil
	case !known:
		return 0, fail(ErrInvalid, "make certificate request: signature algorithm %q; sha256, sha384, sha512, sha1 and (with a RSA key) md5 are known", r.Hash)
	case isRSA:
		return p.rsa, nil
	}
	return p.ec, nil
}

func (r Request) sign(key crypto.Signer, subject []byte, a x509.SignatureAlgorithm) ([]byte, error) {
	template := &x509.CertificateRequest{
		RawSubject: subject, DNSNames: r.DNSNames, IPAddresses: r.IPs,
		SignatureAlgorithm: a,
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil || a != 0 {
		return der, err
	}
	return resignMD5(der, key)
}

// resignMD5 replaces a request's signature. What is signed does not name the
// algorithm (RFC 2986), so only the frame changes.
func resignMD5(der []byte, key crypto.Signer) ([]byte, error) {
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(request.RawTBSCertificateRequest)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.MD5)
	if err != nil {
		return nil, err
	}
	md5WithRSA := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
	return asn1.Marshal(struct {
		Info      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: request.RawTBSCertificateRequest},
		pkix.AlgorithmIdentifier{Algorithm: md5WithRSA, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
}
