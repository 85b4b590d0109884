package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// Backdate is how long before "now" a certificate begins, so that a client
// whose clock is a little behind accepts it.
const Backdate = 5 * time.Minute

const organization = "dbtls"

// CA is a certificate with the key that signs for it: a root or an issuing CA.
type CA struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// NewRoot makes p's self-signed root for region. It carries no pathLen: with
// one, a chain through its cross-certificate would be refused.
func NewRoot(p Profile, region string, key crypto.Signer, notBefore, notAfter time.Time) (CA, error) {
	name := p.rootName(region)
	if spec, _ := SpecOf(key.Public()); spec != p.Key {
		return CA{}, fmt.Errorf("make root %q: its key is %q, profile %q wants %q", name, spec, p.ID, p.Key)
	}
	return selfSign(name, p.signature(region), key, notBefore, notAfter)
}

// NewAPIRoot makes the root of dbtls's own HTTPS certificate: ten years from
// now, unrelated to the CAs of databases. Issue signs the leaf with it.
func NewAPIRoot(key crypto.Signer, now time.Time) (CA, error) {
	const name = "dbtls API Root CA"
	if spec, _ := SpecOf(key.Public()); spec != ECC256 {
		return CA{}, fmt.Errorf("make root %q: its key is %q, want %q", name, spec, ECC256)
	}
	return selfSign(name, x509.ECDSAWithSHA256, key, now.Add(-Backdate), now.AddDate(10, 0, 0))
}

func selfSign(name string, alg x509.SignatureAlgorithm, key crypto.Signer, notBefore, notAfter time.Time) (CA, error) {
	if !notAfter.After(notBefore) {
		return CA{}, fmt.Errorf("make root %q: it would end %s, not after it begins", name, notAfter.UTC().Format(time.RFC3339))
	}
	t, err := caTemplate(name, key.Public(), notBefore, notAfter)
	if err != nil {
		return CA{}, fmt.Errorf("make root %q: %w", name, err)
	}
	t.SignatureAlgorithm = alg
	cert, err := sign(t, t, key.Public(), key)
	if err != nil {
		return CA{}, fmt.Errorf("make root %q: %w", name, err)
	}
	return CA{Cert: cert, Key: key}, nil
}

// NewIssuing makes the CA under root that signs the leaves of region: pathLen
// 0, and it ends when root does.
func NewIssuing(root CA, p Profile, region string, key crypto.Signer, now time.Time) (CA, error) {
	name := p.issuingName(region)
	if want := p.rootName(region); root.Cert.Subject.CommonName != want {
		return CA{}, fmt.Errorf("make issuing CA %q: its root must be %q, not %q", name, want, root.Cert.Subject.CommonName)
	}
	if spec, _ := SpecOf(key.Public()); spec != p.Key {
		return CA{}, fmt.Errorf("make issuing CA %q: its key is %q, profile %q wants %q", name, spec, p.ID, p.Key)
	}
	if err := root.usable(now); err != nil {
		return CA{}, err
	}
	t, err := caTemplate(name, key.Public(), begin(now, root.Cert), root.Cert.NotAfter)
	if err != nil {
		return CA{}, fmt.Errorf("make issuing CA %q: %w", name, err)
	}
	t.MaxPathLenZero = true
	t.SignatureAlgorithm = p.signature(region)
	cert, err := sign(t, root.Cert, key.Public(), root.Key)
	if err != nil {
		return CA{}, fmt.Errorf("make issuing CA %q: %w", name, err)
	}
	return CA{Cert: cert, Key: key}, nil
}

// Cross certifies the root subject by another root, so that clients that trust
// only issuer accept chains under subject. It keeps subject's exact name bytes,
// key and SKI (clients match by them), has pathLen 1, and ends with the first
// of the two.
func Cross(subject *x509.Certificate, issuer CA, now time.Time) (*x509.Certificate, error) {
	fail := func(err error) (*x509.Certificate, error) {
		return nil, fmt.Errorf("cross %q by %q: %w", subject.Subject, issuer.Cert.Subject, err)
	}
	if err := checkCross(subject, issuer, now); err != nil {
		return fail(err)
	}
	serial, err := newSerial()
	if err != nil {
		return fail(err)
	}
	cert, err := sign(&x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            subject.RawSubject,
		SubjectKeyId:          subject.SubjectKeyId,
		NotBefore:             begin(now, subject, issuer.Cert),
		NotAfter:              earlier(subject.NotAfter, issuer.Cert.NotAfter),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            1,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SignatureAlgorithm:    issuer.Cert.SignatureAlgorithm,
	}, issuer.Cert, subject.PublicKey, issuer.Key)
	if err != nil {
		return fail(err)
	}
	return cert, nil
}

func checkCross(subject *x509.Certificate, issuer CA, now time.Time) error {
	for _, root := range []*x509.Certificate{subject, issuer.Cert} {
		if !root.IsCA || !selfSigned(root) {
			return fault.New(fault.InvalidParameter, "%q is not a root; a cross-certificate stands between two roots", root.Subject)
		}
		if root.MaxPathLen >= 0 {
			return fault.New(fault.InvalidParameter, "root %q has a path length, which would break the chain; use a root without one", root.Subject)
		}
	}
	if bytes.Equal(subject.RawSubject, issuer.Cert.RawSubject) {
		return fault.New(fault.InvalidParameter, "root %q cannot be cross-certified by a root of its own name; use another CA", subject.Subject)
	}
	if err := issuer.usable(now); err != nil {
		return err
	}
	return checkValid(subject, now)
}

func caTemplate(name string, pub crypto.PublicKey, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	ski, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{organization}, CommonName: name},
		SubjectKeyId:          ski,
		NotBefore:             notBefore.UTC().Truncate(time.Second),
		NotAfter:              notAfter.UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil
}

func sign(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate: %w", err)
	}
	return cert, nil
}

// usable tells whether the CA may sign at now.
func (c CA) usable(now time.Time) error {
	if !c.Cert.IsCA || c.Cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fault.New(fault.InvalidParameter, "certificate %q is not a CA; it must not sign others", c.Cert.Subject)
	}
	return checkValid(c.Cert, now)
}

func checkValid(cert *x509.Certificate, now time.Time) error {
	if now.Before(cert.NotBefore) {
		return fault.New(fault.Unavailable, "CA %q is valid only from %s; check this machine's clock", cert.Subject, cert.NotBefore.UTC().Format(time.RFC3339))
	}
	if !now.Before(cert.NotAfter) {
		return fault.New(fault.Unavailable, "CA %q expired %s; choose another CA", cert.Subject, cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// begin is now backdated, but never before any of the certificates.
func begin(now time.Time, within ...*x509.Certificate) time.Time {
	t := now.Add(-Backdate)
	for _, c := range within {
		if t.Before(c.NotBefore) {
			t = c.NotBefore
		}
	}
	return t.UTC().Truncate(time.Second)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
