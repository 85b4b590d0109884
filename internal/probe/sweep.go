package probe

import (
	"context"
	"iter"
	"sync"
	"time"
)

// Sweep bounds a probe of many targets.
type Sweep struct {
	Concurrency int           // probes at once, at least 1
	PerHost     float64       // probes of one host per second; 0: no limit
	Timeout     time.Duration // of each probe
}

// Run reports on every question, each as soon as it is answered: emit is
// called by one goroutine at a time, in no set order. It holds no more
// questions and reports than are at work, and at most maxHeld that wait for
// their host's turn. It ends early with the first error of questions, emit or
// ctx; probes at work are let end.
func (s Sweep) Run(ctx context.Context, questions iter.Seq2[Question, error], emit func(Report) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work, done := make(chan Question), make(chan Report)
	var workers sync.WaitGroup
	for range max(1, s.Concurrency) {
		workers.Go(func() {
			for q := range work {
				done <- s.one(ctx, q)
			}
		})
	}
	go func() {
		defer close(done)
		defer workers.Wait()
		defer close(work)
		if err := s.feed(ctx, questions, work); err != nil {
			cancel(err)
		}
	}()
	for r := range done {
		if ctx.Err() != nil {
			continue // what is at work is let end, and no more is said
		}
		if err := emit(r); err != nil {
			cancel(err)
		}
	}
	return context.Cause(ctx)
}

// one asks and judges.
func (s Sweep) one(ctx context.Context, q Question) Report {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	o, err := Dial(ctx, q.Target)
	return Judge(o, err, q, time.Now())
}

// feed hands out questions when it is their host's turn. Those of a busy host
// wait aside, so that others are not held up by them.
func (s Sweep) feed(ctx context.Context, questions iter.Seq2[Question, error], work chan<- Question) error {
	pull, stop := iter.Pull2(questions)
	defer stop()
	p := newPacer(s.PerHost)
	for more := true; more || p.held() > 0; {
		if q, ok := p.due(time.Now()); ok {
			if err := give(ctx, work, q); err != nil {
				return err
			}
			continue
		}
		if more && p.held() < maxHeld {
			q, err, ok := pull()
			if more = ok; !ok {
				continue
			}
			if err != nil {
				return err
			}
			p.hold(q, time.Now())
			continue
		}
		if err := pause(ctx, time.Until(p.next())); err != nil {
			return err
		}
	}
	return nil
}

func give(ctx context.Context, work chan<- Question, q Question) error {
	select {
	case work <- q:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
