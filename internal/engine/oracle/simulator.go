package oracle

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// connectWait bounds a connection, which is over with the answer.
const connectWait = 30 * time.Second

// serve plays a listener for one client.
func serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	release := engine.Bound(ctx, c)
	defer func() { _ = release() }()
	conn, err := handshake(ctx, c, h)
	if conn == nil {
		return err
	}
	descriptor, err := readConnect(conn)
	if err != nil {
		return nil // the client has left, or speaks something else
	}
	if _, err := conn.Write(refusal(descriptor, h.Version)); err != nil {
		return nil
	}
	_ = conn.CloseWrite() // the client may be gone, which is as well
	return nil
}

// handshake returns nil without an error when it is the client that did not
// come through. It ends at TLS 1.2 as the option SSL of RDS does.
func handshake(ctx context.Context, c net.Conn, h *engine.Host) (*tls.Conn, error) {
	var failed error
	conn := tls.Server(c, &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (cert *tls.Certificate, err error) {
			cert, err = h.Certificate(hello)
			failed = err
			return cert, err
		},
		SessionTicketsDisabled: true, // every client is to see the pair in service
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, failed
	}
	return conn, nil
}
