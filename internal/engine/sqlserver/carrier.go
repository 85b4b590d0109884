package sqlserver

import (
	"fmt"
	"net"

	"github.com/dbtls/dbtls/internal/engine/tds"
)

// maxHandshake bounds what one side may send in a handshake: some chains of
// certificates in records and packets.
const maxHandshake = 128 << 10

// carrier carries a TLS handshake in PRELOGIN packets, from either side, and
// the records after it as they are. Each direction ends with its own Finished,
// so that nobody has to say when. It is for TLS 1.2 and older, and for
// crypto/tls, which begins no flight before it has read the one before, and
// reads and writes from one goroutine until both Finished are through.
type carrier struct {
	net.Conn
	// exact: never read beyond the record that was asked for, because what
	// follows it may be no TLS any more.
	exact bool

	sent, got records
	out       []byte // the flight that is being written
	in        []byte // of the packet that is being read
	taken     int    // bytes of handshake read so far, packets included
}

// Write collects a flight, which goes out as one message: servers are known
// that expect it so. A flight ends when the writer turns to reading, with
// Finished, and with an alert, after which nobody reads.
func (c *carrier) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) && !c.sent.finished {
		n, ended, err := c.sent.advance(b[done:])
		if err != nil {
			return done, fmt.Errorf("write TLS handshake: %w", err)
		}
		c.out = append(c.out, b[done:done+n]...)
		done += n
		if c.sent.finished || ended == recordAlert {
			if err := c.flush(); err != nil {
				return done, err
			}
		}
	}
	if done == len(b) {
		return done, nil
	}
	n, err := c.Conn.Write(b[done:])
	return done + n, err
}

func (c *carrier) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	flight := c.out
	c.out = nil
	return tds.WriteMessage(c.Conn, typePrelogin, flight, tds.DefaultPacketSize)
}

func (c *carrier) Read(b []byte) (int, error) {
	if err := c.flush(); err != nil || len(b) == 0 {
		return 0, err
	}
	if c.got.finished {
		return c.readRecord(b)
	}
	for len(c.in) == 0 {
		if err := c.readPacket(); err != nil {
			return 0, err
		}
	}
	n, _, err := c.got.advance(c.in[:min(len(b), len(c.in))])
	if err != nil {
		return 0, fmt.Errorf("read TLS handshake: %w", err)
	}
	copy(b, c.in[:n])
	c.in = c.in[n:]
	if c.got.finished && len(c.in) > 0 {
		return 0, fmt.Errorf("read TLS handshake: %d bytes follow Finished in its packet", len(c.in))
	}
	return n, nil
}

// readPacket takes the type of a reply too: old servers answer with it.
func (c *carrier) readPacket() error {
	p, err := tds.ReadPacket(c.Conn, maxHandshake-c.taken)
	if err != nil {
		return err
	}
	if p.Type != typePrelogin && p.Type != typeReply {
		return fmt.Errorf("read TLS handshake: a packet of type 0x%02x", p.Type)
	}
	c.in = p.Payload
	if c.taken += tds.HeaderSize + len(p.Payload); c.taken > maxHandshake {
		return fmt.Errorf("read TLS handshake: more than %d bytes: %w", maxHandshake, tds.ErrTooLong)
	}
	return nil
}

func (c *carrier) readRecord(b []byte) (int, error) {
	if !c.exact {
		return c.Conn.Read(b)
	}
	n, err := c.Conn.Read(b[:min(len(b), c.got.missing())])
	if _, _, bad := c.got.advance(b[:n]); bad != nil {
		return 0, fmt.Errorf("read TLS: %w", bad)
	}
	return n, err
}
