package wallet

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode"
)

// AddTrusted adds a certificate (DER) as trusted, after those that are there.
//
// With an alias the bag also carries what Java wants, so that one ewallet.p12
// serves Oracle and Java; the alias is stored in lower case, as Java compares
// it, and must be free. With "" the bag is exactly what orapki writes. A
// certificate that is there already is an ErrExists and stays as it is.
func (w *Wallet) AddTrusted(der []byte, alias string) (Certificate, error) {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, because(err, ErrInvalid, "add trusted certificate: it cannot be read as an X.509 certificate")
	}
	name := FormatDN(x.RawSubject)
	if w.indexTrusted(der) >= 0 {
		return Certificate{}, fail(ErrExists, "%q is in the wallet already, as a trusted certificate", name)
	}
	// The order of a SET in DER is that of its encodings: the encoder sees to it.
	attrs := []attribute{keyAttribute(localKeyID{class: classTrusted, index: w.next(classTrusted), last: 4})}
	if alias != "" {
		if alias, err = w.freeAlias(alias); err != nil {
			return Certificate{}, err
		}
		attrs = append([]attribute{nameAttribute(alias)}, append(attrs, javaAttribute())...)
	}
	b, err := newTyped(bagCert, oidX509Certificate(), der, attrs...)
	if err != nil {
		return Certificate{}, err
	}
	w.bags = append(w.bags, b)
	return newCertificate(b, der), nil
}

func (w *Wallet) freeAlias(alias string) (string, error) {
	alias = strings.ToLower(alias)
	if strings.ContainsFunc(alias, unicode.IsControl) || len(alias) > 255 {
		return "", fail(ErrInvalid, "add trusted certificate: alias %q has control characters or more than 255 bytes", alias)
	}
	if w.hasAlias(alias) {
		return "", fail(ErrExists, "alias %q names another certificate of the wallet; give another alias", alias)
	}
	return alias, nil
}

func (w *Wallet) hasAlias(alias string) bool {
	return slices.ContainsFunc(w.bags, func(b *bag) bool { return strings.ToLower(b.name) == alias })
}

// FreeAlias makes an alias from a certificate: its common name (or
// organization) in lower-case letters, digits and hyphens, and where that is
// taken the start of its SHA-256 after it. The same certificate always gets
// the same two candidates.
func (w *Wallet) FreeAlias(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if name == "" && len(c.Subject.Organization) > 0 {
		name = c.Subject.Organization[0]
	}
	slug := strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
	if len(slug) > 100 {
		slug = slug[:100]
	}
	if slug == "" {
		slug = "certificate"
	}
	if !w.hasAlias(slug) {
		return slug
	}
	sum := sha256.Sum256(c.Raw)
	return slug + "-" + hex.EncodeToString(sum[:6])
}

// RemoveTrusted removes a trusted certificate, named by its DER. One that a
// user certificate of the wallet chains to stays (ErrInvalid): Oracle's tools
// refuse a wallet whose user certificate has no chain.
func (w *Wallet) RemoveTrusted(der []byte) error {
	i := w.indexTrusted(der)
	if i < 0 {
		return fail(ErrNotFound, "the wallet has no such trusted certificate")
	}
	left := &Wallet{bags: slices.Delete(slices.Clone(w.bags), i, i+1)}
	for _, id := range left.Identities() {
		if id.Certificate == nil || id.Certificate.X509 == nil || !w.hasChain(id.Certificate.X509) {
			continue
		}
		if err := left.chain(id.Certificate.X509); err != nil {
			return because(err, ErrInvalid, "remove trusted certificate: the user certificate %q needs it; remove that first", FormatDN(id.Certificate.X509.RawSubject))
		}
	}
	w.bags = left.bags
	return nil
}

func (w *Wallet) hasChain(c *x509.Certificate) bool { return w.chain(c) == nil }

// chain says whether the trusted certificates lead from c to a self-signed
// root, over any of several issuers of one name, and names one that is missing.
func (w *Wallet) chain(c *x509.Certificate) error {
	var trusted []*x509.Certificate
	for _, t := range w.Trusted() {
		if t.X509 != nil {
			trusted = append(trusted, t.X509)
		}
	}
	missing := c.RawIssuer
	seen := []*x509.Certificate{c}
	for i := 0; i < len(seen); i++ {
		c := seen[i]
		missing = c.RawIssuer
		if bytes.Equal(c.RawSubject, c.RawIssuer) && slices.ContainsFunc(trusted, c.Equal) {
			return nil
		}
		for _, t := range trusted {
			if issued(t, c) && !slices.ContainsFunc(seen, t.Equal) {
				seen = append(seen, t)
			}
		}
	}
	return fail(ErrNotFound, "the certificate of %q is not among the trusted certificates", FormatDN(missing))
}

// issued says whether parent signed child. A signature with MD5 or SHA-1 is
// not judged (crypto/x509 refuses to): there the name and key id decide.
func issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	var weak x509.InsecureAlgorithmError
	if errors.As(err, &weak) {
		return len(child.AuthorityKeyId) == 0 || len(parent.SubjectKeyId) == 0 || bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId)
	}
	return err == nil
}
