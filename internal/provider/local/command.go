package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/hostfs"
)

const (
	tailBytes = 4096 // of the log, at most, in an error
	tailLines = 12
)

// command is a program of the engine, run as the engine's user with its
// output in the log: a file, because a pipe's reader ends with dbtls and
// takes the writer with it.
func (pl *place) command(c engine.Process, out *os.File) *exec.Cmd {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, c.Env...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = pl.root
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = pl.account.sysProc()
	return cmd
}

// run runs c to its end, or kills it and its children when ctx ends.
func (pl *place) run(ctx context.Context, c engine.Process) error {
	out, err := pl.openLog()
	if err != nil {
		return err
	}
	defer out.Close()
	from, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("find end of log: %w", err)
	}
	cmd := pl.command(c, out)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %q as user %q: %w", c.Path, pl.account.name, err)
	}
	// The command leads its own process group (it leads a session).
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err = cmd.Wait()
	stop()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("run %q: %w", c.Path, ctx.Err())
	}
	tail := pl.logTail(from)
	if strings.Contains(tail, "No space left on device") {
		return hostfs.Full(pl.root, errors.New(tail))
	}
	return fmt.Errorf("run %q: %w; the last lines of its output: %s", c.Path, err, tail)
}

// openLog opens the log for appending. The file is the engine's, since some
// servers open it themselves; its directory is not, so it cannot be a link
// that the engine's user planted.
func (pl *place) openLog() (*os.File, error) {
	const flags = os.O_WRONLY | os.O_APPEND | os.O_CREATE | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(pl.set.LogFile, flags, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if !pl.account.other {
		return f, nil
	}
	if err := f.Chown(pl.account.uid, pl.account.gid); err != nil {
		f.Close()
		return nil, fmt.Errorf("set owner of log: %w", err)
	}
	return f, nil
}

// logTail is the end of the log, of what was written after the offset from.
func (pl *place) logTail(from int64) string {
	f, err := os.OpenFile(pl.set.LogFile, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return unreadable
	}
	defer f.Close()
	return tailOf(f, from)
}

const unreadable = "(the log cannot be read)"

func tailOf(f *os.File, from int64) string {
	st, err := f.Stat()
	if err != nil {
		return unreadable
	}
	b := make([]byte, tailBytes)
	n, _ := f.ReadAt(b, max(from, st.Size()-tailBytes))
	lines := bytes.Split(bytes.TrimSpace(b[:n]), []byte("\n"))
	lines = lines[max(0, len(lines)-tailLines):]
	if n == 0 {
		return "(nothing)"
	}
	return strings.ToValidUTF8(string(bytes.Join(lines, []byte(" | "))), "?")
}
