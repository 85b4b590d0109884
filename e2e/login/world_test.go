// Package login_test logs in to every product by the engines' own Login: to
// simulated instances, to real servers, and to servers that mean harm.
package login_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

const (
	ca       = "rds-ca-ecc384-g1"
	address  = "127.0.0.1"
	user     = "admin"
	password = "correct horse 9"
	database = "master" // the one that every simulated server that has any has
)

// products is one engine of each family, and those whose answers differ.
func products() []string {
	return []string{
		"postgres", "aurora-postgresql", "redshift", "mysql", "mariadb", "aurora-mysql",
		"sqlserver-ee", "oracle-ee", "sybase", "mongodb", "db2-se",
	}
}

func product(t *testing.T, name string) engine.Engine {
	t.Helper()
	e, ok := engines.ByName(name)
	if !ok || e.Login == nil {
		t.Fatalf("engine %q has no login", name)
	}
	return e
}

// server is anything that listens, and what clients sent to it.
type server struct {
	port  int
	world *pkitest.Hierarchy

	mu     sync.Mutex
	logins int // that were judged
	lines  []*tap
}

// tap is a client's connection: what it wrote, and whether it is closed.
type tap struct {
	net.Conn
	mu     sync.Mutex
	sent   bytes.Buffer
	closed bool
}

func (c *tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.sent.Write(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *tap) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

// listen hands every connection to serve until the test ends.
func listen(t *testing.T, serve func(ctx context.Context, c net.Conn, s *server)) *server {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{port: l.Addr().(*net.TCPAddr).Port, world: pkitest.New(t, "us-east-1", time.Now())}
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); open.Wait() })
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				serve(ctx, c, s)
			})
		}
	})
	return s
}

// simulate serves a simulated instance of the newest version.
func simulate(t *testing.T, e engine.Engine, parameters map[string]string) *server {
	t.Helper()
	version := e.Spec.Versions[len(e.Spec.Versions)-1]
	h := &engine.Host{Version: version, Address: address, Parameters: e.Spec.Values(version, parameters), Sessions: &engine.Sessions{}}
	var once sync.Once
	var pair tls.Certificate
	return listen(t, func(ctx context.Context, c net.Conn, s *server) {
		once.Do(func() {
			chain, key := s.world.Leaf(t, ca, address)
			pair = pkitest.TLS(chain, key)
		})
		own := *h
		own.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }
		own.Login = func(u, p string) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.logins++
			return u == user && p == password
		}
		if err := e.Simulator.Serve(ctx, c, &own); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// account is the right one, over TLS that verifies chain and name.
func (s *server) account() engine.Account {
	return engine.Account{
		Dial: s.at(address), Host: address, Port: s.port, TLS: verifying(s.world, address),
		User: user, Password: password, Database: database,
	}
}

// at dials the server and keeps what is sent.
func (s *server) at(host string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(s.port)))
		if err != nil {
			return nil, err
		}
		line := &tap{Conn: c}
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		return line, nil
	}
}

func verifying(world *pkitest.Hierarchy, name string) *tls.Config {
	return probe.Config(pki.SSLVerifyFull, probe.NewTrust("roots", world.TrustStore(ca)), name, false, time.Now)
}

// sent is what clients wrote on each connection.
func (s *server) sent() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all [][]byte
	for _, l := range s.lines {
		l.mu.Lock()
		all = append(all, bytes.Clone(l.sent.Bytes()))
		l.mu.Unlock()
	}
	return all
}

// left counts the connections that are open.
func (s *server) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.lines {
		l.mu.Lock()
		if !l.closed {
			n++
		}
		l.mu.Unlock()
	}
	return n
}

func (s *server) judged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// try logs in within half a minute and checks what holds for every login: no
// connection is left, and no error repeats the password.
func try(t *testing.T, e engine.Engine, s *server, a engine.Account) (engine.Logged, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := e.Login(ctx, a)
	if n := s.left(); n != 0 {
		t.Errorf("%d connections are left open", n)
	}
	if err != nil && a.Password != "" && bytes.Contains([]byte(err.Error()), []byte(a.Password)) {
		t.Errorf("the password is in the error: %v", err)
	}
	if ctx.Err() != nil {
		t.Errorf("the login took all the time there was: %v", err)
	}
	return got, err
}
