package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/provider"
)

// Watch waits for the end of the server that runs now. It costs nothing while
// nothing happens, and it holds up no other call.
func (p *Provider) Watch(ctx context.Context, i provider.Instance) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	pr, running, err := p.find(pl)
	if err != nil || !running {
		return err
	}
	fd, err := unix.PidfdOpen(pr.pid, unix.PIDFD_NONBLOCK)
	switch {
	case errors.Is(err, unix.ESRCH):
		return nil
	case err != nil:
		// A kernel before 5.10, or a sandbox.
		return p.gone(ctx, []process{pr})
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close()
	// Checked after the handle was taken: it is this process's or nobody's.
	if !pr.alive() {
		return nil
	}
	return ended(ctx, f)
}

// ended waits until the process behind a non-blocking pidfd has ended, which
// makes the descriptor readable (pidfd_open(2)).
func ended(ctx context.Context, pidfd *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = pidfd.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := pidfd.SyscallConn()
	if err != nil {
		return fmt.Errorf("watch process: %w", err)
	}
	err = raw.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err == nil && n > 0
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("watch process: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("watch process: %w", err)
	}
	return nil
}
