package migration

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// The codes of a test beside the probe's.
const (
	NotReady      probe.Code = "SettingsUnreadable" // the endpoint's own settings
	LoginNotBuilt probe.Code = "LoginNotBuilt"      // all before the login went well, and dbtls has no login for the product
	Simulated     probe.Code = "SimulatedInstance"  // the same, and the server is one that dbtls plays
)

// legacyWarning stands with every test of an endpoint that allows old TLS.
const legacyWarning = "the attribute legacyTLS=true allows TLS 1.0 and 1.1 and ciphers without forward secrecy, which can be broken; renew the server's TLS and remove it"

// maxNames bounds what is kept of a certificate's names.
const maxNames = 50

// unready is the outcome for an endpoint whose settings cannot be used.
func unready(err error) inventory.TestOutcome {
	return inventory.TestOutcome{Code: string(NotReady), Reason: fault.Public(err), Fix: "modify the endpoint, or create it again"}
}

// judge says what a probe means for the endpoint's mode. The code is "" when
// the connection may go on to the login. nameOf finds the fingerprint of a
// missing certificate.
func (a attempt) judge(r probe.Report, nameOf func(*probe.Missing) string) inventory.TestOutcome {
	out := inventory.TestOutcome{Version: r.ServerVersion, Possible: a.possible(r), Blind: a.trust == nil && slices.ContainsFunc(a.modes(), verifies), Report: encodeReport(r)}
	if a.legacy {
		out.Warnings = append(out.Warnings, legacyWarning)
	}
	for _, w := range r.Warnings {
		if len(out.Warnings) < maxDoubts {
			out.Warnings = append(out.Warnings, clip(w.Text, longest))
		}
	}
	v := r.Verdict(a.mode)
	if v.WouldConnect {
		out.TLS = a.mode != pki.SSLNone
		return out
	}
	if v.Code == probe.NotTried && a.mode == pki.SSLNone && a.Login != nil {
		return out // only the login can tell
	}
	out.Stage, out.Code, out.Reason, out.Fix = string(v.Stage), string(v.Code), v.Reason, a.fix(v.Code, v.Fix)
	if m := r.Trust.Lacks; m != nil && lacks(v.Code) {
		out.Missing, out.SHA256 = m.Subject, m.SHA256
		if out.SHA256 == "" {
			out.SHA256 = nameOf(m)
		}
	}
	return out
}

// lacks reports whether a code is about a certificate that is not trusted.
func lacks(c probe.Code) bool {
	return slices.Contains([]probe.Code{probe.UnknownCA, probe.IncompleteChain, probe.SelfSigned}, c)
}

// possible is the strictest mode of the engine that would connect with the
// endpoint's trust, "" when none would.
func (a attempt) possible(r probe.Report) string {
	best := ""
	for _, m := range a.modes() {
		if r.Verdict(a.wire(m)).WouldConnect {
			best = string(m)
		}
	}
	return best
}

// fix is what to do, in the words of whoever has an endpoint.
func (a attempt) fix(c probe.Code, general string) string {
	imported := "import it with ImportCertificate (the whole chain up to the root in one file), give the endpoint its CertificateArn"
	if a.as.Wallet {
		imported = "put it into an auto-login wallet (dbtls wallet add --trusted-cert), import that with ImportCertificate and give the endpoint its CertificateArn"
	}
	switch c {
	case probe.UnknownCA:
		return "get the root that the server's certificate comes from, " + imported + ", and test again"
	case probe.IncompleteChain:
		return "let the server send its issuing CA's certificate after its own; or, if that issuer is a root, " + imported
	case probe.SelfSigned:
		fix := "use a certificate of a CA; or compare the certificate's SHA-256 with the server's, then " + imported
		if slices.Contains(a.modes(), pki.SSLRequire) {
			fix += "; or choose SslMode require, which encrypts and verifies nothing"
		}
		return fix
	case probe.ProtocolTooOld, probe.NoCommonCipher:
		return "let the server have TLS 1.2 or later with an ECDHE cipher; until then set ExtraConnectionAttributes to legacyTLS=true"
	case probe.WrongName:
		return "set ServerName to a name that is in the certificate, or give the server a certificate that has this name in its SAN"
	case probe.ConnectTimeout:
		return "check ServerName and Port, and firewalls between this server and the database"
	case probe.NoAnswer:
		return "check that Port is the database's and that the server is not overloaded"
	case probe.NoTLS:
		return "turn TLS on in the server"
	case probe.PlainRefused, probe.TLSRequired:
		return "choose an SslMode that encrypts; the engine has " + words(a.modes()[1:])
	case probe.NotTried:
		return "give the port of the listener that SslMode " + string(a.e.Mode) + " is for"
	}
	return general
}

