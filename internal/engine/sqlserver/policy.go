package sqlserver

import (
	"crypto/tls"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
)

// strictProtocol is the ALPN name of TDS 8.0.
const strictProtocol = "tds/8.0"

// policy is what an instance's version and parameters say about TLS.
type policy struct {
	version    string
	parameters map[string]string
}

func (p policy) forced() bool { return p.parameters[forceSSL] == "1" }

func (p policy) fips() bool { return p.parameters[fips] == "1" }

// on reads a parameter that chooses a protocol or a cipher.
func (p policy) on(name string) bool {
	switch p.parameters[name] {
	case enabled:
		return true
	case disabled:
		return false
	}
	return oldCiphers(p.version)
}

// strict reports whether the version knows TDS 8.0, which SQL Server 2022
// brought.
func (p policy) strict() bool { return number(p.version).major >= 16 }

// versions of TLS for the handshake within TDS, newest first.
func (p policy) versions() []uint16 {
	all := []uint16{tls.VersionTLS12}
	if p.on(tls11) {
		all = append(all, tls.VersionTLS11)
	}
	if p.on(tls10) {
		all = append(all, tls.VersionTLS10)
	}
	return all
}

// suites of TLS 1.2 and older. AES is always there, with RSA key exchange for
// old clients as Windows has it; crypto/tls prefers the good ones.
func (p policy) suites() []uint16 {
	all := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	}
	if p.on(tripleDES) {
		all = append(all, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)
	}
	if p.on(rc4) && !p.fips() {
		all = append(all, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_RC4_128_SHA)
	}
	return all
}

func (p policy) curves() []tls.CurveID {
	nist := []tls.CurveID{tls.CurveP256, tls.CurveP384, tls.CurveP521}
	if p.on(curve25519) && !p.fips() {
		return append([]tls.CurveID{tls.X25519}, nist...)
	}
	return nist
}

// config is the server's side of TLS: within TDS, or from the first byte.
// That engine.ServeTLS resumes no session is needed here: the carrier of a
// handshake within TDS has to see the whole of it.
func (p policy) config(strict bool) *tls.Config {
	c := &tls.Config{
		CipherSuites: p.suites(), CurvePreferences: p.curves(),
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		// Small first records would cut TDS packets up.
		DynamicRecordSizingDisabled: true,
	}
	if strict {
		c.NextProtos = []string{strictProtocol}
		if !p.fips() { // nobody can take ChaCha20 out of crypto/tls's TLS 1.3
			c.MaxVersion = tls.VersionTLS13
		}
		return c
	}
	// A range could not say "1.0 but not 1.1", so each client gets the newest
	// version that both have.
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		for _, v := range p.versions() {
			if slices.Contains(hello.SupportedVersions, v) {
				own := c.Clone()
				own.GetConfigForClient, own.MinVersion, own.MaxVersion = nil, v, v
				return own, nil
			}
		}
		return c, nil // which refuses the client with the right alert
	}
	return c
}

func hostPolicy(h *engine.Host) policy { return policy{h.Version, h.Parameters} }
