// Package probe reaches the TLS handshake of a database server the way a
// client does and without logging in, and says what the server presented and
// what clients would decide about it. It judges nothing while dialing, so that
// an expired or untrusted chain can be shown and not only refused; it keeps
// nothing and retries nothing.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	leaveWait   = 250 * time.Millisecond
	verdictWait = 2 * time.Second
	maxParting  = 64 << 10 // bytes; the sender is not authenticated
)

// Target is what to dial.
type Target struct {
	Engine  engine.Engine
	Address string // host:port to dial
	// ServerName is sent as SNI; "" sends none, which is right for an IP
	// address (RFC 6066 section 3).
	ServerName string
	Start      engine.Start // the way into TLS; zero: the product's usual one
	// Legacy offers TLS 1.0 and 1.1, RSA key exchange and CBC and 3DES ciphers
	// too.
	Legacy bool
}

// Observation is what a server showed in one full handshake. Nothing in it
// has been verified, except that the server holds the leaf's key.
type Observation struct {
	Greeting engine.Greeting
	// Preamble: client and server spoke before TLS, so the port is not one of
	// TLS alone.
	Preamble bool
	Chain    []*x509.Certificate // as sent, leaf first; never empty
	Version  uint16              // tls.VersionTLS12 or later, unless Target.Legacy
	Cipher   uint16              // a tls.TLS_… constant; tls.CipherSuiteName names it
	Group    tls.CurveID         // key exchange, 0 when not elliptic
	// ClientCertificate: the server asked for one.
	ClientCertificate bool
}

// Leaf is the server's own certificate.
func (o *Observation) Leaf() *x509.Certificate { return o.Chain[0] }

func (o *Observation) take(st tls.ConnectionState) {
	o.Chain, o.Version, o.Cipher, o.Group = st.PeerCertificates, st.Version, st.CipherSuite, st.CurveID
}

// Dial makes one fresh connection and one full handshake. An error is a
// *Failure that says how far it came; ctx bounds all of it. crypto/tls bounds
// what a server can make it keep: 256 KiB of certificates.
//
// An Observation beside an error is what was seen before the failure: its
// chain may be empty and nothing in it is proved. It is nil when there was no
// connection.
func Dial(ctx context.Context, t Target) (*Observation, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", t.Address)
	if err != nil {
		stage, code := dialCode(err)
		return nil, &Failure{Stage: stage, Code: code, Err: fmt.Errorf("dial %q: %w", t.Address, err)}
	}
	defer raw.Close()
	seen := new(Observation)
	watched := &watch{Conn: raw}
	c, greeting, err := t.Engine.Wire.StartTLS(ctx, watched, t.Start)
	seen.Greeting, seen.Preamble = greeting, watched.used
	if err != nil {
		return seen, &Failure{Stage: StageStartTLS, Code: startCode(err), Err: fmt.Errorf("start TLS with %q: %w", t.Address, err)}
	}
	client := tls.Client(c, observing(t, seen))
	if err := client.HandshakeContext(ctx); err != nil {
		err = errors.Join(ctx.Err(), err)
		return seen, &Failure{Stage: StageTLS, Code: handshakeCode(err, seen), Err: fmt.Errorf("TLS handshake with %q: %w", t.Address, err)}
	}
	if err := leave(ctx, client, seen.ClientCertificate); err != nil {
		return seen, &Failure{Stage: StageTLS, Code: ClientCertificateRequired, Err: fmt.Errorf("TLS handshake with %q: %w", t.Address, err)}
	}
	seen.take(client.ConnectionState())
	return seen, nil
}

// leave ends the session in order: what the server still sends is read, since
// a reset would put a line about a lost client into its log for each probe.
//
// Where the server asked for a certificate, that is also how its verdict is
// learnt: in TLS 1.3 the client's handshake is over before the server has seen
// that there is none. A server to which it is optional answers the end of the
// session with its own.
func leave(ctx context.Context, c *tls.Conn, judged bool) error {
	release := engine.Bound(ctx, c.NetConn())
	defer func() { _ = release() }()
	_ = c.CloseWrite()
	wait := leaveWait
	if judged {
		wait = verdictWait
	}
	_ = c.SetReadDeadline(time.Now().Add(wait))
	_, err := io.Copy(io.Discard, io.LimitReader(c, maxParting))
	if judged && remoteAlert(err) != alertNone {
		return err
	}
	return nil
}

// watch notes whether anything was said before TLS.
type watch struct {
	net.Conn
	used bool
}

func (w *watch) Read(b []byte) (int, error) {
	w.used = true
	return w.Conn.Read(b)
}

func (w *watch) Write(b []byte) (int, error) {
	w.used = true
	return w.Conn.Write(b)
}
