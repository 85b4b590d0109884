package migration

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/wallet"
)

// maxChain is how many certificates one import may hold. A list of all public
// CAs has some 150.
const maxChain = 500

// content is what an import holds.
type content struct {
	certs []*x509.Certificate // the trusted ones, in the file's order
	key   bool                // a wallet with a private key
}

// parsePEM reads one certificate or a chain as PEM.
func parsePEM(text string) (content, error) {
	if err := notPEM(text); err != nil {
		return content{}, err
	}
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if err := wrongBlock(block.Type); err != nil {
			return content{}, err
		}
	}
	certs, err := pki.ParseCertsPEM([]byte(text))
	if err != nil {
		return content{}, fault.Wrap(err, InvalidCertificate, "The certificate was not valid: %s", fault.Public(err))
	}
	if len(certs) > maxChain {
		return content{}, fault.New(InvalidCertificate, "The certificate was not valid: it holds %d certificates, %d at most; import those that the endpoint's server needs", len(certs), maxChain)
	}
	return content{certs: certs}, nil
}

// wrongBlock refuses what a PEM file may hold beside certificates.
func wrongBlock(kind string) error {
	switch {
	case kind == "CERTIFICATE":
		return nil
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return fault.New(InvalidCertificate, "The certificate was not valid: the file holds a private key. An endpoint verifies the server and needs CA certificates only; a key that was sent here should count as known to others. Leave it out: openssl x509 -in FILE -out ca.pem")
	case kind == "PKCS7" || kind == "CMS":
		return fault.New(InvalidCertificate, "The certificate was not valid: the format is PKCS7, and PEM certificates are wanted; convert it: dbtls truststore convert FILE --out ca.pem --format pem")
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		return fault.New(InvalidCertificate, "The certificate was not valid: the file holds a certificate request; the CA that signs it has the certificate that is wanted here")
	}
	return fault.New(InvalidCertificate, "The certificate was not valid: the file holds a PEM block of type %q; import blocks of type CERTIFICATE only", shorten(kind))
}

// parseWallet reads an auto-login wallet.
func parseWallet(data []byte) (content, error) {
	if err := notWallet(data); err != nil {
		return content{}, err
	}
	w, _, err := wallet.ParseSSO(data, wallet.Machine{})
	switch {
	case errors.Is(err, wallet.ErrLocal) || err != nil && bytes.HasPrefix(data, localMagic()):
		return content{}, fault.New(InvalidCertificate, "The certificate was not valid: the wallet is a local auto-login wallet (orapki -auto_login_local), which opens only on the machine and for the account that made it; make one that opens here: dbtls wallet create --wallet DIR --auto-login-only, then dbtls wallet add --wallet DIR --trusted-cert --cert ca.pem")
	case err != nil:
		return content{}, fault.New(InvalidCertificate, "The certificate was not valid: the wallet cannot be read: %s", shorten(err.Error()))
	}
	var c content
	for _, t := range w.Trusted() {
		if t.X509 != nil {
			c.certs = append(c.certs, t.X509)
		}
	}
	for _, i := range w.Identities() {
		c.key = c.key || len(i.Key) > 0
	}
	switch {
	case len(c.certs) == 0:
		return content{}, fault.New(InvalidCertificate, "The certificate was not valid: the wallet holds no trusted certificate; add the CA: dbtls wallet add --wallet DIR --trusted-cert --cert ca.pem")
	case len(c.certs) > maxChain:
		return content{}, fault.New(InvalidCertificate, "The certificate was not valid: the wallet holds %d trusted certificates, %d at most", len(c.certs), maxChain)
	}
	return c, nil
}

// doubts are what whoever uses the import should know.
func (c content) doubts(now time.Time) []string {
	var out []string
	anchors := 0
	for _, cert := range c.certs {
		if selfSigned(cert) {
			anchors++
		}
		switch {
		case now.After(cert.NotAfter):
			out = append(out, fmt.Sprintf("certificate %q expired at %s", cert.Subject, cert.NotAfter.UTC().Format(time.RFC3339)))
		case now.Before(cert.NotBefore):
			out = append(out, fmt.Sprintf("certificate %q is not valid before %s", cert.Subject, cert.NotBefore.UTC().Format(time.RFC3339)))
		}
	}
	switch leaf := c.certs[0]; {
	case anchors == 0 && len(c.certs) == 1 && !leaf.IsCA:
		out = append(out, fmt.Sprintf("certificate %q is a server's own, not a CA's: verify modes need the root %q, with the certificates between them, in one file", leaf.Subject, leaf.Issuer))
	case anchors == 0:
		out = append(out, fmt.Sprintf("there is no self-signed root among the certificates: verify modes need the one above %q in the same file", c.certs[len(c.certs)-1].Subject))
	}
	if c.key {
		out = append(out, "the wallet holds a private key, which an endpoint does not use; a wallet of trusted certificates alone is enough")
	}
	return out[:min(len(out), maxDoubts)]
}

// maxDoubts bounds what is kept: a list of all public CAs has a few old ones.
const maxDoubts = 20

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// keyLength is the size of a certificate's key in bits, 0 when unknown.
func keyLength(c *x509.Certificate) int {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 256
	}
	return 0
}

// signingAlgorithm has Java's names, which are DMS's: "SHA256withRSA"
// (https://docs.oracle.com/en/java/javase/21/docs/specs/security/standard-names.html).
func signingAlgorithm(c *x509.Certificate) string {
	switch a := c.SignatureAlgorithm; a {
	case x509.PureEd25519:
		return "Ed25519"
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return "RSASSA-PSS"
	default:
		kind, hash, ok := strings.Cut(a.String(), "-") // "ECDSA-SHA256", "SHA256-RSA"
		if !ok {
			return a.String()
		}
		if strings.HasSuffix(hash, "RSA") {
			kind, hash = hash, kind
		}
		return hash + "with" + kind
	}
}
