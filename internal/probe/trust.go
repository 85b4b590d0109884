package probe

import (
	"bytes"
	"crypto/x509"
	"errors"

	"github.com/dbtls/dbtls/internal/pki"
)

// Trust is what a client trusts, indexed once: a probe of many servers looks
// at the few certificates of it that a chain leads to. It is immutable.
type Trust struct {
	source    string
	bySubject map[string][]*x509.Certificate
	size      int
	anchors   int
}

// NewTrust makes one of certs, in which only self-signed certificates are
// anchors. source is for people: a file name. The zero of *Trust trusts
// nothing.
func NewTrust(source string, certs []*x509.Certificate) *Trust {
	t := &Trust{source: source, bySubject: map[string][]*x509.Certificate{}}
	for _, c := range certs {
		if c == nil {
			continue
		}
		key := string(c.RawSubject)
		t.bySubject[key] = append(t.bySubject[key], c)
		t.size++
		if selfSigned(c) {
			t.anchors++
		}
	}
	return t
}

// near is every certificate of t that a path from chain can lead to: issuers
// by name, and theirs. A verifier finds parents by name, so it decides with
// these as it would with all.
func (t *Trust) near(chain []*x509.Certificate) []*x509.Certificate {
	if t == nil {
		return nil
	}
	var found []*x509.Certificate
	asked := map[string]bool{}
	queue := append([]*x509.Certificate(nil), chain...)
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		for _, name := range []string{string(c.RawIssuer), string(c.RawSubject)} {
			if asked[name] {
				continue
			}
			asked[name] = true
			found = append(found, t.bySubject[name]...)
			queue = append(queue, t.bySubject[name]...)
		}
	}
	return found
}

// selfSigned reports whether a certificate is its own issuer, by name, key
// identifiers and signature.
func selfSigned(c *x509.Certificate) bool {
	return issuedBy(c, c) && signedBy(c, c)
}

// issuedBy compares names and key identifiers.
func issuedBy(c, parent *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, parent.RawSubject) &&
		(len(c.AuthorityKeyId) == 0 || len(parent.SubjectKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, parent.SubjectKeyId))
}

// signedBy checks the signature alone; one of a retired algorithm counts: it
// is for weakness to refuse.
func signedBy(c, parent *x509.Certificate) bool {
	err := parent.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	_, retired := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || retired
}

// path climbs from the leaf as far as certificates are known, over trusted
// ones where there is a choice. Each step is proved by its signature.
func path(chain, near []*x509.Certificate) []*x509.Certificate {
	way, _ := climb(chain, near, signedBy)
	return way
}

// likelyPath is path without the cost of the signatures, where names and key
// identifiers leave no choice.
func likelyPath(chain, near []*x509.Certificate) []*x509.Certificate {
	way, sure := climb(chain, near, func(_, _ *x509.Certificate) bool { return true })
	if !sure {
		return path(chain, near)
	}
	return way
}

// climb takes the first parent that proves to be one; sure tells that there
// never was another that might be.
func climb(chain, near []*x509.Certificate, proves func(c, parent *x509.Certificate) bool) (way []*x509.Certificate, sure bool) {
	known := append(append([]*x509.Certificate(nil), near...), chain[1:]...)
	way, sure = []*x509.Certificate{chain[0]}, true
	for len(way) <= len(known) {
		at := way[len(way)-1]
		could := parents(at, known)
		sure = sure && len(could) <= 1
		at = firstThat(could, func(p *x509.Certificate) bool { return proves(at, p) })
		if at == nil || contains(way, at) { // a root is its own parent
			break
		}
		way = append(way, at)
	}
	return way, sure
}

// parents are the different certificates that c may have been issued by, c
// itself first.
func parents(c *x509.Certificate, known []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, k := range append([]*x509.Certificate{c}, known...) {
		if issuedBy(c, k) && !contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func firstThat(list []*x509.Certificate, ok func(*x509.Certificate) bool) *x509.Certificate {
	for _, c := range list {
		if ok(c) {
			return c
		}
	}
	return nil
}

func contains(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, o := range list {
		if o.Equal(c) {
			return true
		}
	}
	return false
}

// has reports whether t holds the very certificate.
func (t *Trust) has(c *x509.Certificate) bool {
	return t != nil && contains(t.bySubject[string(c.RawSubject)], c)
}

// namesake is a certificate of t that has the name of c's issuer and did not
// sign c: two installations may use one name.
func (t *Trust) namesake(c *x509.Certificate) *x509.Certificate {
	if t == nil {
		return nil
	}
	for _, o := range t.bySubject[string(c.RawIssuer)] {
		if !o.Equal(c) && !signedBy(c, o) {
			return o
		}
	}
	return nil
}

// fingerprint is the SHA-256 of a certificate, as pki writes it.
func fingerprint(c *x509.Certificate) string { return pki.Fingerprint(c) }
