package store

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Accepts decides what a client in that mode, trusting exactly this store and
// connecting to name, decides about a served chain (leaf first). The rules and
// the error are pki.Verify's: only self-signed certificates are anchors.
func (s Store) Accepts(chain []*x509.Certificate, mode pki.SSLMode, name string, now time.Time) error {
	return pki.Verify(chain, s.Certs(), mode, name, now)
}

// AnyAnchor tells whether a client that takes every certificate of its store as
// an anchor builds a path: Java and Go do, OpenSSL's users do not.
func (s Store) AnyAnchor(chain []*x509.Certificate, now time.Time) bool {
	if len(chain) == 0 {
		return false
	}
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range s.Certs() {
		anchors.AddCert(c)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: anchors, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err == nil
}

// Warnings says what is odd about the entries at a time, a sentence each.
func (s Store) Warnings(now time.Time) []string {
	var out []string
	if len(s.Entries) == 0 {
		out = append(out, "the trust store is empty: a client with it trusts nothing, and Java refuses to load it")
	}
	for _, e := range s.Entries {
		if w := e.warning(now); w != "" {
			out = append(out, fmt.Sprintf("%s: %s", e.Alias, w))
		}
	}
	return out
}

func (e Entry) warning(now time.Time) string {
	c := e.Cert
	switch {
	case e.Ignored:
		return "Java passes over this certificate: it lacks the mark of trust; convert the store to give it one"
	case now.After(c.NotAfter):
		return "expired " + c.NotAfter.UTC().Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "is not valid before " + c.NotBefore.UTC().Format(time.RFC3339)
	case !c.IsCA && !bytes.Equal(c.RawSubject, c.RawIssuer):
		return "is no CA: only Java and Go clients take it, and only until the server gets its next certificate"
	}
	return ""
}

// PasswordWarning says which readers a password of this format shuts out, ""
// for none.
func PasswordWarning(f Format, password string) string {
	if !f.NeedsPassword() {
		return ""
	}
	if len(password) < 6 {
		return "keytool opens no store with a password shorter than 6 characters; other readers do"
	}
	for _, r := range password {
		if f != JKS && (r < 0x20 || r > 0x7e) {
			return "Java opens no PKCS #12 file whose password is not plain ASCII; OpenSSL does. Use jks, or another password"
		}
	}
	return ""
}
