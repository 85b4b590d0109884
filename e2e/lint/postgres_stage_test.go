package lint_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The requests that can come before a StartupMessage (PostgreSQL manual, 55.7).
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
)

// postgresStage answers the SSLRequest as a variant does and passes what comes
// after it to a real server, in the clear: there the client's SCRAM may bind to
// no channel, since the certificate at its end of it is not the server's.
func postgresStage(v variant, pair tls.Certificate, to harness.Instance) actor {
	return func(ctx context.Context, c net.Conn, s *stage) error {
		c, packet, err := begin(ctx, c, v, pair)
		if err != nil {
			return err
		}
		if _, ok := c.(*tls.Conn); ok {
			s.encrypted.Store(true)
		} else {
			s.clear.Store(true)
			if v.forces() {
				_, err := c.Write(noEncryption())
				return err
			}
		}
		back, err := dial(ctx, to.Address, to.Port)
		if err != nil {
			return err
		}
		if _, err := back.Write(packet); err != nil {
			return errors.Join(err, back.Close())
		}
		join(c, back)
		return nil
	}
}

// begin goes through the requests that come first, and returns the connection,
// encrypted or not, with its StartupMessage.
func begin(ctx context.Context, c net.Conn, v variant, pair tls.Certificate) (net.Conn, []byte, error) {
	for {
		packet, code, err := readStartup(c)
		if err != nil {
			return nil, nil, err
		}
		answer := byte('N')
		switch {
		case code == codeCancel:
			return nil, nil, errors.New("a cancellation")
		case code != codeGSS && code != codeSSL:
			return c, packet, nil
		case code == codeSSL && v != plain:
			answer = 'S'
		}
		if _, err := c.Write([]byte{answer}); err != nil {
			return nil, nil, err
		}
		if answer == 'S' {
			if c, err = accept(ctx, c, pair); err != nil {
				return nil, nil, err
			}
		}
	}
}

func readStartup(c io.Reader) (packet []byte, code uint32, err error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, 0, err
	}
	size := binary.BigEndian.Uint32(head)
	if size < 8 || size > 10000 {
		return nil, 0, fmt.Errorf("a startup packet of %d bytes", size)
	}
	packet = append(head, make([]byte, size-8)...)
	_, err = io.ReadFull(c, packet[8:])
	return packet, binary.BigEndian.Uint32(head[4:]), err
}

// noEncryption is what a server says whose pg_hba.conf has hostssl lines only.
func noEncryption() []byte {
	fields := "SFATAL\x00VFATAL\x00C28000\x00Mno pg_hba.conf entry for this host, no encryption\x00\x00"
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(fields))), fields...)
}
