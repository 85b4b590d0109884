package lint_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/dbtls/dbtls/e2e/harness"
)

// clientSSL is the capability of both sides
// (https://mariadb.com/kb/en/connection/#capabilities).
const clientSSL = 1 << 11

// mysqlStage passes a real server's greeting on, as a variant has it. With a
// client that takes TLS it does so at both ends: the packets stay numbered.
func mysqlStage(v variant, pair tls.Certificate, to harness.Instance) actor {
	return func(ctx context.Context, c net.Conn, s *stage) error {
		back, err := dial(ctx, to.Address, to.Port)
		if err != nil {
			return err
		}
		defer back.Close()
		answer, err := greet(c, back, v)
		if err != nil {
			return err
		}
		if len(answer) == asking {
			return encrypt(ctx, c, back, pair, answer, s)
		}
		s.clear.Store(true)
		if v.forces() {
			_, err := c.Write(insecure(answer[3] + 1))
			return err
		}
		if _, err := back.Write(answer); err != nil {
			return err
		}
		join(c, back)
		return nil
	}
}

// asking is how long a packet is that asks for TLS: the head of a login.
const asking = 36

// greet passes the greeting on and returns the client's answer to it.
func greet(c, back net.Conn, v variant) ([]byte, error) {
	greeting, err := readPacket(back)
	if err != nil {
		return nil, err
	}
	if v == plain {
		if err := withoutSSL(greeting); err != nil {
			return nil, err
		}
	}
	if _, err := c.Write(greeting); err != nil {
		return nil, err
	}
	answer, err := readPacket(c)
	switch {
	case err != nil:
		return nil, err
	case len(answer) < asking:
		return nil, fmt.Errorf("a login of %d bytes", len(answer))
	case v == plain && len(answer) == asking:
		return nil, errors.New("asks for TLS where there is none")
	case v == plain:
		// A server without TLS does not mind a plain login that claims to be
		// encrypted. The one behind this does.
		answer[5] &^= clientSSL >> 8
	}
	return answer, nil
}

// encrypt goes on with a client that asks for TLS.
func encrypt(ctx context.Context, c, back net.Conn, pair tls.Certificate, request []byte, s *stage) error {
	if _, err := back.Write(request); err != nil {
		return err
	}
	front, err := accept(ctx, c, pair)
	if err != nil {
		return err
	}
	login, err := readPacket(front)
	if err != nil {
		return err // with TLS 1.3 a client refuses the certificate here
	}
	s.encrypted.Store(true)
	secure := tls.Client(back, &tls.Config{InsecureSkipVerify: true})
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	if _, err := secure.Write(login); err != nil {
		return err
	}
	join(front, secure)
	return nil
}

func readPacket(c io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	packet := append(head, make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)...)
	_, err := io.ReadFull(c, packet[4:])
	return packet, err
}

// withoutSSL takes TLS out of a greeting: after the header and the protocol's
// version come the server's, ended by 0, four bytes of the session's number,
// eight of the scramble, one of nothing, and the capabilities.
func withoutSSL(greeting []byte) error {
	end := bytes.IndexByte(greeting[5:], 0)
	at := 5 + end + 1 + 4 + 8 + 1
	if end < 0 || at+2 > len(greeting) {
		return errors.New("the server's greeting is too short")
	}
	low := binary.LittleEndian.Uint16(greeting[at:])
	if low&clientSSL == 0 {
		return fmt.Errorf("the server offers no TLS: %q", greeting)
	}
	binary.LittleEndian.PutUint16(greeting[at:], low&^clientSSL)
	return nil
}

// insecure is error 3159, of a server with require_secure_transport.
func insecure(sequence byte) []byte {
	body := "\xff\x57\x0c#HY000Connections using insecure transport are prohibited while --require_secure_transport=ON."
	return append([]byte{byte(len(body)), 0, 0, sequence}, body...)
}
