package probe

import (
	"strings"
	"time"
	"unicode"

	"github.com/dbtls/dbtls/internal/pki"
)

// Report is all that is said about one target. Its JSON form is public: a
// field keeps its name and meaning, new ones may come. Text that came from the
// network has its control characters replaced. docs/probe.md describes it.
type Report struct {
	Target  string    `json:"target"`  // as the caller wrote it
	Engine  string    `json:"engine"`  // canonical API name
	Address string    `json:"address"` // host:port that was dialled
	Name    string    `json:"name"`    // what verify-full compares the certificate with
	Time    time.Time `json:"time"`    // when it was judged, UTC

	// The mode that was asked about: whether a client in it connects and, if
	// not, why. Verdicts has the same with words.
	Mode  pki.SSLMode `json:"mode"`
	OK    bool        `json:"ok"`
	Stage Stage       `json:"stage,omitempty"` // where it fails; absent when ok
	Code  Code        `json:"code,omitempty"`

	// Reached is the last stage that was passed: dns, connect, starttls or
	// tls; absent when none was.
	Reached       Stage         `json:"reached,omitempty"`
	ServerVersion string        `json:"server_version,omitempty"` // as announced before TLS
	TLS           *Session      `json:"tls,omitempty"`            // absent when no handshake came to an agreement
	ChainLength   int           `json:"chain_length"`             // certificates received
	Chain         []Certificate `json:"chain"`                    // the first 32 of them, as received
	Verdicts      []Verdict     `json:"verdicts"`                 // none, require, verify-ca, verify-full
	Strictest     pki.SSLMode   `json:"strictest,omitempty"`      // the strictest mode that connects; absent when none does
	Warnings      []Warning     `json:"warnings"`
	Trust         TrustReport   `json:"trust"`
}

// Session is what client and server agreed on.
type Session struct {
	Version string `json:"version"`         // "TLS 1.3"
	Cipher  string `json:"cipher"`          // "TLS_AES_128_GCM_SHA256"
	Group   string `json:"group,omitempty"` // "X25519MLKEM768"; absent for RSA key exchange
	// Legacy: it took --legacy-tls to come to this.
	Legacy bool `json:"legacy"`
	// ClientCertificate: the server asked for one, whether or not it insists.
	ClientCertificate bool `json:"client_certificate_asked"`
}

// Certificate is one of the chain.
type Certificate struct {
	Subject   string    `json:"subject"` // RFC 2253
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`          // hexadecimal
	Names     []string  `json:"names,omitempty"` // SAN: DNS names, then addresses
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	DaysLeft  float64   `json:"days_left"` // negative when over, one decimal
	Key       string    `json:"key"`       // "RSA", "ECDSA", "Ed25519"
	KeyBits   int       `json:"key_bits"`
	Signature string    `json:"signature"` // "SHA256-RSA"
	SHA256    string    `json:"sha256"`    // of the DER, lower-case hexadecimal
	SelfSign  bool      `json:"self_signed"`
	CA        bool      `json:"is_ca"`
	// InOrder: the certificate before this one was issued by it; true for the
	// leaf.
	InOrder bool `json:"in_order"`
}

// Verdict is what a client in one mode does.
type Verdict struct {
	Mode         pki.SSLMode `json:"mode"`
	WouldConnect bool        `json:"would_connect"`
	Stage        Stage       `json:"stage,omitempty"` // where it stops
	Code         Code        `json:"code,omitempty"`
	Reason       string      `json:"reason,omitempty"`
	Fix          string      `json:"fix,omitempty"`
}

// TrustReport is what was verified against.
type TrustReport struct {
	Source       string   `json:"source"` // a file name, or "system"
	Certificates int      `json:"certificates"`
	Anchors      int      `json:"anchors"`         // the self-signed ones
	Lacks        *Missing `json:"lacks,omitempty"` // what it would need to accept the chain
}

// Missing is a certificate that is not there, by what is known of it.
type Missing struct {
	Subject string `json:"subject"`
	KeyID   string `json:"key_id,omitempty"` // subject key identifier, hexadecimal
	SHA256  string `json:"sha256,omitempty"` // when the server sent the certificate itself
}

// Warning is something that works, and not for everybody or not for long.
type Warning struct {
	Code WarningCode `json:"code"`
	Text string      `json:"text"`
}

// Verdict returns the one of a mode.
func (r Report) Verdict(mode pki.SSLMode) Verdict {
	for _, v := range r.Verdicts {
		if v.Mode == mode {
			return v
		}
	}
	return Verdict{Mode: mode}
}

// printable replaces what could move a terminal's cursor.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// bare is a name without the brackets of an IPv6 literal.
func bare(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
}
