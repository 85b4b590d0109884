package probe

import (
	"crypto/x509"
	"fmt"

	"github.com/dbtls/dbtls/internal/pki"
)

// minRSA is the smallest RSA key of 112 bits of security (NIST SP 800-57 part
// 1, table 2), which OpenSSL's security level 2, the default of distributions
// and of OpenSSL 3.2, asks for.
const minRSA = 2048

// weakest is a sentence about the first certificate of a path whose key or
// signature is too weak, "" when none is. A root's own signature protects
// nothing and is not looked at.
func weakest(way []*x509.Certificate) string {
	for _, c := range way {
		if c.PublicKeyAlgorithm == x509.DSA {
			return fmt.Sprintf("certificate %q has a DSA key, which no current client takes", c.Subject)
		}
		if kind, bits := pki.KeyOf(c); kind == "RSA" && bits < minRSA {
			return fmt.Sprintf("certificate %q has a %s key of %d bits; clients want RSA keys of %d bits or more, or ECDSA", c.Subject, kind, bits, minRSA)
		}
		if weakSignature(c.SignatureAlgorithm) && !selfSigned(c) {
			return fmt.Sprintf("certificate %q is signed with %v, which can be forged", c.Subject, c.SignatureAlgorithm)
		}
	}
	return ""
}

func weakSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}
