package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/jobs"
)

// plan is work that is due at times, like rows of the state: a job takes its
// row away when it is done.
type plan struct {
	mu      sync.Mutex
	due     map[string]time.Time
	lasts   time.Duration // of one job
	err     error         // of every look
	jobErr  error
	keep    bool // a job leaves its row due
	looks   int
	now     map[string]int // jobs running, by key
	most    int            // at a time
	ran     []string
	twice   bool
	stopped int // jobs whose context ended
}

func (p *plan) set(f func(*plan)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *plan) Due(_ context.Context, now time.Time) ([]jobs.Job, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks++
	if p.err != nil {
		return nil, p.err
	}
	var due []jobs.Job
	for key, at := range p.due {
		if !at.After(now) {
			due = append(due, jobs.Job{Key: key, Run: func(ctx context.Context) error { return p.run(ctx, key) }})
		}
	}
	slices.SortFunc(due, func(a, b jobs.Job) int { return p.due[a.Key].Compare(p.due[b.Key]) })
	return due, nil
}

func (p *plan) NextDue(context.Context) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var next time.Time
	for _, at := range p.due {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, nil
}

func (p *plan) run(ctx context.Context, key string) error {
	p.set(func(p *plan) {
		p.now[key]++
		p.twice = p.twice || p.now[key] > 1
		p.most = max(p.most, len(p.now))
		p.ran = append(p.ran, key)
	})
	defer p.set(func(p *plan) { delete(p.now, key) })
	select {
	case <-ctx.Done():
		p.set(func(p *plan) { p.stopped++ })
		return ctx.Err()
	case <-time.After(p.lasts):
	}
	p.set(func(p *plan) {
		if !p.keep {
			delete(p.due, key)
		}
	})
	return p.jobErr
}

// running starts a loop over p in a synctest bubble and stops it at the end.
func running(t *testing.T, p *plan, workers int, f func(*jobs.Loop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p.now = map[string]int{}
		l := jobs.NewLoop(p, workers, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.Run(ctx); close(done) }()
		synctest.Wait()
		f(l)
		cancel()
		<-done
		if len(p.now) != 0 {
			t.Errorf("%d jobs run on after the loop has ended", len(p.now))
		}
	})
}

func pass(d time.Duration) {
	time.Sleep(d) // the bubble's clock: no waiting
	synctest.Wait()
}

func TestWorkThatIsDueRunsAtOnceAndOtherWorkWhenItsTimeComes(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{}}
	p.due["past"] = time.Time{}.Add(1)
	running(t, p, 4, func(l *jobs.Loop) {
		p.set(func(p *plan) {
			if !slices.Equal(p.ran, []string{"past"}) {
				t.Errorf("at the start ran %v: a restart resumes at once", p.ran)
			}
			p.due["later"] = time.Now().Add(10 * time.Second)
		})
		l.Wake()
		pass(9 * time.Second)
		p.set(func(p *plan) {
			if len(p.ran) != 1 {
				t.Errorf("too early ran %v", p.ran)
			}
		})
		pass(time.Second + 250*time.Millisecond)
		p.set(func(p *plan) {
			if !slices.Equal(p.ran, []string{"past", "later"}) {
				t.Errorf("in the end ran %v", p.ran)
			}
		})
	})
}

func TestAWakeUpIsNotLostWhileTheLoopIsBusy(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{}}
	running(t, p, 1, func(l *jobs.Loop) {
		for n := range 20 {
			p.set(func(p *plan) { p.due[fmt.Sprint(n)] = time.Now() })
			l.Wake()
			l.Wake() // never blocks
		}
		synctest.Wait()
		p.set(func(p *plan) {
			if len(p.ran) != 20 || len(p.due) != 0 {
				t.Errorf("ran %d, left %d", len(p.ran), len(p.due))
			}
		})
	})
}

func TestOneKeyNeverRunsTwiceAtATime(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{"a": {}, "b": {}}, lasts: time.Minute, keep: true}
	p.due["a"], p.due["b"] = time.Unix(1, 0), time.Unix(1, 0)
	running(t, p, 8, func(l *jobs.Loop) {
		for range 50 {
			l.Wake()
			pass(10 * time.Second)
		}
		p.set(func(p *plan) {
			if p.twice {
				t.Error("two jobs of one key ran at a time")
			}
			if n := len(p.ran); n < 14 || n > 18 {
				t.Errorf("in 500 s %d jobs of a minute on two keys ran", n)
			}
		})
	})
}

func TestAtMostSoManyWorkersRun(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{}, lasts: time.Second}
	for n := range 30 {
		p.due[fmt.Sprint(n)] = time.Unix(int64(n+1), 0)
	}
	running(t, p, 3, func(*jobs.Loop) {
		pass(12 * time.Second)
		p.set(func(p *plan) {
			if p.most != 3 {
				t.Errorf("%d ran at a time, want 3", p.most)
			}
			if len(p.ran) != 30 {
				t.Errorf("%d of 30 ran in the time that three workers need", len(p.ran))
			}
			for n := range p.ran { // three start at a time, in any order
				if at := slices.Index(p.ran, fmt.Sprint(n)); at/3 != n/3 {
					t.Errorf("not the most urgent first: %v", p.ran)
					break
				}
			}
		})
	})
}

func TestAStateThatCannotBeReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{"a": time.Unix(1, 0)}, err: errors.New("disk")}
	running(t, p, 1, func(*jobs.Loop) {
		pass(10 * time.Second)
		p.set(func(p *plan) {
			if p.looks < 10 || p.looks > 100 {
				t.Errorf("%d looks in 10 s: neither given up nor a busy loop", p.looks)
			}
			p.err = nil
		})
		pass(time.Second)
		p.set(func(p *plan) {
			if len(p.ran) != 1 {
				t.Error("it does not go on")
			}
		})
	})
}

func TestWorkThatFailsAtOnceIsNoBusyLoop(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{"a": time.Unix(1, 0)}, keep: true, jobErr: errors.New("no"), lasts: time.Millisecond}
	running(t, p, 1, func(*jobs.Loop) {
		pass(10 * time.Second)
		p.set(func(p *plan) {
			if n := len(p.ran); n > 200 {
				t.Errorf("a job that fails at once was started %d times in 10 s", n)
			}
		})
	})
}

func TestAnIdleLoopLooksOnceAMinute(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{}}
	running(t, p, 1, func(*jobs.Loop) {
		pass(time.Hour)
		p.set(func(p *plan) {
			if p.looks < 59 || p.looks > 62 {
				t.Errorf("%d looks in an idle hour", p.looks)
			}
		})
	})
}

func TestTheEndOfTheLoopEndsItsJobsAndWaitsForThem(t *testing.T) {
	t.Parallel()
	p := &plan{due: map[string]time.Time{"a": time.Unix(1, 0), "b": time.Unix(1, 0)}, lasts: time.Hour}
	running(t, p, 4, func(*jobs.Loop) {})
	if p.stopped != 2 {
		t.Errorf("%d of 2 jobs were told to end", p.stopped)
	}
}
