package lint_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
)

// simulatedStage is a simulated server of the product as a variant has it.
func simulatedStage(t *testing.T, product string, v variant, pair tls.Certificate) actor {
	t.Helper()
	e, ok := engines.ByName(product)
	if !ok {
		t.Fatalf("no engine %q", product)
	}
	set := map[string]string{}
	switch {
	case product == mongo && !v.forces():
		set["tlsMode"] = "preferTLS"
	case product == sqlserver && v.forces():
		set["rds.force_ssl"] = "1"
	}
	version := e.Spec.Versions[len(e.Spec.Versions)-1]
	host := engine.Host{Version: version, Address: "127.0.0.1", Parameters: e.Spec.Values(version, set), Sessions: &engine.Sessions{}}
	return func(ctx context.Context, c net.Conn, s *stage) error {
		own, asked := host, false
		own.Port = s.port
		own.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked = true
			return &pair, nil
		}
		own.Login = func(u, p string) bool { return u == user && p == password }
		switch {
		case v == plain:
			return noTLS(ctx, product, e, &own, c, s)
		case v == offers && product == oracle: // a listener of two ports in one
			return either(ctx, e, &own, c, s)
		}
		err := e.Simulator.Serve(ctx, c, &own)
		s.encrypted.Store(s.encrypted.Load() || asked)
		return err
	}
}

// noTLS is a simulated server that has no TLS: one that a client may reach in
// the clear is told so, the others are reached over TLS by this.
func noTLS(ctx context.Context, product string, e engine.Engine, h *engine.Host, c net.Conn, s *stage) error {
	first, begun, err := peek(c)
	switch {
	case err != nil:
		return err
	case first == handshake:
		return errors.New("a ClientHello")
	}
	s.clear.Store(true)
	switch product {
	case sqlserver:
		return e.Simulator.Serve(ctx, &withoutTDS{prefixed: begun}, h)
	case oracle:
		return unwrapped(ctx, e, h, begun)
	}
	return e.Simulator.Serve(ctx, begun, h)
}

// either is a server of TLS alone that is reached without, too.
func either(ctx context.Context, e engine.Engine, h *engine.Host, c net.Conn, s *stage) error {
	first, begun, err := peek(c)
	switch {
	case err != nil:
		return err
	case first == handshake:
		s.encrypted.Store(true)
		return e.Simulator.Serve(ctx, begun, h)
	}
	s.clear.Store(true)
	return unwrapped(ctx, e, h, begun)
}

// unwrapped reaches a server of TLS alone for a client that has none.
func unwrapped(ctx context.Context, e engine.Engine, h *engine.Host, c net.Conn) error {
	ours, theirs := net.Pipe()
	go func() { _ = e.Simulator.Serve(ctx, theirs, h); _ = theirs.Close() }()
	front := tls.Client(ours, &tls.Config{InsecureSkipVerify: true})
	if err := front.HandshakeContext(ctx); err != nil {
		return errors.Join(err, ours.Close())
	}
	join(c, front)
	return nil
}

// handshake is the first byte of a ClientHello's record.
const handshake = 0x16

func peek(c net.Conn) (byte, *prefixed, error) {
	first := make([]byte, 1)
	_, err := io.ReadFull(c, first)
	return first[0], &prefixed{Conn: c, head: first}, err
}

// prefixed gives back what was read ahead.
type prefixed struct {
	net.Conn
	head []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// withoutTDS tells both sides of a PRELOGIN that the other has no TLS
// (ENCRYPT_NOT_SUP, [MS-TDS] 2.2.6.5).
type withoutTDS struct {
	*prefixed
	in, out bool // the message of that side has passed
}

func (w *withoutTDS) Read(b []byte) (int, error) {
	if w.in {
		return w.prefixed.Read(b)
	}
	w.in = true
	message, err := readTDS(w.prefixed)
	if err != nil {
		return 0, err
	}
	noEncryptionTDS(message)
	w.head = append(message, w.head...)
	return w.prefixed.Read(b)
}

func (w *withoutTDS) Write(b []byte) (int, error) {
	if !w.out {
		w.out = true
		b = bytes.Clone(b)
		noEncryptionTDS(b)
	}
	return w.Conn.Write(b)
}

func readTDS(c io.Reader) ([]byte, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	if size < 8 {
		return nil, errors.New("no TDS packet")
	}
	message := append(head, make([]byte, size-8)...)
	_, err := io.ReadFull(c, message[8:])
	return message, err
}

func noEncryptionTDS(message []byte) {
	const header, encryption, end, notSupported = 8, 1, 0xff, 2
	for at := header; at+5 <= len(message) && message[at] != end; at += 5 {
		offset := header + int(binary.BigEndian.Uint16(message[at+1:]))
		if message[at] == encryption && offset < len(message) {
			message[offset] = notSupported
		}
	}
}
