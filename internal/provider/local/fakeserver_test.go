package local_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
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
		case "fake-copy":
			os.Exit(copyFake(os.Args[2], os.Args[3], os.Args[4]))
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
	Address    string
	Also       []string
	Port       int
	Socket     string
	Parameters map[string]string
	Binding    string // a file that holds a fakePair, or a link to a directory
	Child      bool   // has a child process, in a session of its own
	Stubborn   bool   // ends on SIGKILL only
	Refuse     bool   // says so and exits
	Deaf       bool   // takes a reload and ignores it
	Outrank    string // names this directory's pair as effective
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

// copyFake is a replica's copy, for what it needs to read as the server's user.
func copyFake(data, password, roots string) int {
	st, err := os.Stat(password)
	if err != nil || st.Mode() != 0o600 || int(st.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		fmt.Println("fake-copy: the password file is not mine alone:", err)
		return 1
	}
	secret, err1 := os.ReadFile(password)
	_, err2 := os.ReadFile(roots)
	user, _, _ := strings.Cut(string(secret), ":")
	if err := errors.Join(err1, err2, os.WriteFile(filepath.Join(data, "PRIMARY"), []byte(user), 0o600)); err != nil {
		fmt.Println("fake-copy:", err)
		return 1
	}
	return 0
}

type fakeServer struct {
	conf fakeConf // as started
	file string   // that conf came from
	pair atomic.Pointer[tls.Certificate]
	mood atomic.Pointer[string] // in force
}

// serveFake serves TLS with the bound pair, and "reload", "effective" and
// "ping" on a UNIX socket, until it gets SIGINT.
func serveFake(data, conf string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGQUIT)
	var s fakeServer
	s.file = filepath.Join(conf, "fake.json")
	var err error
	if s.conf, err = s.read(); err == nil {
		err = s.setMood(s.conf)
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
	for _, address := range append([]string{s.conf.Address}, s.conf.Also...) {
		l, err := tls.Listen("tcp", fmt.Sprintf("%s:%d", address, s.conf.Port), &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.pair.Load(), nil },
		})
		if err != nil {
			return err
		}
		go accept(l, func(c net.Conn) { _, _ = io.Copy(c, c) })
	}
	if s.conf.Child {
		child := exec.Command(program0(), "fake-child")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return err
		}
	}
	_ = os.Remove(s.conf.Socket)
	u, err := net.Listen("unix", s.conf.Socket)
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

func (s *fakeServer) read() (c fakeConf, err error) {
	text, err := os.ReadFile(s.file)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

func (s *fakeServer) setMood(c fakeConf) error {
	mood := c.Parameters["mood"]
	switch mood {
	case "bad":
		return errors.New("refusing a bad mood on purpose")
	case "mortal":
		log.Print("fake-server: ending on purpose")
		os.Exit(1)
	}
	s.mood.Store(&mood)
	return nil
}

// apply takes the file again, which has to hold the parameters in text.
func (s *fakeServer) apply(text string) error {
	var told map[string]string
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		return err
	}
	c, err := s.read()
	if err != nil {
		return err
	}
	if !maps.Equal(told, c.Parameters) {
		return fmt.Errorf("told %v, but the file has %v", told, c.Parameters)
	}
	return s.setMood(c)
}

func (s *fakeServer) admin(c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		answer := "ok"
		order, rest, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "mood":
			answer = *s.mood.Load()
		case "allow":
			fmt.Println("fake-server: allowed", strings.Fields(rest)[0])
		case "apply":
			if err := s.apply(rest); err != nil {
				answer = err.Error()
			}
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
