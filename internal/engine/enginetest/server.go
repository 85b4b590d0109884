// Package enginetest runs one engine's real server the way a provider does and
// puts the promises of engine.Server, engine.Admin and engine.Wire to it. It
// is imported by tests only.
package enginetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// patience bounds every wait for a server; a loaded machine is slow.
const patience = 60 * time.Second

// Server is one server in a directory of its own.
type Server struct {
	engine.Settings
	Engine  engine.Engine
	Install engine.Install

	t    *testing.T
	cred *syscall.Credential // nil: not root, the server runs as this user
	cmd  *exec.Cmd
	gone chan struct{}
}

// New makes the directory, the configuration and the data of a server of the
// newest version found. It skips the test when there is none, or fails it
// when DBTLS_REQUIRE_ENGINES is set.
func New(t *testing.T, e engine.Engine) *Server {
	t.Helper()
	v := &Server{t: t, Engine: e, Install: newest(t, e)}
	me, err := user.Current()
	must(t, err)
	if os.Geteuid() == 0 {
		v.cred = systemUser(t, e.Server.SystemUser())
	}
	// Not t.TempDir: its parents are closed to the system user.
	root, err := os.MkdirTemp("/tmp", "dbtls-"+e.Name()+"-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	must(t, os.Chmod(root, 0o711))
	in := func(name string) string { return filepath.Join(root, name) }
	v.Settings = engine.Settings{
		Layout:   engine.Layout{Data: in("data"), Conf: in("conf"), TLS: in("tls"), Run: in("run"), LogFile: in("log")},
		ID:       "db-TEST",
		HostUser: me.Username,
	}
	v.Address, v.Port = freeAddress(t)
	for _, dir := range []string{v.Conf, v.TLS} {
		must(t, os.Mkdir(dir, 0o755))
	}
	v.ownedDir(v.Run)
	if e.Log != nil {
		v.ownedDir(e.Log.Dir(v.Settings))
	}
	v.ownedDir(v.Data + ".new")
	for _, f := range e.Server.Files(v.Install, v.Settings) {
		must(t, os.WriteFile(f.Path, f.Content, f.Mode))
	}
	for _, p := range e.Server.Init(v.Install, v.Settings, v.Data+".new") {
		if out, err := v.command(p).CombinedOutput(); err != nil {
			t.Fatalf("init: %v\n%s", err, out)
		}
	}
	must(t, os.Rename(v.Data+".new", v.Data))
	return v
}

func newest(t *testing.T, e engine.Engine) engine.Install {
	t.Helper()
	installs, err := e.Server.Find(t.Context())
	must(t, err)
	if len(installs) == 0 {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("no server program of %q on this machine, and DBTLS_REQUIRE_ENGINES is set", e.Name())
		}
		t.Skipf("SKIPPED: no server program of %q on this machine; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", e.Name())
	}
	return installs[len(installs)-1]
}

// systemUser is the account the server runs as; packages make it, and a
// machine without the package's server package lacks it.
func systemUser(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	must(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	must(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	must(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (v *Server) ownedDir(path string) {
	v.t.Helper()
	must(v.t, os.Mkdir(path, 0o700))
	v.own(path)
}

func (v *Server) own(path string) {
	v.t.Helper()
	if v.cred != nil {
		must(v.t, os.Chown(path, int(v.cred.Uid), int(v.cred.Gid)))
	}
}

func (v *Server) command(p engine.Process) *exec.Cmd {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Dir = p.Dir
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}, p.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: v.cred}
	return cmd
}

// Start starts the server and returns at once.
func (v *Server) Start() {
	v.t.Helper()
	log, err := os.OpenFile(v.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(v.t, err)
	p := v.Engine.Server.Process(v.Install, v.Settings)
	v.cmd = v.command(p)
	v.cmd.Stdout, v.cmd.Stderr = log, log
	must(v.t, v.cmd.Start())
	must(v.t, log.Close())
	gone, cmd := make(chan struct{}), v.cmd
	v.gone = gone
	go func() { defer close(gone); _ = cmd.Wait() }()
	v.t.Cleanup(func() {
		if v.t.Failed() {
			for name, b := range v.logs() {
				v.t.Logf("end of %s:\n%s", name, b[max(0, len(b)-4096):])
			}
		}
		v.Stop()
	})
}

// logs are the files that the server prints and writes into, by path.
func (v *Server) logs() map[string][]byte {
	paths := []string{v.LogFile}
	if v.Engine.Log != nil {
		more, _ := filepath.Glob(filepath.Join(v.Engine.Log.Dir(v.Settings), "*"))
		paths = append(paths, more...)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		all[path], _ = os.ReadFile(path)
	}
	return all
}

// Stop shuts the server down cleanly, or hard when that takes too long.
func (v *Server) Stop() {
	v.t.Helper()
	stop := v.Engine.Server.Process(v.Install, v.Settings).Stop
	if stop == 0 {
		stop = syscall.SIGTERM
	}
	if err := v.cmd.Process.Signal(stop); errors.Is(err, os.ErrProcessDone) {
		<-v.gone
		return
	}
	select {
	case <-v.gone:
	case <-time.After(patience):
		_ = v.cmd.Process.Kill()
		<-v.gone
		v.t.Errorf("server of %q did not stop within %v after signal %v", v.Engine.Name(), patience, stop)
	}
}

// Admin waits for the server and opens a management session.
func (v *Server) Admin() engine.Admin {
	v.t.Helper()
	var a engine.Admin
	v.Poll("a management session", func(ctx context.Context) (err error) {
		a, err = v.Engine.Server.Admin(ctx, v.Settings)
		if err != nil && !errors.Is(err, engine.ErrNotReady) {
			v.t.Fatalf("Admin: %v", err)
		}
		return err
	})
	v.t.Cleanup(func() { _ = a.Close() })
	return a
}

// Poll tries f until it succeeds or patience ends.
func (v *Server) Poll(what string, f func(context.Context) error) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-v.gone:
			v.t.Fatalf("wait for %s: server ended; last error: %v", what, err)
		case <-ctx.Done():
			v.t.Fatalf("wait for %s: %v", what, err)
		}
	}
}

// HostPort is where clients connect.
func (v *Server) HostPort() string { return net.JoinHostPort(v.Address, strconv.Itoa(v.Port)) }

// freeAddress picks a loopback address nobody else is likely to use.
func freeAddress(t *testing.T) (string, int) {
	t.Helper()
	address := net.IPv4(127, 77, byte(rand.IntN(256)), byte(1+rand.IntN(254))).String()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	must(t, err)
	defer l.Close()
	return address, l.Addr().(*net.TCPAddr).Port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
