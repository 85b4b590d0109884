package enginetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/probe"
)

// Client is how a user's client connects.
type Client struct {
	Address        string // host:port
	User, Password string
	Database       string
	TLS            *tls.Config // nil: plain
}

// Session is one client session.
type Session interface {
	Exec(ctx context.Context, statement string) error
	// Text returns the first column of the first row.
	Text(ctx context.Context, query string) (string, error)
	Close() error
}

// Suite is what the exercise needs to know of a product.
type Suite struct {
	Engine engine.Engine
	// Open opens one session with the product's usual driver.
	Open func(context.Context, Client) (Session, error)
	// SessionID is a query for the identity of a session.
	SessionID string
	// Attacks are what a master user may try; management works after each.
	Attacks []Attack
}

// Attack is one attempt of a master user to lock dbtls out.
type Attack struct {
	Name string
	Do   func(t *testing.T, v *Server, open func() (Session, error))
}

// Master is the user every exercise makes; the password needs quoting.
func Master() engine.Master {
	return engine.Master{User: "o'brien", Password: `s3cret'\"$pass`, Database: "orders-2"}
}

// exercise is the state of one run.
type exercise struct {
	Suite
	*testing.T
	server *Server
	world  World
	admin  engine.Admin
}

// Run takes one real server from its making to the end of its sessions. The
// steps build on each other: the first that fails ends the run.
func Run(t *testing.T, s Suite) {
	x := &exercise{Suite: s, T: t, server: New(t, s.Engine), world: NewWorld(t)}
	first, leaf := x.server.Pair(x.world, "gen-1")
	x.server.Bind(first)

	if _, err := s.Engine.Server.Admin(t.Context(), x.server.Settings); !errors.Is(err, engine.ErrNotReady) {
		t.Fatalf("Admin of a stopped server: %v, want ErrNotReady", err)
	}
	x.server.Start()
	x.admin = x.server.Admin()
	x.identity()
	x.setUp()
	x.serves(leaf)
	x.effective(first)
	x.rotate(first)
	x.attacks()
	x.endSessions()
}

// identity: the files and the process are recognised as this server's.
func (x *exercise) identity() {
	s := x.Engine.Server
	got, err := s.DataVersion(os.DirFS(x.server.Data))
	must(x, err)
	if want := x.Engine.Spec.Major(x.server.Install.Version); got != want {
		x.Fatalf("DataVersion = %q, want %q", got, want)
	}
	if got, err = s.DataVersion(os.DirFS(x.server.Conf)); err != nil || got != "" {
		x.Fatalf("DataVersion of a folder that is no data directory = %q, %v", got, err)
	}
	var owned []string
	for pid, argv := range processes(x.T) {
		if s.Owns(argv, x.server.Settings) {
			owned = append(owned, pid)
		}
	}
	if want := fmt.Sprint(x.server.cmd.Process.Pid); len(owned) != 1 || owned[0] != want {
		x.Fatalf("Owns matches processes %v, want only %s", owned, want)
	}
	other := x.server.Settings
	other.Data, other.Conf = other.Data+"2", other.Conf+"2"
	for _, argv := range processes(x.T) {
		if s.Owns(argv, other) {
			x.Fatalf("Owns matches %q for another server", argv)
		}
	}
}

func processes(t *testing.T) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	out := map[string][]string{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil { // ended meanwhile
			continue
		}
		out[filepath.Base(filepath.Dir(p))] = strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
	}
	return out
}

// setUp twice, as after a crash, and the master logs in as a client should.
func (x *exercise) setUp() {
	for range 2 {
		must(x, x.admin.SetUp(x.Context(), Master()))
	}
	x.open()
	said := 0
	for path, log := range x.server.logs() {
		said += len(log)
		if strings.Contains(string(log), "s3cret") || strings.Contains(string(log), "SCRAM-SHA-256$") {
			x.Fatalf("the master's password is in %s", path)
		}
	}
	if said == 0 {
		x.Fatal("the server has written nothing")
	}
}

