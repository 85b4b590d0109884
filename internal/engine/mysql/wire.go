package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	payload, sequence, err := readPacket(c)
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

// readPacket reads one packet: length 3, sequence 1, payload.
func readPacket(r io.Reader) (payload []byte, sequence byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, 0, err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n > maxGreeting {
		return nil, 0, fmt.Errorf("%w: its first packet claims %d bytes", errNotMySQL, n)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, 0, err
	}
	return payload, head[3], nil
}
