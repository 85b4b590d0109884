// Package probe reaches the TLS handshake of a database server the way a
// client does and without logging in, and reports what the server presented.
// It judges nothing while dialing, so that an expired or untrusted chain can be
// shown and not only refused; it keeps nothing and retries nothing.
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
	leaveWait  = 250 * time.Millisecond
	maxParting = 64 << 10 // bytes; the sender is not authenticated
)

// Target is what to dial.
type Target struct {
	Engine  engine.Engine
	Address string // host:port to dial
	// ServerName is sent as SNI; "" sends none, which is right for an IP
	// address (RFC 6066 section 3).
	ServerName string
	Start      engine.Start // the way into TLS; zero: the product's usual one
}

// Observation is what a server showed in one full handshake. Nothing in it
// has been verified, except that the server holds the leaf's key.
type Observation struct {
	Greeting engine.Greeting
	Chain    []*x509.Certificate // as sent, leaf first; never empty
	Version  uint16              // tls.VersionTLS12 or later
	Cipher   uint16              // a tls.TLS_… constant; tls.CipherSuiteName names it
	Group    tls.CurveID         // key exchange, 0 when not elliptic
}

// Leaf is the server's own certificate.
func (o *Observation) Leaf() *x509.Certificate { return o.Chain[0] }

// Dial makes one fresh connection and one full handshake. An error is a
// *Failure that says how far it came; ctx bounds all of it.
func Dial(ctx context.Context, t Target) (*Observation, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return nil, &Failure{Stage: StageConnect, Err: fmt.Errorf("dial %q: %w", t.Address, err)}
	}
	defer raw.Close()
	c, greeting, err := t.Engine.Wire.StartTLS(ctx, raw, t.Start)
	if err != nil {
		return nil, &Failure{Stage: StageStartTLS, Err: fmt.Errorf("start TLS with %q: %w", t.Address, err)}
	}
	client := tls.Client(c, config(t.ServerName, greeting.Protocols))
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, &Failure{Stage: StageTLS, Err: fmt.Errorf("TLS handshake with %q: %w", t.Address, errors.Join(ctx.Err(), err))}
	}
	leave(ctx, client)
	st := client.ConnectionState()
	return &Observation{
		Greeting: greeting, Chain: st.PeerCertificates,
		Version: st.Version, Cipher: st.CipherSuite, Group: st.CurveID,
	}, nil
}

// leave ends the session in order: what the server still sends is read, since
// a reset would put a line about a lost client into its log for each probe.
// Nothing depends on its success.
func leave(ctx context.Context, c *tls.Conn) {
	release := engine.Bound(ctx, c.NetConn())
	_ = c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(leaveWait))
	_, _ = io.Copy(io.Discard, io.LimitReader(c, maxParting))
	_ = release()
}

// config never verifies: this is the one place that is right, because no byte
// of a user's goes over the connection and the whole chain, good or bad, is
// what the caller asked for. There is no session cache, and tickets are off: a
// resumed session would show the certificate of an earlier handshake.
func config(serverName string, protocols []string) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify:     true, //nolint:gosec // see above
		ServerName:             serverName,
		NextProtos:             protocols,
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
	}
}
