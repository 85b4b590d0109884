package walletcli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/walletcli"
)

func TestWhereAPasswordComesFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(file, []byte("from file\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\nx"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_WALLET_PASSWORD", "from environment")
	for name, r := range map[string]struct {
		p    walletcli.Password
		want string
		says string
	}{
		"the option":               {walletcli.Password{Option: "opt", HasOption: true, Variable: "TEST_WALLET_PASSWORD"}, "opt", ""},
		"the file":                 {walletcli.Password{File: file, Variable: "TEST_WALLET_PASSWORD"}, "from file", ""},
		"standard input":           {walletcli.Password{File: "-"}, "from input", ""},
		"the environment":          {walletcli.Password{Variable: "TEST_WALLET_PASSWORD"}, "from environment", ""},
		"the option and the file":  {walletcli.Password{Option: "opt", HasOption: true, File: file}, "", "not both"},
		"an empty file":            {walletcli.Password{File: empty}, "", "is empty"},
		"a file that is not there": {walletcli.Password{File: file + "x"}, "", "no such file"},
		"nowhere":                  {walletcli.Password{Variable: "TEST_NOT_SET"}, "", "--password-file"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.p.Get(t.Context(), strings.NewReader("from input\n"), io.Discard)
			switch {
			case r.says == "" && (err != nil || got != r.want):
				t.Errorf("%q, %v; want %q", got, err, r.want)
			case r.says != "" && (err == nil || !strings.Contains(err.Error(), r.says)):
				t.Errorf("error %v does not say %q", err, r.says)
			}
		})
	}
}

// terminal returns both ends of a new pseudo-terminal.
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	return keyboard, tty
}

// prompts types one line at the terminal for each prompt it sees.
type prompts struct {
	mu       sync.Mutex
	seen     bytes.Buffer
	keyboard io.Writer
	lines    []string
}

func (p *prompts) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.Write(b)
	if bytes.HasSuffix(b, []byte(": ")) && len(p.lines) > 0 {
		if _, err := io.WriteString(p.keyboard, p.lines[0]+"\n"); err != nil {
			return 0, err
		}
		p.lines = p.lines[1:]
	}
	return len(b), nil
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}

func TestThePromptDoesNotEcho(t *testing.T) {
	t.Parallel()
	keyboard, tty := terminal(t)
	screen := &prompts{keyboard: keyboard, lines: []string{"Secret-12345", "Secret-12345"}}
	p := walletcli.Password{Prompt: "Enter wallet password", Confirm: true, Variable: "TEST_NOT_SET"}
	got, err := p.Get(t.Context(), tty, screen)
	if err != nil || got != "Secret-12345" {
		t.Fatalf("%q, %v", got, err)
	}
	if want := "Enter wallet password: \nEnter wallet password again: \n"; screen.seen.String() != want {
		t.Errorf("the screen shows %q, want %q", screen.seen.String(), want)
	}
	if !echoes(t, tty) {
		t.Error("the terminal does not echo any more")
	}
	shown := make(chan string, 1)
	go func() {
		b := make([]byte, 1024)
		n, _ := keyboard.Read(b)
		shown <- string(b[:n])
	}()
	if _, err := tty.WriteString("end"); err != nil {
		t.Fatal(err)
	}
	if s := <-shown; strings.Contains(s, "Secret") {
		t.Errorf("the terminal showed %q", s)
	}
}

func TestTwoDifferentPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	keyboard, tty := terminal(t)
	screen := &prompts{keyboard: keyboard, lines: []string{"Secret-12345", "Secret-12346"}}
	_, err := walletcli.Password{Confirm: true, Variable: "TEST_NOT_SET"}.Get(t.Context(), tty, screen)
	if err == nil || !strings.Contains(err.Error(), "differ") || strings.Contains(err.Error(), "Secret") {
		t.Errorf("error %v", err)
	}
}

func TestAnEndedContextPutsTheEchoBack(t *testing.T) {
	t.Parallel()
	_, tty := terminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := walletcli.Password{Variable: "TEST_NOT_SET"}.Get(ctx, tty, io.Discard)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal does not echo any more")
	}
}
