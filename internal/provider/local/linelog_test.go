package local_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/provider"
)

// lineReader is the reader of a log in which a line is a user who logged in.
type lineReader struct{ part []byte }

func lineLog() *engine.LoginLog {
	return &engine.LoginLog{
		Dir:   func(s engine.Settings) string { return filepath.Join(filepath.Dir(s.LogFile), "lines") },
		Match: func(name string) bool { return strings.HasSuffix(name, ".log") },
		Reader: func(_ engine.Settings, conf func(string) ([]byte, error), state []byte) (engine.LogReader, error) {
			if _, err := conf("fake.json"); err != nil {
				return nil, err
			}
			return &lineReader{part: slices.Clone(state)}, nil
		},
	}
}

func (l *lineReader) Feed(data []byte) (seen []engine.Sighting, gap string) {
	l.part = append(l.part, data...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return seen, gap
		}
		l.part = rest
		if strings.HasPrefix(string(line), "GAP") {
			gap = string(line)
			continue
		}
		seen = append(seen, engine.Sighting{Kind: engine.SightLogin, User: string(line)})
	}
}

func (l *lineReader) NextFile() (gap string) {
	if len(l.part) > 0 {
		gap = "half a line"
	}
	l.part = nil
	return gap
}

func (l *lineReader) State() []byte   { return l.part }
func (l *lineReader) Upto() time.Time { return time.Unix(1, 0) }
func (l *lineReader) Blind() string   { return "" }

// logRig is a running server with a log that the test writes.
type logRig struct {
	*rig
	at provider.LogPosition
}

func newLogRig(t *testing.T) *logRig {
	t.Helper()
	e := (&fakeEngine{}).engine()
	e.Log = lineLog()
	r := newRigFor(t, e, provider.Instance{Engine: "fake", Version: "15.1", Port: 15999}).running()
	r.eng.Server = busy{r.eng.Server} // its log would not tell of dbtls's own logins
	r.Provider = r.provider()
	return &logRig{rig: r}
}

// busy is a server that nobody can manage now.
type busy struct{ engine.Server }

func (busy) Admin(context.Context, engine.Settings) (engine.Admin, error) {
	return nil, errors.New("too many sessions")
}

func (r *logRig) file(name string) string { return r.path("log", "lines", name) }

// write appends to a file as the server does.
func (r *logRig) write(name, text string) {
	r.Helper()
	f, err := os.OpenFile(r.file(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	r.ok(err)
	_, err = f.WriteString(text)
	r.ok(err)
	r.ok(f.Close())
	st, err := os.Stat(r.path("log", "lines"))
	r.ok(err)
	sys := st.Sys().(*syscall.Stat_t)
	r.ok(os.Chown(r.file(name), int(sys.Uid), int(sys.Gid)))
}

// next reads on, most bytes at a time, until there is no more; a user a word.
func (r *logRig) next(most int) (users string, last provider.LogBatch) {
	r.Helper()
	var all, gaps []string
	for {
		b, err := r.Logins(r.ctx(), r.inst, r.at, most)
		r.ok(err)
		for _, s := range b.Sightings {
			all = append(all, s.User)
		}
		if b.Gap != "" {
			gaps = append(gaps, b.Gap)
		}
		if r.at = b.Next; !b.More {
			b.Gap = strings.Join(gaps, "|")
			return strings.Join(all, " "), b
		}
	}
}

// want reads on and compares.
func (r *logRig) want(users, gap, blind string) provider.LogBatch {
	r.Helper()
	got, b := r.next(1 << 20)
	if got != users || !strings.Contains(b.Gap, gap) || (gap == "") != (b.Gap == "") || !strings.Contains(b.Blind, blind) || (blind == "") != (b.Blind == "") {
		r.Errorf("read %q, gap %q, blind %q; want %q, %q, %q", got, b.Gap, b.Blind, users, gap, blind)
	}
	return b
}
