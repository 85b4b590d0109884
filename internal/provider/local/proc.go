package local

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// process is one process as /proc describes it (proc(5)). pid and start
// together never name another process until the machine restarts.
type process struct {
	pid, ppid, session int
	uid                int  // effective
	state              byte // of its first thread: 'R', 'S', 'Z' …
	threads            int
	start              uint64 // clock ticks after boot
}

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for every architecture
// Go runs on.
const ticksPerSecond = 100

// parseStat reads /proc/PID/stat. The command name may hold anything, spaces
// and parentheses too, so the fields are counted after its last parenthesis.
func parseStat(b []byte) (process, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return process{}, errors.New("read process status: no command name")
	}
	f := bytes.Fields(b[end+1:])
	if len(f) < 20 {
		return process{}, fmt.Errorf("read process status: %d fields after the name, want 20 or more", len(f))
	}
	pid, err1 := strconv.Atoi(string(bytes.TrimSpace(b[:open])))
	ppid, err2 := strconv.Atoi(string(f[1]))
	session, err3 := strconv.Atoi(string(f[3]))
	threads, err4 := strconv.Atoi(string(f[17]))
	start, err5 := strconv.ParseUint(string(f[19]), 10, 64)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return process{}, fmt.Errorf("read process status: %w", err)
	}
	return process{pid: pid, ppid: ppid, session: session, state: f[0][0], threads: threads, start: start}, nil
}

// parseUID reads the effective user from /proc/PID/status.
func parseUID(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte("Uid:"))
		if !ok {
			continue
		}
		f := bytes.Fields(rest)
		if len(f) < 2 {
			break
		}
		uid, err := strconv.Atoi(string(f[1]))
		if err != nil {
			return 0, fmt.Errorf("read process owner: %w", err)
		}
		return uid, nil
	}
	return 0, errors.New("read process owner: no Uid line")
}

// splitArgv reads /proc/PID/cmdline; nil for a kernel thread and for a process
// that is gone or on its way out.
func splitArgv(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	var argv []string
	for part := range bytes.SplitSeq(b, []byte{0}) {
		argv = append(argv, string(part))
	}
	return argv
}

func readProcess(pid int) (process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, fmt.Errorf("read process: %w", err)
	}
	pr, err := parseStat(stat)
	if err != nil {
		return process{}, err
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return process{}, fmt.Errorf("read process: %w", err)
	}
	pr.uid, err = parseUID(status)
	return pr, err
}

// pids lists the processes of this machine.
func pids() ([]int, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	list := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			list = append(list, pid)
		}
	}
	return list, nil
}

// alive reports whether exactly this process still runs; a zombie does not.
func (pr process) alive() bool {
	now, err := readProcess(pr.pid)
	return err == nil && now.start == pr.start && now.uid == pr.uid && !now.dead()
}

// dead: while other threads are still on their way out, a process whose first
// thread is a zombie holds its ports and locks.
func (pr process) dead() bool { return (pr.state == 'Z' || pr.state == 'X') && pr.threads <= 1 }

// signal sends sig to exactly this process. The handle (a pidfd) is taken
// before the identity is checked, so a reused pid is never hit.
func (pr process) signal(sig syscall.Signal) error {
	h, err := os.FindProcess(pr.pid)
	if err != nil {
		return fmt.Errorf("find process %d: %w", pr.pid, err)
	}
	defer h.Release()
	if !pr.alive() {
		return nil
	}
	if err := h.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to process %d: %w", sig, pr.pid, err)
	}
	return nil
}

// startedAt is the process's start on the wall clock, good to a second.
func (pr process) startedAt() (time.Time, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, fmt.Errorf("read boot time: %w", err)
	}
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			boot, err := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64)
			if err != nil {
				return time.Time{}, fmt.Errorf("read boot time: %w", err)
			}
			return time.Unix(boot, 0).Add(time.Duration(pr.start) * time.Second / ticksPerSecond).UTC(), nil
		}
	}
	return time.Time{}, errors.New("read boot time: /proc/stat has no btime line")
}
