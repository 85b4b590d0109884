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

// lookShare bounds what looking costs: after a look that found more than the
// workers can take, the next comes no sooner than so many times its duration.
const lookShare = 10

// Loop runs due jobs on a bounded number of workers.
type Loop struct {
	source  Source
	log     *slog.Logger
	workers int
	wake    chan struct{}
	mu      sync.Mutex
	queue   []Job // found due and not started yet
	running map[string]bool
	ended   map[string]bool // since the last look began: what it found of them may be done
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
	return &Loop{source: source, log: log, workers: workers,
		wake: make(chan struct{}, 1), running: map[string]bool{}, ended: map[string]bool{}, failed: map[string]failure{}}
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
		began := time.Now()
		next := l.round(ctx)
		if l.busy() {
			l.rest(ctx, lookShare*time.Since(began))
		}
		timer.Reset(next)
	}
}

// busy reports that work is waiting for a worker.
func (l *Loop) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// rest waits; workers go on with the queue meanwhile.
func (l *Loop) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// round starts what is due and returns how long to sleep.
func (l *Loop) round(ctx context.Context) time.Duration {
	l.mu.Lock()
	clear(l.ended)
	l.mu.Unlock()
	due, err := l.source.Due(ctx, time.Now())
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("look for due work", "error", err)
		}
		return retry
	}
	l.mu.Lock()
	l.queue = due
	l.fill(ctx)
	l.mu.Unlock()
	next, err := l.source.NextDue(ctx)
	switch {
	case err != nil:
		return retry
	case next.IsZero():
		return idle
	}
	return min(max(time.Until(next), retry), idle)
}

// fill gives free workers what is first in the queue. A job whose key is busy, was
// busy since the look or is held back is dropped: its row is still due at the next look. The caller holds
// the lock.
func (l *Loop) fill(ctx context.Context) {
	for len(l.running) < l.workers && len(l.queue) > 0 && ctx.Err() == nil {
		job := l.queue[0]
		l.queue = l.queue[1:]
		if l.running[job.Key] || l.ended[job.Key] || time.Now().Before(l.failed[job.Key].until) {
			continue
		}
		l.running[job.Key] = true
		l.wg.Go(func() {
			err := job.Run(ctx)
			if err != nil && ctx.Err() == nil {
				l.log.Error("work on "+job.Key, "error", err)
			}
			l.done(ctx, job.Key, err)
		})
	}
}

// done notes how a job ended and begins the next; when the queue is empty the
// state is looked at again.
func (l *Loop) done(ctx context.Context, key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, key)
	l.ended[key] = true
	if err == nil {
		delete(l.failed, key)
	} else {
		n := l.failed[key].times + 1
		l.failed[key] = failure{times: n, until: time.Now().Add(pauseAfter(n))}
	}
	l.fill(ctx)
	if len(l.queue) == 0 {
		l.Wake()
	}
}
