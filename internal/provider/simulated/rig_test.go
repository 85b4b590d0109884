package simulated_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/simulated"
)

const caID = "rds-ca-rsa2048-g1"

// fakeEngine is a product that speaks TLS from the first byte and then lines:
//
//	login USER PASSWORD   "yes" or "no"; a session when it is yes
//	session               a session that is over at once
//	param NAME            its value
//	where                 address, port, version and the number of sessions
//	panic                 what it says
//
// Versions "1.x" read their certificate at start only.
func fakeEngine(name string, logins bool) engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:     []string{name},
			HotReload: func(v string) bool { return !strings.HasPrefix(v, "1.") },
			Versions:  []string{"1.0", "2.0"},
			Parameters: func(string) []engine.Parameter {
				return []engine.Parameter{{Name: "mood", Default: "calm", ApplyType: engine.Dynamic, DataType: "string"}}
			},
		},
		Simulator: &engine.Simulator{Serve: serveFake, Logins: logins},
	}
}

func serveFake(ctx context.Context, c net.Conn, h *engine.Host) error {
	t, err := engine.ServeTLS(ctx, c, h, nil)
	if t == nil {
		return err
	}
	in := bufio.NewScanner(io.LimitReader(t, 1<<20))
	for in.Scan() {
		word := strings.Fields(in.Text())
		answer := "what?"
		switch {
		case len(word) == 3 && word[0] == "login":
			answer = "no"
			if h.Login(word[1], word[2]) {
				answer = "yes"
				_, done := h.Sessions.Add(engine.Session{User: word[1], Encrypted: true, Since: time.Now()})
				defer done()
			}
		case in.Text() == "session":
			_, done := h.Sessions.Add(engine.Session{User: "passer-by", Since: time.Now()})
			done()
		case len(word) == 2 && word[0] == "param":
			answer = h.Parameters[word[1]]
		case in.Text() == "where":
			answer = fmt.Sprint(h.Address, " ", h.Port, " ", h.Version, " ", len(h.Sessions.List()))
		case in.Text() == "panic":
			panic("on purpose")
		case in.Text() == "broken":
			return errors.New("broken on purpose")
		}
		if _, err := fmt.Fprintln(t, answer); err != nil {
			return nil
		}
	}
	return nil
}

// rig is a provider on a fresh directory with one instance to work on.
type rig struct {
	testing.TB
	*simulated.Provider
	dir   string
	inst  provider.Instance
	certs *pkitest.Hierarchy
	log   *logged
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, dir: t.TempDir(), log: &logged{}, certs: pkitest.New(t, "us-east-1", time.Now())}
	r.inst = r.another()
	r.restart()
	return r
}

// another is an instance on an address of its own, so that tests share no port.
func (r *rig) another() provider.Instance {
	return provider.Instance{ID: "db-" + rand.Text(), Engine: "fake", Version: "2.0", Address: loopback(), Port: 15997}
}

// restart is dbtls ending and starting again.
func (r *rig) restart() {
	r.Helper()
	if r.Provider != nil {
		r.Close()
	}
	p, err := simulated.New(simulated.Options{
		Dir: r.dir, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		Engines: []engine.Engine{fakeEngine("fake", true), fakeEngine("open", false), {Spec: engine.Spec{Names: []string{"real"}}}},
	})
	if err != nil {
		r.Fatal(err)
	}
	r.Provider = p
	r.Cleanup(p.Close)
}

// given counts the addresses given away, from where other processes that run
// tests at the same time hardly are.
var given atomic.Uint32

// loopback is an address nobody else in this process has.
func loopback() string {
	given.CompareAndSwap(0, uint32(os.Getpid())<<8)
	n := 2 + given.Add(1)%(1<<24-4)
	return net.IPv4(127, byte(n>>16), byte(n>>8), byte(n)).String()
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r.Cleanup(cancel)
	return ctx
}

func (r *rig) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// refused wants a fault with this code whose public text holds every part.
func (r *rig) refused(err error, code fault.Code, parts ...string) {
	r.Helper()
	if fault.CodeOf(err) != code {
		r.Fatalf("error %v; want a fault with code %s", err, code)
	}
	for _, part := range parts {
		if !strings.Contains(fault.Public(err), part) {
			r.Errorf("%q does not name %q", fault.Public(err), part)
		}
	}
}

// file is where the instance is kept.
func (r *rig) file() string {
	r.Helper()
	list, err := filepath.Glob(filepath.Join(r.dir, "simulated", "*", r.inst.ID+".json"))
	if err != nil || len(list) != 1 {
		r.Fatalf("files of the instance: %v, %v", list, err)
	}
	return list[0]
}

