package db2

import (
	"context"
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
	conn, err := engine.ServeTLS(ctx, c, h, offer(h.Parameters))
	if conn == nil {
		return nil, nil, err
	}
	s := &session{host: h, conn: conn}
	for i := 0; i < maxAttempts && s.user == "" && !s.over; i++ {
		if err := s.turn(conn); err != nil {
			return nil, nil, nil
		}
	}
	return conn, s, nil
}
