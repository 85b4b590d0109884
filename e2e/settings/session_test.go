package settings_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// session is a vendor's client that is logged in and stays so.
type session struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	said  *strings.Builder // its standard error; to be read when lines is closed
}

// client is the command of the vendor's client, with TLS that verifies all
// against roots, or without TLS when roots is "".
func (d *database) client(roots string) *exec.Cmd {
	if d.speaksPostgres() {
		mode := "sslmode=disable"
		if roots != "" {
			mode = "sslmode=verify-full sslrootcert=" + roots
		}
		c := exec.Command("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", fmt.Sprintf("host=%s port=%d user=%s dbname=postgres connect_timeout=10 %s", d.Address, d.Port, d.User, mode))
		c.Env = append(os.Environ(), "PGPASSWORD="+d.Password)
		return c
	}
	args := []string{"--no-defaults", "--batch", "--unbuffered", "--skip-column-names", "--connect-timeout=10", "--protocol=tcp",
		"--host=" + d.Address, "--port=" + strconv.Itoa(d.Port), "--user=" + d.User}
	if roots == "" {
		args = append(args, "--skip-ssl")
	} else {
		args = append(args, "--ssl-verify-server-cert", "--ssl-ca="+roots)
	}
	c := exec.Command("mariadb", args...)
	c.Env = append(os.Environ(), "MYSQL_PWD="+d.Password)
	return c
}

// connect logs in; roots as for client.
func (d *database) connect(t *testing.T, roots string) (*session, error) {
	t.Helper()
	s := &session{cmd: d.client(roots), lines: make(chan string, 16), said: &strings.Builder{}}
	s.cmd.Stderr, s.cmd.WaitDelay = s.said, time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("no client on this machine: %v", err)
	}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			s.lines <- scan.Text()
		}
		s.cmd.Wait() // how it ended is in said
		close(s.lines)
	}()
	t.Cleanup(s.close)
	_, err = s.ask("SELECT 1")
	return s, err
}

func (s *session) close() {
	s.in.Close()
	for {
		select {
		case _, more := <-s.lines:
			if !more {
				return
			}
		case <-time.After(5 * time.Second):
			s.cmd.Process.Kill()
		}
	}
}

// ask runs a query that answers with one line.
func (s *session) ask(query string) (string, error) {
	if _, err := io.WriteString(s.in, query+";\n"); err != nil {
		for range s.lines { // until it has ended
		}
		return "", fmt.Errorf("the session has ended: %w: %s", err, s.said)
	}
	select {
	case line, more := <-s.lines:
		if !more {
			return "", fmt.Errorf("the session has ended: %s", s.said)
		}
		return line, nil
	case <-time.After(patience):
		return "", fmt.Errorf("no answer to %q within %v", query, patience)
	}
}

// mustAsk is ask for a session that has to live.
func (s *session) mustAsk(t *testing.T, what, query string) string {
	t.Helper()
	got, err := s.ask(query)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return got
}

// mustConnect is connect for a client that has to be let in.
func (d *database) mustConnect(t *testing.T, what, roots string) *session {
	t.Helper()
	s, err := d.connect(t, roots)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return s
}
