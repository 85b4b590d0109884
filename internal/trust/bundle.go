// Package trust says what clients are given to trust: which certificates a
// bundle holds, in which order, and the formats it is published in.
//
// It makes no certificate and serves nothing: internal/pki does the first,
// the bundle host the second.
package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"

	"github.com/smallstep/pkcs7"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// Bundle is a published set of CA certificates. Make it with NewBundle.
type Bundle struct {
	Certs []*x509.Certificate
}

// NewBundle puts certs in the order clients get them: every root by subject,
// then every issuing CA by subject, each certificate once. The result does not
// depend on the order of certs.
//
// Cross-certificates are refused: they belong in served chains. Beside its root
// one is a second way up that OpenSSL may take and not leave again. Leaves are
// refused: Java and Go would take one as an anchor of its own.
func NewBundle(certs ...*x509.Certificate) (Bundle, error) {
	sorted := slices.Clone(certs)
	slices.SortFunc(sorted, compare)
	sorted = slices.CompactFunc(sorted, (*x509.Certificate).Equal)
	if len(sorted) == 0 {
		return Bundle{}, fault.New(fault.InvalidParameter, "a bundle without a certificate is refused; name at least one CA")
	}
	roots := map[string]bool{}
	for _, c := range sorted { // roots come first
		switch {
		case !c.IsCA:
			return Bundle{}, fault.New(fault.InvalidParameter, "certificate %q is not a CA; a bundle holds CAs only", c.Subject)
		case isRoot(c):
			roots[string(c.RawSubject)] = true
		case roots[string(c.RawSubject)]:
			return Bundle{}, fault.New(fault.InvalidParameter, "the certificate of %q issued by %q is a cross-certificate; leave it to the served chain", c.Subject, c.Issuer)
		}
	}
	return Bundle{Certs: sorted}, nil
}

// Roots are the self-signed certificates of the bundle.
func (b Bundle) Roots() []*x509.Certificate {
	var roots []*x509.Certificate
	for _, c := range b.Certs {
		if isRoot(c) {
			roots = append(roots, c)
		}
	}
	return roots
}

// PEM is the bundle as CERTIFICATE blocks with nothing between them: some
// readers of trust stores take no comments.
func (b Bundle) PEM() []byte { return pki.EncodeCertsPEM(b.Certs...) }

// PKCS7 is the bundle as DER of a certificates-only SignedData (RFC 2315
// section 9.1), what Windows imports as .p7b.
func (b Bundle) PKCS7() ([]byte, error) {
	der, err := pkcs7.DegenerateCertificate(b.der())
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encoding the bundle as PKCS #7 failed")
	}
	return der, nil
}

// Version is 16 hexadecimal digits that change when, and only when, the
// certificates do; it is fit for an ETag once quoted.
func (b Bundle) Version() string {
	sum := sha256.Sum256(b.der())
	return hex.EncodeToString(sum[:8])
}

func (b Bundle) der() []byte {
	var all []byte
	for _, c := range b.Certs {
		all = append(all, c.Raw...)
	}
	return all
}

// compare sorts roots first, then by subject; the bytes decide ties.
func compare(a, b *x509.Certificate) int {
	if ra, rb := isRoot(a), isRoot(b); ra != rb {
		if ra {
			return -1
		}
		return 1
	}
	if c := bytes.Compare(a.RawSubject, b.RawSubject); c != 0 {
		return c
	}
	return bytes.Compare(a.Raw, b.Raw)
}

func isRoot(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }
