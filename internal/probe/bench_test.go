package probe_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// BenchmarkSweep runs the ordinary binary over targets that each have their
// own loopback address and answer in the PostgreSQL protocol, from this
// process. It reports what the binary took; the machine's cores serve both.
func BenchmarkSweep(b *testing.B) {
	binary := harness.Binary(b)
	w := newWorld(b)
	ca := filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.root.Raw}), 0o600); err != nil {
		b.Fatal(err)
	}
	config := served(w.leaf, w.issuing)
	config.SessionTicketsDisabled = true
	port := responder(b, config)
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("targets=%d", n), func(b *testing.B) {
			var targets bytes.Buffer
			for i := range n {
				fmt.Fprintf(&targets, "postgres://127.%d.%d.%d:%d\n", 1+i>>16, i>>8&255, i&255, port)
			}
			file := filepath.Join(b.TempDir(), "targets")
			if err := os.WriteFile(file, targets.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
			var took, cpu time.Duration
			var rss int64
			for b.Loop() {
				cmd := exec.Command(binary, "probe", "--targets", file, "--ca", ca, "--server-name", name, "--json", "--timeout", "30s")
				var errs bytes.Buffer
				lines := new(lineCount)
				cmd.Stdout, cmd.Stderr = lines, &errs
				begin := time.Now()
				if err := cmd.Run(); err != nil {
					b.Fatalf("%v: %s", err, errs.String())
				}
				took += time.Since(begin)
				if int(*lines) != n {
					b.Fatalf("%d lines for %d targets", *lines, n)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				rss = max(rss, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
			}
			probes := float64(n * b.N)
			b.ReportMetric(probes/took.Seconds(), "probes/s")
			b.ReportMetric(cpu.Seconds()*1000/probes, "cpu-ms/probe")
			b.ReportMetric(float64(rss)/1024, "MiB-RSS")
		})
	}
}

type lineCount int

func (l *lineCount) Write(b []byte) (int, error) {
	*l += lineCount(bytes.Count(b, []byte{'\n'}))
	return len(b), nil
}

// responder answers on every loopback address.
func responder(b *testing.B, config *tls.Config) int {
	b.Helper()
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
					return
				}
				_, _ = io.WriteString(c, "S")
				handshake(config)(c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func BenchmarkJudge(b *testing.B) {
	w := newWorld(b)
	o, q := seen(w.leaf, w.issuing), question(b, "h:1", w.trust())
	b.ReportAllocs()
	for b.Loop() {
		if r := probe.Judge(o, nil, q, time.Now()); !r.OK || r.Strictest != pki.SSLVerifyFull {
			b.Fatal(r.Code)
		}
	}
}
