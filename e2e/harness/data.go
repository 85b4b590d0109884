package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Data makes an empty directory for --data: short, because socket paths in it
// have a limit, and open to the engines' users. When the test ends, every
// process at work in it is killed and it is removed.
func Data(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "dbtls-")
	if err != nil {
		t.Fatalf("make data directory: %v", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatalf("open data directory to the engines: %v", err)
	}
	t.Cleanup(func() {
		killAll(t, dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove data directory: %v", err)
		}
	})
	return dir
}

// killAll kills until nothing is left: a server that is killed may be caught
// between two children.
func killAll(t testing.TB, dir string) {
	Poll(t, 20*time.Second, "every process of "+dir+" is gone", func() bool {
		left := Processes(dir)
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL) // one that has just ended is as good
		}
		return len(left) == 0
	})
}

// Processes lists the pids of every process that names dir in its arguments or
// works in it, zombies and this process excepted.
func Processes(dir string) []int {
	names, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, p := range names {
		pid, err := strconv.Atoi(filepath.Base(p))
		if err != nil || pid == os.Getpid() || !at(p, dir) {
			continue
		}
		found = append(found, pid)
	}
	return found
}

// MainProcess is the first process of the family that belongs to dir, 0 when there
// is none. A child of a server can lead a session of its own and has its parent's
// arguments for a moment, so neither tells them apart: the parent does.
func MainProcess(dir string) int {
	family := Processes(dir)
	for _, pid := range family {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil && !slices.Contains(family, parent) {
			return pid
		}
	}
	return 0
}

// at reports whether the process described in p belongs to dir.
func at(p, dir string) bool {
	argv, _ := os.ReadFile(filepath.Join(p, "cmdline")) // gone meanwhile: empty
	cwd, _ := os.Readlink(filepath.Join(p, "cwd"))
	named := bytes.Contains(append(argv, 0), []byte(dir+"/")) || bytes.Contains(append(argv, 0), []byte(dir+"\x00"))
	if !named && cwd != dir && !strings.HasPrefix(cwd, dir+"/") {
		return false
	}
	stat, err := os.ReadFile(filepath.Join(p, "stat"))
	end := bytes.LastIndexByte(stat, ')')
	return err == nil && end > 0 && !bytes.HasPrefix(stat[end+1:], []byte(" Z"))
}

// Poll waits until ok holds, asking ten times a second, and fails the test
// saying what it waited for.
func Poll(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); ; {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		<-time.After(100 * time.Millisecond)
	}
}
