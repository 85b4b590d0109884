package db2

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// loginWait bounds what comes before a client is logged in, TLS included.
	loginWait = 30 * time.Second
	// maxAttempts bounds the chains of requests before that.
	maxAttempts = 8
)

// serve plays a server for one client.
func serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	conn, s, err := letIn(ctx, c, h)
	if s == nil || s.user == "" {
		return err
	}
	defer s.close()
	release := engine.Bound(ctx, conn)
	defer func() { _ = release() }()
	for {
		if err := s.turn(conn); err != nil {
			return nil // the client has left, or speaks something else
		}
	}
}

// letIn goes up to the end of the login; without one there is no user.
func letIn(ctx context.Context, c net.Conn, h *engine.Host) (net.Conn, *session, error) {
	ctx, cancel := context.WithTimeout(ctx, loginWait)
	defer cancel()
	release := engine.Bound(ctx, c)
	defer func() { _ = release() }()
	conn, err := handshake(ctx, c, h)
	if conn == nil {
		return nil, nil, err
	}
	s := &session{host: h, tls: conn.ConnectionState(), client: c.RemoteAddr()}
	for i := 0; i < maxAttempts && s.user == "" && !s.over; i++ {
		if err := s.turn(conn); err != nil {
			return nil, nil, nil
		}
	}
	return conn, s, nil
}

// handshake returns nil without an error when it is the client that did not
// come through.
func handshake(ctx context.Context, c net.Conn, h *engine.Host) (*tls.Conn, error) {
	var failed error
	config := &tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (cert *tls.Certificate, err error) {
			cert, err = h.Certificate(hello)
			failed = err
			return cert, err
		},
		SessionTicketsDisabled: true, // every client is to see the pair in service
	}
	offer(config, h.Parameters)
	conn := tls.Server(c, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, failed
	}
	return conn, nil
}
