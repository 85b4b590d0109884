package local_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// program is a copy of this test binary that any user can execute; started
// with "fake-server" it is a small TLS server, see serveFake.
var program string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "fake-init":
			os.Exit(initFake(os.Args[2], os.Args[3]))
		case "fake-server":
			os.Exit(serveFake(os.Args[2], strings.TrimPrefix(os.Args[3], "--conf=")))
		case "fake-child":
			signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM)
			time.Sleep(time.Hour)
			os.Exit(0)
		}
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fake")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "fake")
	if err := copyProgram(program); err != nil {
		log.Print(err)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		log.Print(err)
		return 1
	}
	return m.Run()
}

func copyProgram(to string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := os.Open(self)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// fakeConf is what the fake server is told in its configuration file.
type fakeConf struct {
	Address  string
	Port     int
	Run      string
	Binding  string // a file that holds a fakePair, or a link to a directory
	Child    bool   // has a child process, in a session of its own
	Stubborn bool   // ends on SIGKILL only
	Refuse   bool   // says so and exits
	Deaf     bool   // takes a reload and ignores it
	Outrank  string // names this directory's pair as effective
}

type fakePair struct{ Cert, Key string }

func initFake(data, version string) int {
	if version == "0.0" {
		fmt.Println("fake-init: refusing on purpose")
		return 3
	}
	if err := os.WriteFile(filepath.Join(data, "VERSION"), []byte(strings.Split(version, ".")[0]), 0o600); err != nil {
		log.Print(err)
		return 1
	}
	return 0
}

type fakeServer struct {
	conf fakeConf
	pair atomic.Pointer[tls.Certificate]
}

// serveFake serves TLS with the bound pair, and "reload", "effective" and
// "ping" on a UNIX socket, until it gets SIGINT.
func serveFake(data, conf string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGQUIT)
	var s fakeServer
	text, err := os.ReadFile(filepath.Join(conf, "fake.json"))
	if err == nil {
		err = json.Unmarshal(text, &s.conf)
	}
	if err != nil || s.conf.Refuse {
		fmt.Println("fake-server: refusing to start on purpose", err)
		return 1
	}
	if err := s.listen(); err != nil {
		fmt.Println("fake-server:", err)
		return 1
	}
	fmt.Println("fake-server: ready with", data)
	for range stop {
		if !s.conf.Stubborn {
			return 0
		}
	}
	return 0
}

func (s *fakeServer) listen() error {
	if err := s.load(); err != nil {
		return err
	}
	l, err := tls.Listen("tcp", fmt.Sprintf("%s:%d", s.conf.Address, s.conf.Port), &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.pair.Load(), nil },
	})
	if err != nil {
		return err
	}
	go accept(l, func(c net.Conn) { _, _ = io.Copy(c, c) })
	if s.conf.Child {
		child := exec.Command(program0(), "fake-child")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return err
		}
	}
	socket := filepath.Join(s.conf.Run, "fake.sock")
	_ = os.Remove(socket)
	u, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go accept(u, s.admin)
	return nil
}

func program0() string {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	return self
}

func accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() { defer c.Close(); serve(c) }()
	}
}

func (s *fakeServer) bound() (fakePair, error) {
	st, err := os.Stat(s.conf.Binding)
	if err != nil {
		return fakePair{}, err
	}
	if st.IsDir() {
		return fakePair{filepath.Join(s.conf.Binding, "server.crt"), filepath.Join(s.conf.Binding, "server.key")}, nil
	}
	var p fakePair
	text, err := os.ReadFile(s.conf.Binding)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

func (s *fakeServer) load() error {
	p, err := s.bound()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err == nil {
		s.pair.Store(&pair)
	}
	return err
}

func (s *fakeServer) admin(c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		answer := "ok"
		switch lines.Text() {
		case "reload":
			if s.conf.Deaf {
				break
			}
			if err := s.load(); err != nil {
				answer = err.Error()
			}
		case "effective":
			p, _ := s.bound()
			if s.conf.Outrank != "" {
				p = fakePair{s.conf.Outrank + "/server.crt", s.conf.Outrank + "/server.key"}
			}
			answer = p.Cert + "|" + p.Key
		}
		fmt.Fprintln(c, answer)
	}
}