// noLogin is the end of a test of a product that dbtls cannot log in to.
func (a attempt) noLogin(out inventory.TestOutcome) inventory.TestOutcome {
	out.Stage, out.Code = string(probe.StageLogin), string(LoginNotBuilt)
	out.Reason = a.reached(out) + "; dbtls has no login for " + a.as.Display + ", so user, password and database were not tried"
	out.Fix = "try the login with a client of the product"
	return out
}

func (a attempt) reached(out inventory.TestOutcome) string {
	switch {
	case out.TLS && verifies(a.mode):
		return "TLS verified, listener reached"
	case out.TLS:
		return "TLS established, with nothing verified in this mode, listener reached"
	}
	return "listener reached without TLS"
}

// loginFailed is the end of a test whose login was refused.
func (a attempt) loginFailed(out inventory.TestOutcome, err error) inventory.TestOutcome {
	stage, code := probe.LoginCode(err)
	out.Stage, out.Code, out.Reason = string(stage), string(code), a.clean(err.Error())
	if errors.Is(err, engine.ErrSimulated) {
		out.Code, out.Reason = string(Simulated), a.reached(out)+"; the server is a simulated instance, which has no logins of this product"
		out.Fix = "test the login against a real server"
		return out
	}
	if stage != probe.StageLogin {
		out.TLS = false
	}
	general := map[probe.Code]string{
		probe.LoginRefused:     "check Username and Password, and that the server lets this user in from this host",
		probe.DatabaseNotFound: "check DatabaseName",
		probe.LoginFailed:      "see the server's log",
	}[code]
	if refusal, ok := errors.AsType[*probe.Refusal](err); ok {
		out.Reason, general = a.clean(refusal.Reason), refusal.Fix
	}
	out.Fix = a.fix(code, general)
	if out.TLS {
		out.Reason = a.reached(out) + "; " + out.Reason
	}
	if a.mode == pki.SSLNone && code == probe.TLSRequired && out.Possible == string(pki.SSLNone) {
		out.Possible = "" // the probe could not know: verify modes need a certificate first
	}
	return out
}

// clean makes a driver's words fit to be kept: short, printable, and without
// the password whatever the driver does.
func (a attempt) clean(text string) string {
	if a.password != "" {
		text = strings.ReplaceAll(text, a.password, "(password)")
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	return clip(text, 2*longest)
}

// failureText is a failed outcome in a paragraph. What can be long is in the
// middle and cut, so that the fix is never lost.
func failureText(o inventory.TestOutcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", o.Code)
	if o.Stage != "" {
		fmt.Fprintf(&b, " at stage %s", o.Stage)
	}
	fmt.Fprintf(&b, ": %s.", clip(o.Reason, 350))
	if o.Missing != "" {
		fmt.Fprintf(&b, " Missing certificate: %s", clip(o.Missing, 120))
		if o.SHA256 != "" {
			fmt.Fprintf(&b, ", SHA-256 %s", o.SHA256)
		}
		b.WriteString(".")
	}
	if chain := received(o.Report); chain != "" {
		fmt.Fprintf(&b, " Received: %s.", clip(chain, 160))
	}
	if o.Possible != "" {
		fmt.Fprintf(&b, " Strictest mode that would work: %s", o.Possible)
		if o.Blind {
			b.WriteString(" (verify modes need an imported certificate)")
		}
		b.WriteString(".")
	}
	if o.Fix != "" {
		fmt.Fprintf(&b, " Fix: %s.", o.Fix)
	}
	return b.String()
}

// received names the certificates of the chain that the server sent.
func received(report json.RawMessage) string {
	var r struct {
		Chain []struct {
			Subject string `json:"subject"`
		} `json:"chain"`
	}
	if len(report) == 0 || json.Unmarshal(report, &r) != nil {
		return ""
	}
	var names []string
	for _, c := range r.Chain {
		names = append(names, c.Subject)
	}
	return strings.Join(names, " <- ")
}

// encodeReport bounds what is kept of a report.
func encodeReport(r probe.Report) json.RawMessage {
	r.Chain = slices.Clone(r.Chain)
	for n := range r.Chain {
		r.Chain[n].Names = r.Chain[n].Names[:min(len(r.Chain[n].Names), maxNames)]
	}
	out, err := json.Marshal(r)
	if err != nil { // a value of strings and numbers: cannot be
		return nil
	}
	return out
}