// session connects as the master, verifying the name and the chain.
func (x *exercise) session() (Session, error) {
	ctx, cancel := context.WithTimeout(x.Context(), patience)
	defer cancel()
	m := Master()
	return x.Open(ctx, Client{
		Address: x.server.HostPort(), User: m.User, Password: m.Password, Database: m.Database,
		TLS: &tls.Config{RootCAs: x.world.Roots(), ServerName: x.server.Address},
	})
}

func (x *exercise) open() Session {
	x.Helper()
	c, err := x.session()
	must(x, err)
	x.Cleanup(func() { _ = c.Close() })
	return c
}

func (x *exercise) dial() *probe.Observation {
	ctx, cancel := context.WithTimeout(x.Context(), patience)
	defer cancel()
	o, err := probe.Dial(ctx, probe.Target{Engine: x.Engine, Address: x.server.HostPort()})
	must(x, err)
	return o
}

// serves: every fresh handshake shows leaf. Some servers reload a moment
// after they say so, hence the wait.
func (x *exercise) serves(leaf *x509.Certificate) {
	x.Helper()
	x.server.Poll("the right leaf", func(context.Context) error {
		if o := x.dial(); !o.Leaf().Equal(leaf) {
			return fmt.Errorf("served serial %x, want %x", o.Leaf().SerialNumber, leaf.SerialNumber)
		}
		return nil
	})
}

func (x *exercise) effective(want engine.PairPaths) {
	x.Helper()
	got, err := x.admin.Effective(x.Context())
	must(x, err)
	if got != want {
		x.Fatalf("Effective = %+v, want %+v", got, want)
	}
}

// rotate: a reload brings the new leaf and leaves sessions alone; one with a
// key of another certificate changes nothing that clients see.
func (x *exercise) rotate(first engine.PairPaths) {
	old := x.open()
	before := x.sessionID(old)

	second, leaf := x.server.Pair(x.world, "gen-2")
	x.server.Bind(second)
	must(x, x.admin.Reload(x.Context()))
	x.serves(leaf)
	x.effective(second)

	x.server.Bind(x.server.Mix("gen-3", second, first))
	_ = x.admin.Reload(x.Context())               // an error from some servers, none from others
	tick := time.NewTicker(50 * time.Millisecond) // a reload may take effect a moment later
	defer tick.Stop()
	for range 6 {
		<-tick.C
		if o := x.dial(); !o.Leaf().Equal(leaf) {
			x.Fatal("a reload with a key that does not match changed the leaf")
		}
	}
	x.server.Bind(second)
	must(x, x.admin.Reload(x.Context()))
	x.serves(leaf)

	if after := x.sessionID(old); after != before {
		x.Fatalf("session %q became %q: it was dropped by a reload", before, after)
	}
}

func (x *exercise) sessionID(c Session) string {
	x.Helper()
	id, err := c.Text(x.Context(), x.SessionID)
	must(x, err)
	return id
}

// attacks: after each, a new management session reloads.
func (x *exercise) attacks() {
	for _, attack := range x.Attacks {
		x.Run(attack.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			attack.Do(t, x.server, x.session)
			a, err := x.Engine.Server.Admin(ctx, x.server.Settings)
			must(t, err)
			defer a.Close()
			must(t, a.Reload(ctx))
			_, err = a.Effective(ctx)
			must(t, err)
		})
	}
	x.admin = x.server.Admin()
}

// endSessions: what began before is gone, what began after stays possible.
func (x *exercise) endSessions() {
	old := x.open()
	x.sessionID(old)
	if n, err := x.admin.EndSessions(x.Context(), time.Now().Add(-24*time.Hour)); err != nil || n != 0 {
		x.Fatalf("EndSessions begun before the server was = %d, %v", n, err)
	}
	x.sessionID(old)
	n, err := x.admin.EndSessions(x.Context(), time.Now())
	must(x, err)
	if n < 1 {
		x.Fatalf("EndSessions = %d, want the open session counted", n)
	}
	if _, err := old.Text(x.Context(), x.SessionID); err == nil {
		x.Fatal("a session begun before still answers after EndSessions")
	}
	x.open()
	_, err = x.admin.Effective(x.Context())
	must(x, err)
}
