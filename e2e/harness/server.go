package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startLimit is how long a server may take to answer: a restart adopts its
// engines first.
const startLimit = 60 * time.Second

// Server is a running (or killed) `dbtls serve`.
type Server struct {
	Dir    string // --data
	URL    string // https://HOST:PORT
	Client Client // of the last start
	args   []string
	under  []string
	out    string // file with stdout
	err    string // file with stderr of all starts
	cmd    *exec.Cmd
	exited chan struct{}
}

// Client is what a server writes for clients on its machine (client.json).
type Client struct {
	Endpoint        string `json:"endpoint"`
	CAFile          string `json:"ca_file"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	Region          string `json:"region"`
}

// Start serves from dir on a free port and waits for the ready line. args
// follow `dbtls serve --data DIR --listen 127.0.0.1:0`. The server is stopped
// when the test ends.
func Start(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	return StartUnder(t, nil, dir, args...)
}

// StartUnder is Start with a command before dbtls, such as unshare.
func StartUnder(t testing.TB, under []string, dir string, args ...string) *Server {
	t.Helper()
	s := &Server{Dir: dir, args: args, under: under}
	logs := t.TempDir()
	s.out, s.err = filepath.Join(logs, "stdout"), filepath.Join(logs, "stderr")
	t.Cleanup(func() { s.end(t, syscall.SIGTERM) })
	if err := s.start(t, "127.0.0.1:0"); err != nil {
		t.Fatalf("start dbtls: %v", err)
	}
	return s
}

// start runs the program and waits until it answers or ends.
func (s *Server) start(t testing.TB, listen string) error {
	argv := append(slices.Clone(s.under), Binary(t), "serve", "--data", s.Dir, "--listen", listen)
	argv = append(argv, s.args...)
	out, err := os.Create(s.out)
	if err != nil {
		return err
	}
	defer out.Close()
	log, err := os.OpenFile(s.err, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that `under` ends with it
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	s.cmd, s.exited = cmd, exited
	return s.ready(t)
}

func (s *Server) ready(t testing.TB) error {
	for end := time.Now().Add(startLimit); time.Now().Before(end); {
		text, _ := os.ReadFile(s.out)
		if line, _, whole := strings.Cut(string(text), "\n"); whole {
			rest, ok := strings.CutPrefix(line, "ready ")
			if !ok {
				return fmt.Errorf("its first line is %q, not the ready line", line)
			}
			s.URL = rest
			return s.readClient()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("it ended with %v; its log ends with:\n%s", s.cmd.ProcessState, tail(s.Log()))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("no ready line within %v; its log ends with:\n%s", startLimit, tail(s.Log()))
}

func (s *Server) readClient() error {
	text, err := os.ReadFile(filepath.Join(s.Dir, "client.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.Client)
}

// Kill ends the server as a power cut would (SIGKILL); its engines live on.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.end(t, syscall.SIGKILL) }

// Stop ends the server as an operator would (SIGTERM); its engines live on.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.end(t, syscall.SIGTERM) }

func (s *Server) end(t testing.TB, sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	select {
	case <-s.exited: // its id may be another's by now
		return
	default:
	}
	if err := syscall.Kill(-s.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("send %v to dbtls: %v", sig, err)
	}
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		t.Errorf("dbtls did not end within 30 s of %v; its log ends with:\n%s", sig, tail(s.Log()))
		syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.exited
	}
}

// Restart starts a killed or stopped server again, on its old port when that
// is still free.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatalf("restart dbtls: %v", err)
	}
	if err := s.start(t, u.Host); err != nil {
		t.Logf("the old port is not to be had, another is taken: %v", err)
		if err := s.start(t, "127.0.0.1:0"); err != nil {
			t.Fatalf("restart dbtls: %v", err)
		}
	}
}

// Pid is the process id of the server (of `under`, when there is one).
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Log is the server's standard error of all its starts.
func (s *Server) Log() string {
	text, _ := os.ReadFile(s.err)
	return string(text)
}

// tail keeps what a person reads of a log.
func tail(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// Serve runs `dbtls serve` that is expected to end by itself, within 20
// seconds, and returns its standard error and exit code.
func Serve(t testing.TB, dir string, args ...string) (stderr string, code int) {
	t.Helper()
	argv := append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, args...)
	_, stderr, code = run(t, 20*time.Second, nil, Binary(t), argv...)
	return stderr, code
}

// run executes a program to its end.
func run(t testing.TB, limit time.Duration, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s did not end within %v; it said:\n%s", filepath.Base(name), limit, tail(errs.String()))
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("run %s: %v", name, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
