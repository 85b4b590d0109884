package probe

import (
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// WarningCode is the stable word for a warning.
type WarningCode string

// The warnings.
const (
	CommonNameOnly         WarningCode = "CommonNameOnly"         // the name is in the CN alone
	ExpiresSoon            WarningCode = "ExpiresSoon"            // a served certificate has less than 30 days
	WrongOrder             WarningCode = "WrongOrder"             // the chain is not leaf first, issuer next
	RootSent               WarningCode = "RootSent"               // needlessly
	IntermediateNotSent    WarningCode = "IntermediateNotSent"    // the trust given makes up for it
	IntermediateIsAnchor   WarningCode = "IntermediateIsAnchor"   // Java and Go accept what libpq refuses
	UnrelatedCertificate   WarningCode = "UnrelatedCertificate"   // sent, and not of the path
	LongChain              WarningCode = "LongChain"              // more than Java takes
	LegacyTLS              WarningCode = "LegacyTLS"              // old protocol or cipher in use
	WeakCertificate        WarningCode = "WeakCertificate"        // verify modes refuse it
	ClientCertificateAsked WarningCode = "ClientCertificateAsked" // and not insisted on
)

const (
	soon         = 30 * 24 * time.Hour
	javaMaxChain = 10 // jdk.tls.maxCertificateChainLength
)

func (r *Report) add(code WarningCode, format string, args ...any) {
	r.Warnings = append(r.Warnings, Warning{Code: code, Text: printable(fmt.Sprintf(format, args...))})
}

func (r *Report) warn(s *sight, o *Observation, q Question, now time.Time) {
	if r.TLS != nil && r.TLS.Legacy {
		r.add(LegacyTLS, "the session is %s with %s, which is off unless legacy TLS is asked for; current clients do not connect", r.TLS.Version, r.TLS.Cipher)
	}
	if r.TLS != nil && o.ClientCertificate && r.Reached == StageTLS {
		r.add(ClientCertificateAsked, "the server asks for a client certificate and goes on without one")
	}
	if s == nil {
		return
	}
	if s.sent > javaMaxChain {
		r.add(LongChain, "the server sends %d certificates; Java clients refuse more than %d", s.sent, javaMaxChain)
	}
	r.warnLeaf(s.chain[0], q.Name)
	r.warnPath(s, now)
	r.warnOrder(s)
	if v := r.Verdict(pki.SSLVerifyCA); (v.Code == UnknownCA || v.Code == IncompleteChain) && anyAnchor(s.chain, s.near, now) {
		r.add(IntermediateIsAnchor, "the trust given holds an intermediate certificate: Java and Go clients take it as an anchor and connect, clients of OpenSSL (libpq, MariaDB) do not")
	}
}

// warnLeaf: Go, and RFC 9525, know no names in the CN any more.
func (r *Report) warnLeaf(leaf *x509.Certificate, name string) {
	ip := net.ParseIP(bare(name))
	fallback := ip == nil && len(leaf.DNSNames) == 0 || ip != nil && len(leaf.IPAddresses) == 0
	if fallback && r.Verdict(pki.SSLVerifyFull).Code != WrongName && leaf.Subject.CommonName != "" {
		r.add(CommonNameOnly, "the certificate has its name in the common name only (CN=%s); Go, Java and browsers want it in the SAN", leaf.Subject.CommonName)
	}
}

func (r *Report) warnPath(s *sight, now time.Time) {
	for _, c := range s.way {
		sent := contains(s.chain, c)
		if left := c.NotAfter.Sub(now); sent && left > 0 && left < soon {
			r.add(ExpiresSoon, "certificate %q expires in %.1f days, at %s", c.Subject, days(left), c.NotAfter.UTC().Format(time.RFC3339))
		}
		if !sent && !selfSigned(c) {
			r.add(IntermediateNotSent, "the server does not send %q (SHA-256 %s), which the trust given holds; clients that trust the root alone do not connect", c.Subject, fingerprint(c))
		}
	}
	if s.weak != "" {
		r.add(WeakCertificate, "%s", s.weak)
	}
}

func (r *Report) warnOrder(s *sight) {
	strays, ordered := 0, true
	for i, c := range s.chain {
		if i > 0 && selfSigned(c) {
			r.add(RootSent, "the server sends root %q; clients use their own copy or none", c.Subject)
		}
		if !contains(s.way, c) && !crosses(c, s.way) {
			strays++
		} else if i > 0 && !issuedBy(s.chain[i-1], c) {
			ordered = false
		}
	}
	if strays > 0 {
		r.add(UnrelatedCertificate, "%d of the certificates sent do not belong to the server's path", strays)
	}
	if !ordered {
		r.add(WrongOrder, "the certificates are not sent leaf first and each issuer after; strict clients refuse that")
	}
}

// crosses reports whether c stands for a certificate of the path under
// another issuer: it lengthens the path for clients that do not trust that.
func crosses(c *x509.Certificate, way []*x509.Certificate) bool {
	for _, w := range way {
		if issuedBy(w, c) && signedBy(w, c) {
			return true
		}
	}
	return false
}

// anyAnchor is how clients decide that take every trusted certificate as an
// anchor.
func anyAnchor(chain, near []*x509.Certificate, now time.Time) bool {
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range near {
		anchors.AddCert(c)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: anchors, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err == nil
}
