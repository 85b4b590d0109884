package evidence_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// BenchmarkLogins is what 200 logins a second at a real PostgreSQL cost dbtls:
// CPU time of its process, as a share of one core. Each b.N is a second.
func BenchmarkLogins(b *testing.B) {
	s := harness.Start(b, harness.Data(b))
	i := s.Create(b, "busy", "postgres")
	roots := s.File(b, "/global/global-bundle.pem")
	rest := idle(b, s)
	began, used, logins := time.Now(), cpu(b, s.Pid()), 0
	for range b.N {
		next := time.After(time.Second)
		failed := make(chan error, 4)
		for range 4 {
			go func() {
				for range 50 {
					if err := visit(b.Context(), dsn(i, "require", roots, "busy"), 0); err != nil {
						failed <- err
						return
					}
				}
				failed <- nil
			}()
		}
		for range 4 {
			if err := <-failed; err != nil {
				b.Fatal(err)
			}
		}
		logins += 200
		<-next
	}
	took := time.Since(began).Seconds()
	b.ReportMetric(100*(cpu(b, s.Pid())-used).Seconds()/took, "%core")
	b.ReportMetric(rest, "%core-idle")
	b.ReportMetric(float64(logins)/took, "logins/s")
	harness.Poll(b, soon, "every login is known", func() bool { return sessions(b, s, i.Name).count("encrypted", "busy") == int64(logins) })
}

// idle is what dbtls costs while nobody logs in.
func idle(b *testing.B, s *harness.Server) float64 {
	began, used := time.Now(), cpu(b, s.Pid())
	<-time.After(5 * time.Second)
	return 100 * (cpu(b, s.Pid()) - used).Seconds() / time.Since(began).Seconds()
}

// cpu is how much CPU time a process has used, in ticks of 10 ms.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	total := 0
	for _, f := range fields[11:13] { // utime and stime, proc(5)
		n, err := strconv.Atoi(string(f))
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	return time.Duration(total) * 10 * time.Millisecond
}
