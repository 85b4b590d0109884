package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// secretFlags are the four ways to give a password: as it is (others on the
// machine can see that), from a file's first line, from the environment, and,
// when none is given and one is needed, by a prompt.
type secretFlags struct {
	name             string
	value, file, env string
	read             *string // what get has found: standard input can be read once
}

func (s *secretFlags) flags(c *cobra.Command, name, what string) {
	s.name = name
	f := c.Flags()
	f.StringVar(&s.value, name, "", what+"; other users of this machine can see it in the process list")
	f.StringVar(&s.file, name+"-file", "", "file whose first line is the "+what+"; - is standard input")
	f.StringVar(&s.env, name+"-env", "", "environment variable that holds the "+what)
}

// get returns the password that was given, "" for none. It never asks.
func (s *secretFlags) get(c *cobra.Command) (string, error) {
	if s.read == nil {
		value, err := s.find(c)
		if err != nil {
			return "", err
		}
		s.read = &value
	}
	return *s.read, nil
}

func (s *secretFlags) find(c *cobra.Command) (string, error) {
	given := 0
	for _, f := range []string{s.name, s.name + "-file", s.name + "-env"} {
		if c.Flags().Changed(f) {
			given++
		}
	}
	switch {
	case given > 1:
		return "", usageError{fmt.Errorf("give one of --%[1]s, --%[1]s-file and --%[1]s-env", s.name)}
	case s.file == "-":
		return firstLine(c.InOrStdin())
	case s.file != "":
		f, err := os.Open(s.file)
		if err != nil {
			return "", fmt.Errorf("read password file: %w", err)
		}
		defer f.Close()
		return firstLine(f)
	case s.env != "":
		value, ok := os.LookupEnv(s.env)
		if !ok {
			return "", usageError{fmt.Errorf("the environment has no variable %q", s.env)}
		}
		return value, nil
	}
	return s.value, nil
}

// need is get, with a prompt on the terminal when nothing was given; twice
// for a password that is new.
func (s *secretFlags) need(c *cobra.Command, prompt string, twice bool) (string, error) {
	value, err := s.get(c)
	if err != nil || value != "" {
		return value, err
	}
	missing := usageError{fmt.Errorf("a password is needed; give --%[1]s-file, --%[1]s-env or --%[1]s", s.name)}
	if c.Flags().Changed(s.name) || s.file != "" || s.env != "" {
		return "", missing
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", missing // nobody to ask
	}
	defer tty.Close()
	value, err = ask(c.Context(), tty, prompt+": ")
	if err != nil || !twice {
		return value, err
	}
	again, err := ask(c.Context(), tty, "Once more: ")
	if err == nil && again != value {
		err = usageError{errors.New("the two passwords differ; nothing was changed")}
	}
	return value, err
}

// ask reads a line without showing it. The terminal is as it was on return, on
// an interrupt too.
func ask(ctx context.Context, tty *os.File, prompt string) (string, error) {
	fd := int(tty.Fd())
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("read terminal settings: %w", err)
	}
	silent := *old
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &silent); err != nil {
		return "", fmt.Errorf("silence terminal: %w", err)
	}
	defer func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, old) }()
	fmt.Fprint(tty, prompt)
	defer fmt.Fprintln(tty)
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() { // ends with the process when nobody answers
		line, err := firstLine(tty)
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		return a.line, a.err
	case <-ctx.Done():
		return "", fmt.Errorf("ask for a password: %w", ctx.Err())
	}
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
