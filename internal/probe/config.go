package probe

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// observing is the configuration of Dial. It never verifies: that is right
// here, because no byte of a user's goes over the connection and the whole
// chain, good or bad, is what the caller asked for. There is no session cache,
// and tickets are off: a resumed session would show the certificate of an
// earlier handshake.
//
// seen takes what comes to light before a handshake fails.
func observing(t Target, seen *Observation) *tls.Config {
	c := baseConfig(t.ServerName, t.Legacy)
	c.NextProtos = seen.Greeting.Protocols
	c.VerifyConnection = func(st tls.ConnectionState) error {
		seen.take(st)
		return nil
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		seen.ClientCertificate = true
		return new(tls.Certificate), nil // asked, and none to give
	}
	return c
}

// Config is the exact configuration of a client in that mode that trusts
// exactly trust and connects to name: what it accepts is what Judge says it
// accepts. nil for pki.SSLNone. A refusal is a *Refusal in the handshake's
// error. now is asked in each handshake.
//
// legacy allows TLS 1.0 and 1.1, RSA key exchange and CBC and 3DES ciphers.
func Config(mode pki.SSLMode, trust *Trust, name string, legacy bool, now func() time.Time) *tls.Config {
	if mode == pki.SSLNone {
		return nil
	}
	c := baseConfig(SNI(name), legacy)
	c.VerifyConnection = func(st tls.ConnectionState) error {
		if r := trust.Decide(st.PeerCertificates, mode, name, now()); r != nil {
			return r
		}
		return nil
	}
	return c
}

// SNI is what a client that connects to name sends: "" for an address (RFC
// 6066 section 3).
func SNI(name string) string {
	if net.ParseIP(bare(name)) != nil {
		return ""
	}
	return name
}

// baseConfig leaves the verdict to VerifyConnection: crypto/tls knows neither
// verify-ca nor anchors that have to be self-signed.
func baseConfig(serverName string, legacy bool) *tls.Config {
	c := &tls.Config{
		InsecureSkipVerify:     true, //nolint:gosec // see above
		ServerName:             serverName,
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
	}
	if legacy {
		c.MinVersion = tls.VersionTLS10
		c.CipherSuites = everySuite()
	}
	return c
}

func everySuite() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// legacySession reports whether a session is of the kind that Legacy allows.
func legacySession(version, cipher uint16) bool {
	if version < tls.VersionTLS12 {
		return true
	}
	for _, s := range tls.InsecureCipherSuites() {
		if s.ID == cipher {
			return true
		}
	}
	return false
}
