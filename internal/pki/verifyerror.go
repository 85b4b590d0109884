package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Problem says in one word why a client refuses a chain.
type Problem string

// The problems of a chain.
const (
	Untrusted    Problem = "Untrusted"    // no path to an anchor
	Expired      Problem = "Expired"      // a certificate of the path has ended
	NotYetValid  Problem = "NotYetValid"  // a certificate of the path has not begun
	NameMismatch Problem = "NameMismatch" // the name is not in the leaf
	WrongUsage   Problem = "WrongUsage"   // a certificate may not do what the path asks of it
	Malformed    Problem = "Malformed"    // there is nothing that could be judged
)

// VerifyError is a client's refusal. Names are RFC 2253 strings of subjects.
type VerifyError struct {
	Problem Problem
	Subject string // the certificate at fault, "" when it is none of them
	Missing string // Untrusted: the issuer whose certificate is trusted nowhere
	Name    string // NameMismatch: what the client connected to
	Root    string // VerifyEach: the root that fails
	Detail  string // the rest of the sentence about Subject
	Err     error  // the verifier's own words, nil when there are none
}

func (e *VerifyError) Error() string {
	var b strings.Builder
	if e.Root != "" {
		fmt.Fprintf(&b, "with root %q alone: ", e.Root)
	}
	if e.Subject != "" {
		fmt.Fprintf(&b, "certificate %q ", e.Subject)
	}
	b.WriteString(e.Detail)
	if e.Name != "" {
		fmt.Fprintf(&b, ", not for %q", e.Name)
	}
	return b.String()
}

// Unwrap gives the verifier's own error, if any.
func (e *VerifyError) Unwrap() error { return e.Err }

// explain turns Go's refusal into one that names the certificate at fault.
func explain(err error, chain, roots []*x509.Certificate, now time.Time) error {
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) {
		return untrusted(err, chain, roots)
	}
	at := invalid.Cert
	if at == nil {
		at = chain[0]
	}
	v := &VerifyError{Problem: WrongUsage, Subject: at.Subject.String(), Err: err}
	switch {
	case invalid.Reason == x509.Expired && now.Before(at.NotBefore):
		v.Problem = NotYetValid
		v.Detail = "is valid only from " + at.NotBefore.UTC().Format(time.RFC3339)
	case invalid.Reason == x509.Expired:
		v.Problem = Expired
		v.Detail = "expired " + at.NotAfter.UTC().Format(time.RFC3339)
	case invalid.Reason == x509.IncompatibleUsage:
		v.Detail = "is not for server authentication"
	case invalid.Reason == x509.NotAuthorizedToSign:
		v.Detail = "is not a CA and must not issue others"
	case invalid.Reason == x509.TooManyIntermediates:
		v.Detail = "allows fewer CAs below it than the chain has"
	default:
		v.Detail = "is refused: " + err.Error()
	}
	return v
}

// untrusted climbs from the leaf as far as certificates are known and names
// the issuer that is not.
func untrusted(err error, chain, roots []*x509.Certificate) error {
	known := append(append([]*x509.Certificate(nil), chain...), roots...)
	at := chain[0]
	for range known {
		parent := issuerOf(at, known)
		if parent == nil || parent == at {
			break
		}
		at = parent
	}
	v := &VerifyError{Problem: Untrusted, Subject: at.Subject.String(), Missing: at.Issuer.String(), Err: err}
	other := impostor(at, known)
	switch {
	case other != nil:
		v.Detail = fmt.Sprintf("was not signed by the %q at hand (SHA-256 %s), which has another key", v.Missing, Fingerprint(other))
	case selfSigned(at):
		v.Detail = "is a root that is not trusted; add it to the trust store"
	default:
		v.Detail = fmt.Sprintf("was issued by %q, which is neither in the trust store nor sent by the server", v.Missing)
	}
	return v
}

func issuerOf(cert *x509.Certificate, known []*x509.Certificate) *x509.Certificate {
	if selfSigned(cert) {
		return nil
	}
	for _, c := range known {
		if bytes.Equal(c.RawSubject, cert.RawIssuer) && cert.CheckSignatureFrom(c) == nil {
			return c
		}
	}
	return nil
}

// impostor finds a certificate that has the name of cert's issuer but did not
// sign cert: two installations may use one name.
func impostor(cert *x509.Certificate, known []*x509.Certificate) *x509.Certificate {
	for _, c := range known {
		if bytes.Equal(c.RawSubject, cert.RawIssuer) && !c.Equal(cert) && cert.CheckSignatureFrom(c) != nil {
			return c
		}
	}
	return nil
}
