package probe

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Verify decides what a client in that mode, trusting exactly roots and
// connecting to name, would decide about what was observed. The rules and the
// error are pki.Verify's.
func (o *Observation) Verify(roots []*x509.Certificate, mode pki.SSLMode, name string, now time.Time) error {
	return pki.Verify(o.Chain, roots, mode, name, now)
}

// Question is what a report shall answer.
type Question struct {
	Label  string // the target as the caller wrote it
	Target Target
	Name   string      // what verify-full compares with
	Mode   pki.SSLMode // the one that Report.OK is about
	Trust  *Trust
}

// Judge makes the report of what Dial returned. It is pure.
func Judge(o *Observation, err error, q Question, now time.Time) Report {
	r := Report{
		Target: printable(q.Label), Address: q.Target.Address, Name: printable(q.Name), Mode: q.Mode, Time: now.UTC(),
		Chain: []Certificate{}, Warnings: []Warning{}, Trust: q.Trust.report(),
	}
	if len(q.Target.Engine.Spec.Names) > 0 {
		r.Engine = q.Target.Engine.Name()
	}
	if o == nil {
		o = new(Observation)
	}
	r.Reached = reached(err)
	r.show(o, now)
	var s *sight
	if len(o.Chain) > 0 {
		s = q.Trust.look(o.Chain)
	}
	r.decide(s, o, err, q, now)
	r.warn(s, o, q, now)
	return r
}

func (t *Trust) report() TrustReport {
	if t == nil {
		return TrustReport{}
	}
	return TrustReport{Source: printable(t.source), Certificates: t.size, Anchors: t.anchors}
}

// reached is the stage before the one that failed.
func reached(err error) Stage {
	if err == nil {
		return StageTLS
	}
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return ""
	}
	switch f.Stage {
	case StageConnect:
		return StageDNS
	case StageStartTLS:
		return StageConnect
	case StageTLS:
		return StageStartTLS
	}
	return ""
}

// show copies what was seen.
func (r *Report) show(o *Observation, now time.Time) {
	r.ServerVersion = printable(o.Greeting.Version)
	r.ChainLength = len(o.Chain)
	for i, c := range o.Chain[:min(len(o.Chain), maxChain)] {
		row := describe(c, now)
		row.InOrder = i == 0 || issuedBy(o.Chain[i-1], c)
		r.Chain = append(r.Chain, row)
	}
	if o.Version == 0 {
		return
	}
	r.TLS = &Session{
		Version: tls.VersionName(o.Version), Cipher: tls.CipherSuiteName(o.Cipher),
		Legacy: legacySession(o.Version, o.Cipher), ClientCertificate: o.ClientCertificate,
	}
	if o.Group != 0 {
		r.TLS.Group = o.Group.String()
	}
}

func describe(c *x509.Certificate, now time.Time) Certificate {
	kind, bits := pki.KeyOf(c)
	row := Certificate{
		Subject: printable(c.Subject.String()), Issuer: printable(c.Issuer.String()), Serial: fmt.Sprintf("%x", c.SerialNumber),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), DaysLeft: days(c.NotAfter.Sub(now)),
		Key: kind, KeyBits: bits, Signature: c.SignatureAlgorithm.String(), SHA256: fingerprint(c),
		SelfSign: selfSigned(c), CA: c.IsCA,
	}
	for _, n := range c.DNSNames {
		row.Names = append(row.Names, printable(n))
	}
	for _, ip := range c.IPAddresses {
		row.Names = append(row.Names, ip.String())
	}
	return row
}

// days has one decimal, rounded down: nothing has more time than it has.
func days(d time.Duration) float64 { return math.Floor(d.Hours()/24*10) / 10 }

// decide fills in the verdicts and what hangs on them.
func (r *Report) decide(s *sight, o *Observation, err error, q Question, now time.Time) {
	failed, _ := errors.AsType[*Failure](err)
	if err != nil && failed == nil {
		failed = &Failure{Stage: StageTLS, Code: HandshakeFailed, Err: err}
	}
	// Beside its name, verify-full asks what verify-ca asks; the answer to
	// that is worth computing once.
	var full, ca *Refusal
	if s != nil {
		full = s.refusal(pki.SSLVerifyFull, q.Name, now)
		if full != nil && full.Stage == StageChain {
			ca = full
		}
	}
	var handshake *Refusal
	if failed != nil {
		handshake = refuse(failed.Stage, failed.Code, failed.Error())
	}
	r.put(q, pki.SSLNone, withoutTLS(o, failed, q.Target))
	r.put(q, pki.SSLRequire, handshake)
	r.put(q, pki.SSLVerifyCA, cmp.Or(ca, handshake))
	r.put(q, pki.SSLVerifyFull, cmp.Or(full, handshake))
}

// put adds the verdict of a mode; they come in the order of strictness.
func (r *Report) put(q Question, mode pki.SSLMode, refusal *Refusal) {
	v := Verdict{Mode: mode, WouldConnect: true}
	switch {
	case refusal != nil:
		v = Verdict{Mode: mode, Stage: refusal.Stage, Code: refusal.Code, Reason: refusal.Reason, Fix: refusal.Fix}
		if refusal.Lacks != nil {
			r.Trust.Lacks = refusal.Lacks
		}
	case mode == pki.SSLNone:
		v.Reason = "a client without TLS reaches the login; whether the server lets it in then, only a login shows"
	}
	if v.WouldConnect {
		r.Strictest = mode
	}
	r.Verdicts = append(r.Verdicts, v)
	if mode == q.Mode {
		r.OK, r.Stage, r.Code = v.WouldConnect, v.Stage, v.Code
	}
}

// withoutTLS is what becomes of a client that asks for no TLS. A probe does
// not try it: that would need a login. It follows from how the server began.
func withoutTLS(o *Observation, failed *Failure, t Target) *Refusal {
	switch {
	case failed != nil && failed.Code == NoTLS:
		return nil
	case failed != nil && failed.Code == NoDirectTLS, t.Start.Direct:
		return refuse(StageStartTLS, NotTried, "this probe went into TLS from the first byte and did not try the way on which plain clients come")
	case failed != nil && (failed.Stage != StageTLS || failed.Code == NoAnswer):
		return refuse(failed.Stage, failed.Code, failed.Error())
	case !o.Preamble && failed != nil && (failed.Code == WrongProtocol || failed.Code == ConnectionClosed):
		return refuse(StageStartTLS, NotTried, "the port does not speak TLS; whether it speaks the product's plain protocol was not tried")
	case !o.Preamble:
		return refuse(StageStartTLS, PlainRefused, "the port speaks TLS from the first byte; plain clients have another port, if any")
	}
	return nil
}
