package rotation

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// misbehaviour is what a fake database does once it is told to use another
// pair than the one it had when the misbehaviour began.
type misbehaviour string

const (
	wellBehaved   misbehaviour = ""
	ignoresReload misbehaviour = "ignores reload"
	servesThird   misbehaviour = "serves a third certificate"
	servesBare    misbehaviour = "serves the leaf without its chain"
	dropsTLS      misbehaviour = "answers without TLS"
	stops         misbehaviour = "stops listening"
	cannotStart   misbehaviour = "stops listening and does not start again"
	slow          misbehaviour = "takes a while to reload"
)

type pair struct {
	key   crypto.Signer
	chain [][]byte
}

// fake is a provider with one database: a TLS server on its own loopback
// address with a one-byte preamble, 'S' for TLS and 'N' for none.
type fake struct {
	provider.Provider // the methods a rotation does not use

	mu          sync.Mutex
	address     string
	port        int
	ln          net.Listener
	pairs       map[string]*pair
	active      string // what its configuration names
	show        *tls.Certificate
	plain       bool
	startedAt   time.Time
	restartOnly bool

	is           misbehaviour
	spare        string // the generation that works in spite of it
	third        *tls.Certificate
	csrErr       error
	stageErr     error
	activateErr  error
	notReady     int
	activated    []string // every generation that Activate was called with
	sessionsEnds int
	starts       int
}

func newFake(t *testing.T, address string, third tls.Certificate) *fake {
	t.Helper()
	f := &fake{address: address, pairs: map[string]*pair{}, third: &third}
	ln, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	f.port = ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	t.Cleanup(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.halt()
	})
	return f
}

// set changes the fake between two steps.
func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// misbehave begins a misbehaviour that spares the pair in use.
func (f *fake) misbehave(is misbehaviour) { f.set(func(f *fake) { f.is, f.spare = is, f.active }) }

func (f *fake) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.activated)
}

func (f *fake) start() error {
	ln, err := net.Listen("tcp", net.JoinHostPort(f.address, strconv.Itoa(f.port)))
	if err != nil {
		return err
	}
	f.ln, f.startedAt, f.plain = ln, time.Now(), false
	f.starts++
	go f.accept(ln)
	f.read()
	return nil
}

func (f *fake) halt() {
	if f.ln != nil {
		f.ln.Close()
		f.ln = nil
	}
}

// read takes the configured pair into use, or misbehaves.
func (f *fake) read() {
	is := f.is
	if f.active == f.spare {
		is = wellBehaved
	}
	p := f.pairs[f.active]
	cert := &tls.Certificate{Certificate: p.chain, PrivateKey: p.key}
	f.plain = false
	switch is {
	case ignoresReload:
	case servesThird:
		f.show = f.third
	case servesBare:
		f.show = &tls.Certificate{Certificate: p.chain[:1], PrivateKey: p.key}
	case dropsTLS:
		f.plain = true
	case stops, cannotStart:
		f.halt()
	case slow:
		time.AfterFunc(100*time.Millisecond, func() { f.set(func(f *fake) { f.show = cert }) })
	default:
		f.show = cert
	}
}

func (f *fake) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go f.serve(c)
	}
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	f.mu.Lock()
	show, plain := f.show, f.plain
	f.mu.Unlock()
	if plain {
		c.Write([]byte("N"))
		return
	}
	c.Write([]byte("S"))
	s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*show}})
	if s.Handshake() == nil {
		io.Copy(io.Discard, s)
		s.Close()
	}
}

// fakeEngine is the product that a fake runs.
func fakeEngine(hot bool) engine.Engine {
	return engine.Engine{Wire: fakeWire{}, Spec: engine.Spec{Names: []string{"fakedb"}, Description: "FakeDB",
		HotReload: func(string) bool { return hot }}}
}

type fakeWire struct{}

func (fakeWire) StartTLS(ctx context.Context, c net.Conn, _ engine.Start) (net.Conn, engine.Greeting, error) {
	if d, ok := ctx.Deadline(); ok {
		c.SetDeadline(d)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, engine.Greeting{}, err
	}
	if b[0] == 'N' {
		return nil, engine.Greeting{}, fmt.Errorf("fakedb: %w", engine.ErrNoTLS)
	}
	return c, engine.Greeting{}, nil
}

func (f *fake) CSR(_ context.Context, _ provider.Instance, g string, _ pki.KeySpec) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.csrErr != nil {
		return nil, f.csrErr
	}
	if f.pairs[g] == nil {
		key, err := pki.GenerateKey(pki.ECC256) // whatever is asked for: RSA takes its time
		if err != nil {
			return nil, err
		}
		f.pairs[g] = &pair{key: key}
	}
	return pki.NewCSR(f.pairs[g].key, f.address)
}

func (f *fake) Stage(_ context.Context, _ provider.Instance, g string, chain [][]byte, want provider.Expect) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stageErr != nil {
		return f.stageErr
	}
	var certs, roots []*x509.Certificate
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		certs = append(certs, c)
	}
	for _, der := range want.Roots {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		roots = append(roots, c)
	}
	p := f.pairs[g]
	if p == nil {
		return errors.New("no such generation")
	}
	if err := pki.CheckPair(certs[0], p.key.Public()); err != nil {
		return err
	}
	for _, name := range want.Names {
		if err := pki.VerifyEach(certs, roots, pki.SSLVerifyFull, name, want.Now); err != nil {
			return err
		}
	}
	p.chain = chain
	return nil
}

func (f *fake) Activate(_ context.Context, _ provider.Instance, g string) (engine.Effect, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.activated = append(f.activated, g)
	if f.notReady > 0 {
		f.notReady--
		return "", fmt.Errorf("fakedb: %w", engine.ErrNotReady)
	}
	if f.activateErr != nil && g != f.spare {
		return "", f.activateErr
	}
	if f.pairs[g] == nil || len(f.pairs[g].chain) == 0 {
		return "", fmt.Errorf("generation %q is not staged", g)
	}
	f.active = g
	switch {
	case f.ln == nil:
		return engine.EffectNone, nil
	case f.restartOnly:
		return engine.EffectRestart, nil
	}
	f.read()
	return engine.EffectReload, nil
}

func (f *fake) Power(_ context.Context, _ provider.Instance, on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !on:
		f.halt()
		return nil
	case f.is == cannotStart:
		return errors.New("the server ended with status 1")
	case f.ln != nil:
		return nil
	}
	return f.start()
}

func (f *fake) Observe(context.Context, provider.Instance) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return provider.Observation{Exists: true, Running: f.ln != nil, PID: 1000 + f.starts, StartedAt: f.startedAt, Active: f.active}, nil
}

func (f *fake) Collect(_ context.Context, _ provider.Instance, keep []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for g := range f.pairs {
		if !slices.Contains(keep, g) {
			delete(f.pairs, g)
		}
	}
	return nil
}

func (f *fake) EndSessions(context.Context, provider.Instance, time.Time) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessionsEnds++
	return 2, nil
}

func (f *fake) Look(context.Context, provider.Instance) (engine.Look, error) {
	return engine.Look{}, nil
}

func (f *fake) Logins(context.Context, provider.Instance, provider.LogPosition, int) (provider.LogBatch, error) {
	return provider.LogBatch{}, nil
}
