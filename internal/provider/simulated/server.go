package simulated

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// maxClients bounds the connections of one instance, so that one that is
// flooded keeps neither memory nor descriptors from the others.
const maxClients = 64

// server is a running instance: from a start to the next stop. An idle one is
// one parked goroutine for each listener and no timer.
type server struct {
	inst      *instance
	listeners []net.Listener
	done      chan struct{} // closed when it has stopped
	sessions  engine.Sessions

	mu      sync.Mutex
	stopped bool
	clients map[*client]struct{} // nil when there are none
}

// start makes s the instance's server and lets clients in.
func (p *Provider) start(inst *instance, s *server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		s.closeListeners()
		return fault.New(fault.Unavailable, "dbtls is shutting down; instance %q is started when it is up again", inst.id)
	}
	inst.mu.Lock()
	inst.srv = s
	inst.mu.Unlock()
	for _, l := range s.listeners {
		p.wg.Go(func() { s.accept(l) })
	}
	return nil
}

// stop ends the server and its connections, if there is one.
func (inst *instance) stop() {
	inst.mu.Lock()
	s := inst.srv
	inst.srv = nil
	inst.mu.Unlock()
	if s == nil {
		return
	}
	s.closeListeners()
	s.mu.Lock()
	s.stopped = true
	for c := range s.clients {
		c.cut()
	}
	s.mu.Unlock()
	close(s.done)
}

func (s *server) closeListeners() {
	for _, l := range s.listeners {
		_ = l.Close() // closing is all that was left to do with it
		s.inst.p.files.release()
	}
}

// Pauses between tries to accept when the system is out of something.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// accept takes clients until the listener is closed. Every other error is a
// client that went away or a shortage that passes.
func (s *server) accept(l net.Listener) {
	pause := firstPause
	for {
		c, err := l.Accept()
		if err == nil {
			pause = firstPause
			s.admit(c)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		s.inst.p.log.Warn("simulated instance cannot accept", "instance", s.inst.id, "error", err)
		select {
		case <-s.done:
			return
		case <-time.After(pause):
			pause = min(2*pause, lastPause)
		}
	}
}

// admit serves a client on a goroutine of its own, or turns it away.
func (s *server) admit(conn net.Conn) {
	p := s.inst.p
	if !p.files.connection() {
		_ = conn.Close()
		return
	}
	c := newClient(p.ctx, conn, s)
	if !s.add(c) {
		c.cut()
		p.files.release()
		return
	}
	p.wg.Go(func() {
		defer p.files.release()
		defer s.remove(c)
		defer c.cut()
		c.serve()
	})
}

// add lists the client; false: there are too many, or the server has stopped.
func (s *server) add(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.clients) >= maxClients {
		return false
	}
	if s.clients == nil {
		s.clients = map[*client]struct{}{}
	}
	s.clients[c] = struct{}{}
	return true
}

func (s *server) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
	if len(s.clients) == 0 {
		s.clients = nil // an idle instance keeps no table
	}
}

// endBefore cuts the connections that began before t and returns how many.
func (s *server) endBefore(t time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.clients {
		if c.began.Before(t) {
			c.cut()
			n++
		}
	}
	return n
}
