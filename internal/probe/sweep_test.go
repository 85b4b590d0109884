package probe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// every asks about n targets, the address of each from at.
func every(q probe.Question, n int, at func(int) string) iter.Seq2[probe.Question, error] {
	return func(yield func(probe.Question, error) bool) {
		for i := range n {
			q := q
			q.Target.Address, q.Label = at(i), fmt.Sprint(i)
			if !yield(q, nil) {
				return
			}
		}
	}
}

func TestASweepReportsOnEveryTargetOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var open, most atomic.Int32
	address := listen(t, "S", func(c net.Conn) {
		n := open.Add(1)
		defer open.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		handshake(served(w.leaf, w.issuing))(c)
	})
	got := map[string]int{}
	err := probe.Sweep{Concurrency: 4, Timeout: 10 * time.Second}.Run(t.Context(),
		every(question(t, "", w.trust()), 40, func(int) string { return address }),
		func(r probe.Report) error {
			if !r.OK {
				t.Errorf("%s: %s", r.Target, r.Code)
			}
			got[r.Target]++
			return nil
		})
	if err != nil || len(got) != 40 || got["0"] != 1 || got["39"] != 1 {
		t.Errorf("%v: %v", err, got)
	}
	if m := most.Load(); m < 2 || m > 8 { // a server sees the end of one after its client has begun another
		t.Errorf("at most %d at once, want about 4", m)
	}
}

func TestASweepEndsWithTheFirstErrorOfItsSourceItsSinkAndItsCaller(t *testing.T) {
	t.Parallel()
	w, no := newWorld(t), errors.New("no")
	address := listen(t, "S", handshake(served(w.leaf, w.issuing)))
	s := probe.Sweep{Concurrency: 2, PerHost: 1000, Timeout: 10 * time.Second}
	q := question(t, address, w.trust())
	forever := every(q, 1<<30, func(int) string { return address })
	ok := func(probe.Report) error { return nil }

	err := s.Run(t.Context(), func(yield func(probe.Question, error) bool) { _ = yield(q, nil) && yield(q, no) }, ok)
	if !errors.Is(err, no) {
		t.Errorf("source: %v", err)
	}
	n := 0
	err = s.Run(t.Context(), forever, func(probe.Report) error { n++; return no })
	if !errors.Is(err, no) || n != 1 {
		t.Errorf("sink: %v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Run(ctx, forever, func(probe.Report) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("caller: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	hung := func(func(probe.Question, error) bool) { <-t.Context().Done() } // as standard input may
	if err := s.Run(ctx, hung, ok); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a source that hangs: %v", err)
	}
}

// calls is a wire that notes when it is used, and fails.
type calls struct {
	mu sync.Mutex
	at map[string][]time.Duration
}

// One host is asked at its rate, and others do not wait for that: a sweep whose
// dials fail at once, on a clock of its own.
func TestAHostIsAskedAtItsRateAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c := calls{at: map[string][]time.Duration{}}
		q := probe.Question{Mode: pki.SSLRequire, Target: probe.Target{Engine: engine.Engine{Spec: engine.Spec{Names: []string{"x"}}}}}
		hosts := []string{"busy:1", "BUSY.:2", "busy:3", "busy:4", "calm:1"}
		// An address that cannot be parsed fails before anything is dialled.
		err := probe.Sweep{Concurrency: 1, PerHost: 2, Timeout: time.Second}.Run(t.Context(),
			every(q, len(hosts), func(i int) string { return hosts[i] + "x" }),
			func(r probe.Report) error {
				host, _, _ := strings.Cut(strings.ToLower(r.Address), ":")
				host = strings.TrimSuffix(host, ".")
				c.mu.Lock()
				defer c.mu.Unlock()
				c.at[host] = append(c.at[host], time.Since(begin))
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond}
		if fmt.Sprint(c.at["busy"]) != fmt.Sprint(want) || fmt.Sprint(c.at["calm"]) != "[0s]" {
			t.Errorf("%v, want busy at %v and calm at 0", c.at, want)
		}
	})
}

func TestLinesReadsAListOfTargets(t *testing.T) {
	t.Parallel()
	const text = "\ufeffpostgres://a # the first\n\n  # nothing\r\n\tmysql://b:1\r\nlast"
	var got []string
	for l, err := range probe.Lines(strings.NewReader(text)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d=%s", l.Number, l.Text))
	}
	if want := "[1=postgres://a 4=mysql://b:1 5=last]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	for rule, r := range map[string]io.Reader{
		"a line without end": io.MultiReader(strings.NewReader("a\n"), strings.NewReader(strings.Repeat("x", 1<<20))),
		"a disk that fails":  iotest.ErrReader(errors.New("input/output error")),
	} {
		var last error
		n := 0
		for _, err := range probe.Lines(r) {
			last = err
			n++
		}
		if last == nil || n > 2 {
			t.Errorf("%s: %v after %d", rule, last, n)
		}
		if rule == "a line without end" && (fault.CodeOf(last) != fault.InvalidParameter || !strings.Contains(last.Error(), "line 2")) {
			t.Errorf("%s: %v", rule, last)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb # c\n\n")
	f.Add("\ufeff#\r\n\x00")
	f.Add(strings.Repeat("y", 5000))
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for l, err := range probe.Lines(strings.NewReader(text)) {
			if err != nil {
				return
			}
			if l.Number <= last || l.Text == "" || strings.ContainsAny(l.Text, "#\n") || strings.TrimSpace(l.Text) != l.Text {
				t.Fatalf("%+v after line %d of %q", l, last, text)
			}
			last = l.Number
		}
	})
}
