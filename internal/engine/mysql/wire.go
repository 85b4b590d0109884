package mysql

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
)

// maxGreeting bounds the first packet. Real ones have about a hundred bytes,
// an error packet a few hundred; the sender is not authenticated.
const maxGreeting = 4096

type wire struct{}

// StartTLS reads the server's greeting and asks for TLS. Servers count a
// session that ends without a login as aborted, and may block the host that
// opened many of them: callers keep the rate low.
func (wire) StartTLS(ctx context.Context, c net.Conn, how engine.Start) (_ net.Conn, g engine.Greeting, err error) {
	if how.Direct {
		return nil, g, engine.ErrNoDirect
	}
	release := engine.Bound(ctx, c)
	defer func() {
		if late := release(); late != nil {
			err = errors.Join(late, err)
		}
	}()
	payload, sequence, err := readPacket(c, maxGreeting)
	if err != nil {
		return nil, g, fmt.Errorf("read greeting: %w", err)
	}
	hello, err := parseHandshake(payload)
	if err != nil {
		return nil, g, fmt.Errorf("read greeting: %w", err)
	}
	g.Version = hello.version
	if !hello.tls {
		return nil, g, fmt.Errorf("server %q offers no TLS in its greeting: %w", hello.version, engine.ErrNoTLS)
	}
	if _, err := c.Write(sslRequest(sequence + 1)); err != nil {
		return nil, g, fmt.Errorf("send SSLRequest: %w", err)
	}
	return c, g, nil
}
