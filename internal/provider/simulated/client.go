package simulated

import (
	"context"
	"crypto/tls"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// arrival is how long a client has to get through TLS, and through the
	// login where the product has one. It is a total: a client that sends a
	// byte now and then gains nothing.
	arrival = 30 * time.Second
	// idleUser and idleGuest are how long a client that has arrived may be
	// silent: one that is logged in, and one nobody knows.
	idleUser  = 24 * time.Hour
	idleGuest = 10 * time.Minute
)

// How far a client has come, in order.
const (
	begun    = iota
	greeted  // its client hello is read
	answered // the server's flight is sent
	guest    // it has answered that: it is through TLS
	user     // it is logged in
)

// client is one connection. It is the net.Conn that the simulator speaks
// over, which is how it knows what its client has done.
type client struct {
	net.Conn
	srv    *server
	ctx    context.Context
	cancel context.CancelFunc
	began  time.Time
	logins bool // to arrive is to log in
	stage  atomic.Int32
	heard  atomic.Int64 // when the last byte came, as time since began

	mu    sync.Mutex // of timer, which may go off before it is assigned
	timer *time.Timer
}

func newClient(ctx context.Context, conn net.Conn, s *server) *client {
	c := &client{Conn: conn, srv: s, began: time.Now()}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// end is cut, and nothing is left to go off.
func (c *client) end() {
	c.cut()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
}

// cut ends the connection.
func (c *client) cut() {
	c.cancel()
	_ = c.Close() // the simulator may have closed it
}

// serve lets the simulator speak with the client until either is done.
func (c *client) serve() {
	inst := c.srv.inst
	log := inst.p.log.With("instance", inst.id, "client", c.RemoteAddr().String())
	// The CAs live in this process: a fault in one conversation ends that one.
	defer func() {
		if r := recover(); r != nil {
			log.Error("simulator failed", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	r := inst.look()
	e, err := inst.p.engine(r.Engine)
	if err != nil {
		log.Error("simulate", "error", err)
		return
	}
	c.logins = e.Simulator.Logins
	c.mu.Lock()
	c.timer = time.AfterFunc(arrival, c.check)
	c.mu.Unlock()
	defer c.end()
	if err := e.Simulator.Serve(c.ctx, c, c.host(r, e)); err != nil {
		log.Warn("simulate", "error", err)
	}
}

// host is the instance as this client sees it. The parameters are those of
// now; the pair is asked for when the handshake needs it.
func (c *client) host(r record, e engine.Engine) *engine.Host {
	h := &engine.Host{
		Version: r.Version, Address: r.Address, Port: r.Port,
		Parameters: e.Spec.Values(r.Version, r.Parameters),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.stage.CompareAndSwap(begun, greeted)
			return c.srv.inst.certificate()
		},
		Login:    c.login,
		Sessions: &c.srv.sessions,
	}
	if at, ok := c.LocalAddr().(*net.TCPAddr); ok {
		h.Address, h.Port = at.IP.String(), at.Port
	}
	return h
}

// login asks for the verifier that is in force now.
func (c *client) login(name, password string) bool {
	if !c.srv.inst.look().Master.accepts(name, password) {
		return false
	}
	c.stage.Store(user)
	return true
}

// Read is the connection's, and notes that the client is alive.
func (c *client) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(int64(time.Since(c.began)))
		c.stage.CompareAndSwap(answered, guest)
	}
	return n, err
}

// Write is the connection's, and notes that the handshake goes on.
func (c *client) Write(b []byte) (int, error) {
	c.stage.CompareAndSwap(greeted, answered)
	return c.Conn.Write(b)
}

// check cuts a client that has not arrived or is silent for too long, and
// comes back when the rest of its time is over.
func (c *client) check() {
	left := c.left()
	if left <= 0 {
		c.cut()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil {
		c.timer.Reset(left)
	}
}

func (c *client) left() time.Duration {
	silent := time.Since(c.began) - time.Duration(c.heard.Load())
	switch stage := c.stage.Load(); {
	case stage == user:
		return idleUser - silent
	case stage == guest && !c.logins:
		return idleGuest - silent
	}
	return 0
}
