// Package jobs wakes work up. The work itself is rows of the domain (a
// rotation and its step, an instance being created): a job is only the call
// that takes a row further, so a restart resumes every unfinished row at once
// and nothing is lost with this package's memory.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Job is due work on one thing. At most one job per key runs at a time.
type Job struct {
	Key string
	Run func(context.Context) error
}

// Source says what is due.
type Source interface {
	// Due lists the jobs due at now, most urgent first.
	Due(ctx context.Context, now time.Time) ([]Job, error)
	// NextDue is when something becomes due; zero: nothing planned.
	NextDue(ctx context.Context) (time.Time, error)
}

// idle is how long the loop sleeps when nothing is planned; it bounds what a
// clock set back can delay.
const idle = time.Minute

// retry is the pause when due work cannot be started: all workers are busy, its
// key is, or the state could not be read.
const retry = 200 * time.Millisecond

// Loop runs due jobs on a bounded number of workers.
type Loop struct {
	source  Source
	log     *slog.Logger
	slots   chan struct{}
	wake    chan struct{}
	mu      sync.Mutex
	running map[string]bool
	failed  map[string]failure
	wg      sync.WaitGroup
}

// failure holds a job back that returned an error: its row is still due, and
// would be tried without a pause.
type failure struct {
	times int
	until time.Time
}

// pauseAfter so many failures in a row.
func pauseAfter(times int) time.Duration {
	return min(time.Second<<min(times-1, 6), time.Minute)
}

// NewLoop makes a loop of so many workers.
func NewLoop(source Source, workers int, log *slog.Logger) *Loop {
	return &Loop{source: source, log: log, slots: make(chan struct{}, workers),
		wake: make(chan struct{}, 1), running: map[string]bool{}, failed: map[string]failure{}}
}

// Wake makes the loop look for due work now.
func (l *Loop) Wake() {
	select {
	case l.wake <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

// Run works until ctx ends, then waits for the jobs under way.
func (l *Loop) Run(ctx context.Context) {
	defer l.wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-timer.C:
		}
		timer.Reset(l.round(ctx))
	}
}

// round starts what is due and returns how long to sleep.
func (l *Loop) round(ctx context.Context) time.Duration {
	due, err := l.source.Due(ctx, time.Now())
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("look for due work", "error", err)
		}
		return retry
	}
	for _, job := range due {
		l.start(ctx, job)
	}
	next, err := l.source.NextDue(ctx)
	switch {
	case err != nil:
		return retry
	case next.IsZero():
		return idle
	}
	return min(max(time.Until(next), retry), idle)
}

func (l *Loop) start(ctx context.Context, job Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[job.Key] || time.Now().Before(l.failed[job.Key].until) {
		return
	}
	select {
	case l.slots <- struct{}{}:
	default:
		return
	}
	l.running[job.Key] = true
	l.wg.Go(func() {
		err := job.Run(ctx)
		if err != nil && ctx.Err() == nil {
			l.log.Error("work on "+job.Key, "error", err)
		}
		l.done(job.Key, err)
		<-l.slots
		l.Wake()
	})
}

func (l *Loop) done(key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, key)
	if err == nil {
		delete(l.failed, key)
		return
	}
	n := l.failed[key].times + 1
	l.failed[key] = failure{times: n, until: time.Now().Add(pauseAfter(n))}
}
