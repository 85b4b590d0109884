package simulated

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// endpoints are where the instance listens, each once.
func (r record) endpoints() []string {
	var all []string
	for _, address := range append([]string{r.Address}, r.Also...) {
		if at := net.JoinHostPort(address, strconv.Itoa(r.Port)); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all
}

// listen opens the listeners of r; nobody accepts on them yet.
func (p *Provider) listen(ctx context.Context, inst *instance, r record) (*server, error) {
	s := &server{inst: inst, done: make(chan struct{}), sessions: engine.Sessions{Journal: &inst.journal}}
	for _, at := range r.endpoints() {
		l, err := p.listenAt(ctx, at)
		if err != nil {
			s.closeListeners()
			return nil, fmt.Errorf("listen for instance %q: %w", r.ID, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

func (p *Provider) listenAt(ctx context.Context, at string) (net.Listener, error) {
	if !p.files.listener() {
		return nil, p.files.short(int(p.files.used.Load()) + 1)
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", at)
	if err != nil {
		p.files.release()
		return nil, refusal(err, at)
	}
	return l, nil
}

// CheckPort listens on address:port for a moment.
func (p *Provider) CheckPort(address string, port int) error {
	at := net.JoinHostPort(address, strconv.Itoa(port))
	l, err := p.listenAt(p.ctx, at)
	if err != nil {
		return err
	}
	defer p.files.release()
	if err := l.Close(); err != nil {
		return fmt.Errorf("close test listener on %s: %w", at, err)
	}
	return nil
}

// refusal says in words why the system does not let us listen.
func refusal(err error, at string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.Wrap(err, fault.InvalidParameter, "%s is in use by another program or instance; choose another port or stop that one", at)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.Wrap(err, fault.InvalidParameter, "%s is at no address of this machine; choose one that is, or an address 127.x.y.z", at)
	case errors.Is(err, syscall.EACCES):
		return fault.Wrap(err, fault.InvalidParameter, "the port of %s needs a privilege dbtls does not have; choose a port of 1024 or more", at)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fault.Wrap(err, fault.Unavailable, "cannot listen on %s: too many files are open; raise the limit (RLIMIT_NOFILE or fs.file-max)", at)
	}
	return fault.Wrap(err, fault.InvalidParameter, "cannot listen on %s; choose another address or port", at)
}
