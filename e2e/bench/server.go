package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// site is a directory with the program, built as it ships.
type site struct {
	dir    string
	binary string
	last   *server // the one that is running, or was last

	instances, moved int // of the simulated fleet
}

func newSite(ctx context.Context) (*site, error) {
	// Short, because socket paths in it have a limit, and open to the engines.
	dir, err := os.MkdirTemp("/tmp", "dbtls-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	w := &site{dir: dir, binary: filepath.Join(dir, "dbtls")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.binary, "github.com/dbtls/dbtls/cmd/dbtls")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build dbtls: %w: %s", err, out)
	}
	return w, nil
}

// remove ends what runs, engines too, and removes everything.
func (w *site) remove() {
	if w.last != nil {
		w.last.stop()
	}
	for range 50 {
		left := w.processes()
		if len(left) == 0 {
			break
		}
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		<-time.After(100 * time.Millisecond)
	}
	os.RemoveAll(w.dir)
}

// processes are those that name the directory in their arguments or work in it.
func (w *site) processes() []int {
	all, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, p := range all {
		pid, _ := strconv.Atoi(filepath.Base(p))
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		cwd, _ := os.Readlink(filepath.Join(p, "cwd"))
		if pid != os.Getpid() && (strings.Contains(string(line), w.dir+"/") || strings.HasPrefix(cwd, w.dir+"/")) {
			found = append(found, pid)
		}
	}
	return found
}

// server is a running `dbtls serve`.
type server struct {
	cmd   *exec.Cmd
	data  string
	took  time.Duration // from exec to the ready line
	where client
}

// client is client.json.
type client struct {
	Endpoint        string `json:"endpoint"`
	CAFile          string `json:"ca_file"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	Region          string `json:"region"`
}

// start serves a data directory of the site and waits for the ready line. args
// follow `dbtls serve --data DIR --listen 127.0.0.1:0`.
func (w *site) start(name string, args ...string) (*server, error) {
	s := &server{data: filepath.Join(w.dir, name)}
	s.cmd = exec.Command(w.binary, append([]string{"serve", "--data", s.data, "--listen", "127.0.0.1:0"}, args...)...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	w.last = s
	line, err := bufio.NewReader(out).ReadString('\n')
	s.took = time.Since(began)
	if err != nil || !strings.HasPrefix(line, "ready ") {
		return nil, fmt.Errorf("dbtls did not get ready (%q, %v); see its log %s", line, err, s.data+".log")
	}
	text, err := os.ReadFile(filepath.Join(s.data, "client.json"))
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(text, &s.where)
}

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// rss is the resident memory in MiB, now.
func (s *server) rss() (float64, error) { return s.memory("VmRSS:") }

// peak is the most resident memory there was, in MiB.
func (s *server) peak() (float64, error) { return s.memory("VmHWM:") }

// memory reads one line of proc_pid_status(5), in MiB.
func (s *server) memory(line string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		if f := strings.Fields(l); len(f) == 3 && f[0] == line {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no " + line)
}

// cpu is the processor time the server has used, all threads together
// (proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms).
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name in field 2 may hold spaces.
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 13 {
		return 0, errors.New("no processor times")
	}
	var ticks int64
	for _, field := range f[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// starts measures the way to the ready line and the memory when idle.
func starts(ctx context.Context, w *site) ([]row, error) {
	var first, cas, again []time.Duration
	var idle []float64
	for n := range rounds {
		name := fmt.Sprintf("start%d", n)
		began := time.Now()
		s, err := w.start(name)
		if err != nil {
			return nil, err
		}
		first = append(first, s.took)
		if err := s.awaitCAs(ctx); err != nil {
			return nil, err
		}
		cas = append(cas, time.Since(began))
		<-time.After(time.Until(began.Add(s.took + 5*time.Second)))
		mib, err := s.rss()
		if err != nil {
			return nil, err
		}
		idle = append(idle, mib)
		s.stop()
		if s, err = w.start(name); err != nil {
			return nil, err
		}
		again = append(again, s.took)
		s.stop()
	}
	const goal, most = 2 * time.Second, 60.0
	at := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
	return []row{
		{"time to ready, first start", at(median(first)), "<= 2s", "all CAs and crosses made after " + at(median(cas)), median(first) <= goal},
		{"time to ready, restart", at(median(again)), "<= 2s", "", median(again) <= goal},
		{"idle RSS, 5 s after ready", fmt.Sprintf("%.1f MiB", median(idle)), "<= 60 MiB", "", median(idle) <= most},
	}, nil
}

// awaitCAs asks for the bundle until every CA is in it: none is served before.
func (s *server) awaitCAs(ctx context.Context) error {
	c, err := newCaller(s, 1)
	if err != nil {
		return err
	}
	return c.call(ctx, "Action=DescribeCertificates&Version=2014-10-31", "rds-ca-rsa4096-g1")
}
