package probe_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
)

const loginPassword = "s3cret-Password-1"

// serve plays a product with the chain of a cell and returns the port. plain,
// for a cell of that kind, changes what the product first says, so that it
// offers no TLS.
func serve(t *testing.T, product string, c cell, plain func([]byte)) int {
	t.Helper()
	e, ok := engines.ByName(product)
	if !ok || e.Simulator == nil {
		t.Fatalf("no simulator of %q", product)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	version := e.Spec.Versions[len(e.Spec.Versions)-1]
	port := l.Addr().(*net.TCPAddr).Port
	set := map[string]string{"rds.force_ssl": "0", "require_secure_transport": "0"}
	h := &engine.Host{
		Version: version, Address: "127.0.0.1", Port: port, Parameters: e.Spec.Values(version, set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair(c.chain), nil },
		Login:       func(user, password string) bool { return user == "admin1" && password == loginPassword },
		Sessions:    new(engine.Sessions),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); clients.Wait() })
	clients.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if c.plain {
				conn = &changed{Conn: conn, change: plain}
			}
			clients.Go(func() {
				defer conn.Close()
				if err := e.Simulator.Serve(ctx, conn, h); err != nil {
					t.Errorf("simulator of %s: %v", product, err)
				}
			})
		}
	})
	return port
}

// changed changes the first thing that a server writes.
type changed struct {
	net.Conn
	change func([]byte)
}

func (c *changed) Write(b []byte) (int, error) {
	if c.change == nil {
		return c.Conn.Write(b)
	}
	own := bytes.Clone(b)
	c.change(own)
	c.change = nil
	return c.Conn.Write(own)
}

// noTLSPostgres answers SSLRequest as a server without TLS does.
func noTLSPostgres(b []byte) {
	if string(b) == "S" {
		b[0] = 'N'
	}
}

// noTLSMySQL takes CLIENT_SSL from the greeting's capabilities.
func noTLSMySQL(b []byte) {
	at := 5 + bytes.IndexByte(b[5:], 0) + 1 + 4 + 8 + 1
	binary.LittleEndian.PutUint16(b[at:], binary.LittleEndian.Uint16(b[at:])&^0x800)
}

// noTLSTDS answers ENCRYPT_NOT_SUP in PRELOGIN ([MS-TDS] 2.2.6.5).
func noTLSTDS(b []byte) {
	const header, encryption, end = 8, 1, 0xff
	for at := header; b[at] != end; at += 5 {
		if b[at] == encryption {
			b[header+int(binary.BigEndian.Uint16(b[at+1:]))] = 2
		}
	}
}

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
