package walletcli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
)

// Password is where a password may come from, in this order: the option, the
// file, the environment, a prompt.
type Password struct {
	Option    string // the value on the command line; other users may see it in the process list
	HasOption bool   // the option was given, if only with ""
	File      string // its first line; "-" is standard input
	Variable  string // name of the environment variable
	Prompt    string // "Enter wallet password"
	Confirm   bool   // ask twice: the password is a new one
}

// Get finds the password. It prompts without echo on a terminal only, and
// stops waiting when ctx ends.
func (p Password) Get(ctx context.Context, in io.Reader, out io.Writer) (string, error) {
	switch {
	case p.HasOption && p.File != "":
		return "", fault.New(fault.InvalidCombination, "give the password as an option or in a file, not both")
	case p.HasOption:
		return p.Option, nil
	case p.File != "":
		return p.read(in)
	}
	if v, ok := os.LookupEnv(p.Variable); ok {
		return v, nil
	}
	tty, ok := in.(*os.File)
	if !ok || !isTerminal(tty) {
		return "", fault.New(fault.MissingParameter, "no wallet password: give --password-file FILE (- for standard input), the variable %s or --password, or run this on a terminal to be asked", p.Variable)
	}
	first, err := ask(ctx, tty, out, p.Prompt)
	if err != nil || !p.Confirm {
		return first, err
	}
	second, err := ask(ctx, tty, out, p.Prompt+" again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", fault.New(fault.InvalidParameter, "the two passwords differ; nothing was changed")
	}
	return first, nil
}

func (p Password) read(in io.Reader) (string, error) {
	if p.File != "-" {
		f, err := os.Open(p.File)
		if err != nil {
			return "", fmt.Errorf("read password file: %w", err)
		}
		defer f.Close()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password file %q: %w", p.File, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fault.New(fault.InvalidParameter, "the first line of the password file %q is empty", p.File)
	}
	return line, nil
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// ask reads one line without echo and puts the echo back, also when ctx ends.
func ask(ctx context.Context, tty *os.File, out io.Writer, prompt string) (string, error) {
	fd := int(tty.Fd())
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("read terminal settings: %w", err)
	}
	quiet := *old
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return "", fmt.Errorf("turn off terminal echo: %w", err)
	}
	defer func() {
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, old)
		fmt.Fprintln(out)
	}()
	fmt.Fprint(out, prompt+": ")
	type answer struct {
		line string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		line, err := readLine(tty)
		done <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("read password: %w", ctx.Err())
	case a := <-done:
		return a.line, a.err
	}
}

// readLine reads byte by byte: the next line is the next prompt's.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < 4096; {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			break
		}
		if n == 1 {
			line = append(line, b[0])
		}
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