// stamp changes whenever the file is written.
func (r *rig) stamp() os.FileInfo {
	r.Helper()
	st, err := os.Stat(r.file())
	r.ok(err)
	return st
}

// unwritten wants f to leave the file alone.
func (r *rig) unwritten(what string, f func()) {
	r.Helper()
	before := r.stamp()
	f()
	if !os.SameFile(before, r.stamp()) {
		r.Errorf("%s wrote the file again", what)
	}
}

// issue takes a generation's request to a chain for the instance's address.
func (r *rig) issue(i provider.Instance, generation string, spec pki.KeySpec) [][]byte {
	r.Helper()
	der, err := r.CSR(r.ctx(), i, generation, spec)
	r.ok(err)
	csr, err := x509.ParseCertificateRequest(der)
	r.ok(err)
	leaf, err := pki.Issue(r.certs.Issuers[caID], csr, pki.LeafRequest{CN: i.Address, Life: 24 * time.Hour}, r.certs.Now)
	r.ok(err)
	return [][]byte{leaf.Raw, r.certs.Issuers[caID].Cert.Raw}
}

func (r *rig) expect(i provider.Instance) provider.Expect {
	return provider.Expect{Names: []string{i.Address}, Roots: [][]byte{r.certs.Roots[caID].Cert.Raw}, Now: r.certs.Now.Add(time.Minute)}
}

// rotate takes an instance to a new generation and returns its effect.
func (r *rig) rotate(i provider.Instance, generation string, spec pki.KeySpec) engine.Effect {
	r.Helper()
	chain := r.issue(i, generation, spec)
	r.ok(r.Stage(r.ctx(), i, generation, chain, r.expect(i)))
	effect, err := r.Activate(r.ctx(), i, generation)
	r.ok(err)
	return effect
}

// start takes the instance from nothing to running with generation g1.
func (r *rig) start() {
	r.Helper()
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.rotate(r.inst, "g1", pki.ECC256)
	r.ok(r.Power(r.ctx(), r.inst, true))
}

func (r *rig) observe() provider.Observation {
	r.Helper()
	o, err := r.Observe(r.ctx(), r.inst)
	r.ok(err)
	if len(o.Drift) != 0 {
		r.Errorf("drift: %v", o.Drift)
	}
	return o
}

// session is a client that verifies the chain and the address.
type session struct {
	*rig
	*tls.Conn
	in *bufio.Scanner
}

func (r *rig) dialAt(address string) (*session, error) {
	d := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 10 * time.Second},
		Config:    &tls.Config{RootCAs: r.pool(), ServerName: r.inst.Address},
	}
	c, err := d.DialContext(r.ctx(), "tcp", net.JoinHostPort(address, strconv.Itoa(r.inst.Port)))
	if err != nil {
		return nil, err
	}
	r.Cleanup(func() { c.Close() })
	return &session{rig: r, Conn: c.(*tls.Conn), in: bufio.NewScanner(c)}, nil
}

func (r *rig) address() string { return net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)) }

func (r *rig) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.certs.Roots[caID].Cert)
	return pool
}

func (r *rig) dial() *session {
	r.Helper()
	s, err := r.dialAt(r.inst.Address)
	r.ok(err)
	return s
}

// ask sends a line and returns the answer, "" when the session is over.
func (s *session) ask(line string) string {
	s.Helper()
	s.ok(s.SetDeadline(time.Now().Add(20 * time.Second)))
	if _, err := fmt.Fprintln(s, line); err != nil || !s.in.Scan() {
		if errors.Is(s.in.Err(), os.ErrDeadlineExceeded) {
			s.Fatalf("no answer to %q", line)
		}
		return ""
	}
	return s.in.Text()
}

// served is the leaf a new client is shown.
func (r *rig) served() []byte {
	r.Helper()
	return r.dial().ConnectionState().PeerCertificates[0].Raw
}

// wantServed compares a new client's leaf with that of the active generation.
func (r *rig) wantServed(generation string) {
	r.Helper()
	o := r.observe()
	if o.Active != generation || len(o.Chain) != 2 || !bytes.Equal(r.served(), o.Chain[0]) {
		r.Errorf("the certificate on the wire is not that of %q (active is %q)", generation, o.Active)
	}
}

// wantClosed wants nobody to listen for the instance.
func (r *rig) wantClosed() {
	r.Helper()
	if _, err := r.dialAt(r.inst.Address); err == nil {
		r.Error("a client got in")
	}
	if o := r.observe(); o.Running {
		r.Error("it says that it is running")
	}
}

// eventually polls a condition that another goroutine brings about.
func (r *rig) eventually(what string, is func() bool) {
	r.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("not within 20 seconds: %s", what)
		}
	}
}

// logged is a log to look into.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}
