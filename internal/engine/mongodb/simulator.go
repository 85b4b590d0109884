package mongodb

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// greetWait bounds what comes before the first command, TLS included.
	greetWait = 30 * time.Second
	// idleWait bounds the wait for a command. Drivers ask every ten seconds
	// and open another connection when one is gone.
	idleWait = 30 * time.Minute
	// recordHandshake is the type of the record a TLS client begins with.
	recordHandshake = 0x16
)

// serve plays a standalone server for one client.
func serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	conn, err := open(ctx, c, h, settle(h.Parameters))
	if conn == nil {
		return err
	}
	who := visitor{host: h, conn: conn}
	for wait := greetWait; ; wait = idleWait {
		if err := exchange(ctx, &who, wait); err != nil {
			return nil // the client has left, speaks something else, or was cut off
		}
	}
}

// open returns the connection that commands come over, nil without one.
func open(ctx context.Context, c net.Conn, h *engine.Host, s settings) (_ net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, greetWait)
	defer cancel()
	release := engine.Bound(ctx, c)
	defer func() { _ = release() }()
	first := bufio.NewReaderSize(c, headerSize)
	head, err := first.Peek(headerSize)
	if err != nil {
		return nil, nil
	}
	read := &buffered{Conn: c, r: first}
	if !isTLS(head) {
		if !s.plain {
			h.Sessions.Refuse(engine.NewSession(c, "", ""), tlsMode+" is "+requireTLS)
			return nil, nil // as the real server does, without a word
		}
		return read, nil
	}
	conn, err := engine.ServeTLS(ctx, read, h, &tls.Config{MinVersion: s.min, MaxVersion: s.max})
	if conn == nil {
		return nil, err // a nil *tls.Conn is no nil net.Conn
	}
	return conn, nil
}

// isTLS tells a ClientHello from the header of a plain request, in which
// responseTo is 0.
func isTLS(head []byte) bool {
	return head[0] == recordHandshake && binary.LittleEndian.Uint32(head[8:]) != 0
}

// exchange reads one command and answers it.
func exchange(ctx context.Context, v *visitor, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	release := engine.Bound(ctx, v.conn)
	defer func() { _ = release() }()
	q, err := readRequest(v.conn)
	if err != nil || q.noAnswer {
		return err
	}
	v.see(q)
	out, err := q.answer(reply(q.name, v.host.Version))
	if err != nil {
		return err
	}
	_, err = v.conn.Write(out)
	return err
}

// buffered gives back what was peeked at.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }
