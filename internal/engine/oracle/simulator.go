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
	// It ends at TLS 1.2 as the option SSL of RDS does.
	conn, err := engine.ServeTLS(ctx, c, h, &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12})
	if conn == nil {
		return err
	}
	descriptor, err := readConnect(conn)
	if err != nil {
		return nil // the client has left, or speaks something else
	}
	if !isPing(descriptor) {
		visit := engine.NewSession(conn, "", part(descriptor, "PROGRAM"))
		visit.Database = part(descriptor, "SERVICE_NAME")
		h.Sessions.Visit(visit)
	}
	if _, err := conn.Write(refusal(descriptor, h.Version)); err != nil {
		return nil
	}
	_ = conn.CloseWrite() // the client may be gone, which is as well
	return nil
}
