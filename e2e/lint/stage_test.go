package lint_test

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// A variant is a server that differs from the plain good one in one thing.
type variant string

const (
	offers   variant = "offers"   // TLS and plain, right chain and name
	plain    variant = "plain"    // has no TLS
	forced   variant = "forced"   // refuses what is not encrypted
	misnamed variant = "misnamed" // the same, with the name of another server
	stranger variant = "stranger" // the same, with the right name and a CA that the client does not know
	expired  variant = "expired"  // the same, and over for a year
)

func variants() []variant { return []variant{offers, plain, forced, misnamed, stranger, expired} }

// forces: the certificate is judged when there is no way around it.
func (v variant) forces() bool { return v != offers && v != plain }

// chain is the variant whose certificate this one presents.
func (v variant) chain() variant {
	if v == offers || v == plain {
		return forced
	}
	return v
}

// stage is a listener for the connections of one cell to one variant, and what
// it saw of them.
type stage struct {
	port      int
	encrypted atomic.Bool // a login came through TLS
	clear     atomic.Bool // a login came without
}

// actor plays the server's side of one connection.
type actor func(ctx context.Context, c net.Conn, s *stage) error

// open listens until the test ends. An actor's errors are a client's doing.
func open(t *testing.T, play actor) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{port: l.Addr().(*net.TCPAddr).Port}
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); clients.Wait() })
	clients.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				_ = play(ctx, c, s)
			})
		}
	})
	return s
}

// accept is the server's side of a handshake. No session is resumed: every
// connection is to see the certificate.
func accept(ctx context.Context, c net.Conn, pair tls.Certificate) (*tls.Conn, error) {
	conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true})
	return conn, conn.HandshakeContext(ctx)
}

// join copies both ways until either side ends.
func join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	one := func(to, from net.Conn) {
		buffer := make([]byte, 16<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				if _, werr := to.Write(buffer[:n]); werr != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		_, _ = a.Close(), b.Close()
		done <- struct{}{}
	}
	go one(a, b)
	go one(b, a)
	<-done
	<-done
}

func dial(ctx context.Context, host string, port int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}
