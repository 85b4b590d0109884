package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ServeTLS is the server's side of a handshake on c with the pair that is in
// service at h. base is everything else, nil for crypto/tls's defaults; it is
// not changed. No session is resumed: every client is to see the pair.
//
// It returns nil and no error when it is the client that did not come through,
// and an error when h has no pair.
func ServeTLS(ctx context.Context, c net.Conn, h *Host, base *tls.Config) (*tls.Conn, error) {
	var failed error
	met := false // the client has said hello
	certificate := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		met = true
		pair, err := h.Certificate(hello)
		if err != nil {
			failed = fmt.Errorf("take the pair in service: %w", err)
		}
		return pair, failed
	}
	watch := &alertWatch{Conn: c}
	conn := tls.Server(watch, serving(base, certificate))
	if err := conn.HandshakeContext(ctx); err != nil {
		// One that left before it said anything looked for an open port.
		if failed == nil && (met || !errors.Is(err, io.EOF)) && !errors.Is(ctx.Err(), context.Canceled) {
			h.Sessions.fail(ClientAddress(c), whyFailed(err, watch))
		}
		return nil, failed
	}
	watch.off = true
	return conn, nil
}

// whyFailed is what ended a handshake: for an alert of the client's, its name.
func whyFailed(err error, w *alertWatch) string {
	const ofClient = "alert of the client: "
	if w.seen {
		return ofClient + strings.TrimPrefix(w.alert.Error(), "tls: ")
	}
	if errors.Is(err, io.EOF) {
		return "the client ended the connection"
	}
	text, alert := strings.CutPrefix(err.Error(), "remote error: tls: ")
	if alert {
		return ofClient + text
	}
	return strings.TrimPrefix(text, "tls: ")
}

// serving is base with that certificate, also where base chooses by client.
func serving(base *tls.Config, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own := base.Clone()
	own.GetCertificate, own.SessionTicketsDisabled = certificate, true
	if choose := base.GetConfigForClient; choose != nil {
		own.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if chosen == nil || err != nil {
				return nil, err
			}
			chosen = chosen.Clone()
			chosen.GetCertificate, chosen.SessionTicketsDisabled = certificate, true
			return chosen, nil
		}
	}
	return own
}

// NewSession describes a client that has logged in just now over c, which is a
// *tls.Conn when its session is encrypted.
func NewSession(c net.Conn, user, program string) Session {
	s := Session{User: user, Client: ClientAddress(c), Program: program, Since: time.Now()}
	if t, ok := c.(*tls.Conn); ok {
		state := t.ConnectionState()
		s.Encrypted, s.TLS, s.Cipher = true, VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	}
	return s
}

// ClientAddress is the peer's address without its port.
func ClientAddress(c net.Conn) string {
	address := c.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address // not TCP
}

// VersionName is a version of TLS as OpenSSL writes it: "TLSv1", "TLSv1.3".
func VersionName(version uint16) string {
	name := strings.Replace(tls.VersionName(version), " ", "v", 1)
	return strings.TrimSuffix(name, ".0")
}
