package probe

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// maxChain is how many certificates of a chain are looked at: Java's clients
// refuse more than ten, and the time that a server can take is bounded by it.
const maxChain = 32

// Refusal is a client's reason not to connect.
type Refusal struct {
	Stage  Stage
	Code   Code
	Reason string
	Fix    string
	// Lacks is the certificate that the client's trust would need, nil when
	// that is not what is wrong.
	Lacks *Missing
}

func (r *Refusal) Error() string { return r.Reason + " (" + string(r.Code) + ")" }

// Decide says what a client in that mode, trusting exactly t and connecting to
// name, decides about a served chain (leaf first): nil when it connects. The
// rules are pki.Verify's, and weak keys and signatures are refused where
// anything is verified. name may be in the brackets of an IPv6 literal.
func (t *Trust) Decide(chain []*x509.Certificate, mode pki.SSLMode, name string, now time.Time) *Refusal {
	switch {
	case mode == pki.SSLNone:
		return nil
	case len(chain) == 0:
		return refuse(StageTLS, BadCertificate, "the server sent no certificate")
	case mode == pki.SSLRequire:
		return nil
	}
	return t.look(chain).refusal(mode, name, now)
}

// sight is a chain beside what is trusted: computed once, asked about twice.
type sight struct {
	trust *Trust
	chain []*x509.Certificate // maxChain at most; never empty
	sent  int                 // certificates that were
	near  []*x509.Certificate
	way   []*x509.Certificate // from the leaf as far as is known
	weak  string              // what is weak about way
}

func (t *Trust) look(chain []*x509.Certificate) *sight {
	s := &sight{trust: t, sent: len(chain), chain: chain[:min(len(chain), maxChain)]}
	s.near = t.near(s.chain)
	s.way = likelyPath(s.chain, s.near)
	s.weak = weakest(s.way)
	return s
}

// refusal is that of a mode that verifies.
func (s *sight) refusal(mode pki.SSLMode, name string, now time.Time) *Refusal {
	switch {
	case s.sent > maxChain:
		return refuse(StageChain, ChainTooLong, fmt.Sprintf("the server sent %d certificates; at most %d are looked at", s.sent, maxChain))
	case s.weak != "":
		return refuse(StageChain, WeakKey, s.weak)
	}
	if err := pki.Verify(s.chain, s.near, mode, name, now); err != nil {
		s.way = path(s.chain, s.near) // what is said has to be true
		return s.trust.explain(err, s.way)
	}
	return nil
}

// explain gives pki's refusal its code and, where one is missing, names the
// certificate.
func (t *Trust) explain(err error, way []*x509.Certificate) *Refusal {
	v, ok := errors.AsType[*pki.VerifyError](err)
	if !ok {
		return refuse(StageChain, InvalidChain, err.Error())
	}
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](v.Err); ok {
		return refuse(StageChain, UnknownCriticalExtension, criticals(way))
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](v.Err); ok && invalid.Reason == x509.IncompatibleUsage {
		return refuse(StageChain, NotServerCertificate, v.Error())
	}
	switch v.Problem {
	case pki.Untrusted:
		return t.untrusted(way, v)
	case pki.Expired:
		return refuse(StageChain, Expired, v.Error())
	case pki.NotYetValid:
		return refuse(StageChain, NotYetValid, v.Error())
	case pki.NameMismatch:
		return refuse(StageName, WrongName, v.Error())
	}
	return refuse(StageChain, InvalidChain, v.Error())
}

// untrusted tells the three ends of a path apart: the leaf itself, a leaf
// whose issuer is unknown (which the server should have sent), and a CA.
func (t *Trust) untrusted(way []*x509.Certificate, v *pki.VerifyError) *Refusal {
	last := way[len(way)-1]
	self := selfSigned(last)
	var r *Refusal
	switch {
	case self && len(way) == 1:
		r = refuse(StageChain, SelfSigned, fmt.Sprintf("certificate %q is self-signed and not trusted", last.Subject))
	case self && t.has(last):
		// The path is complete: another rule broke it.
		return refuse(StageChain, InvalidChain, v.Error()+" ("+v.Err.Error()+")")
	case self:
		r = refuse(StageChain, UnknownCA, fmt.Sprintf("the chain ends at root %q, which is not trusted", last.Subject))
	case len(way) == 1 && t.namesake(last) == nil:
		r = refuse(StageChain, IncompleteChain, fmt.Sprintf("certificate %q was issued by %q, whose certificate the server does not send and the trust given does not hold", last.Subject, last.Issuer))
	default:
		r = refuse(StageChain, UnknownCA, fmt.Sprintf("certificate %q was issued by %q, which is not trusted", last.Subject, last.Issuer))
	}
	r.Lacks = lacking(last)
	if other := t.namesake(last); other != nil && !self {
		r.Reason += fmt.Sprintf("; the one of that name that is trusted (SHA-256 %s) has another key", fingerprint(other))
	}
	return r
}

// lacking describes what is missing above the last certificate of a path: it
// is that one when it is a root, else all that is known of its issuer.
func lacking(last *x509.Certificate) *Missing {
	if selfSigned(last) {
		return &Missing{Subject: printable(last.Subject.String()), KeyID: hex.EncodeToString(last.SubjectKeyId), SHA256: fingerprint(last)}
	}
	return &Missing{Subject: printable(last.Issuer.String()), KeyID: hex.EncodeToString(last.AuthorityKeyId)}
}

func criticals(way []*x509.Certificate) string {
	for _, c := range way {
		var ids []string
		for _, id := range c.UnhandledCriticalExtensions {
			ids = append(ids, id.String())
		}
		if len(ids) > 0 {
			return fmt.Sprintf("certificate %q has the critical extension %s, which no client may pass over without knowing it", c.Subject, strings.Join(ids, ", "))
		}
	}
	return "a certificate has an unknown critical extension"
}

func refuse(stage Stage, code Code, reason string) *Refusal {
	return &Refusal{Stage: stage, Code: code, Reason: printable(reason), Fix: fix(code)}
}
