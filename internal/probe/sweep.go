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
// ctx; probes at work are cut short then.
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
			continue // what is at work is cut short, and no more is said
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

// asked is one step of the sequence of questions.
type asked struct {
	question Question
	err      error
}

// listen takes the questions one by one. A source that blocks keeps its
// goroutine until it gives way; nobody waits for that.
func listen(ctx context.Context, questions iter.Seq2[Question, error]) <-chan asked {
	heard := make(chan asked)
	go func() {
		defer close(heard)
		for q, err := range questions {
			select {
			case heard <- asked{q, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return heard
}

// feed hands out questions when it is their host's turn. Those of a busy host
// wait aside, so that others are not held up by them.
func (s Sweep) feed(ctx context.Context, questions iter.Seq2[Question, error], work chan<- Question) error {
	p, heard := newPacer(s.PerHost), listen(ctx, questions)
	for heard != nil || p.held() > 0 {
		// What may happen next: at most one of out and in, and the timer.
		var out chan<- Question
		var turn <-chan time.Time
		in := heard
		first, due := p.first(time.Now())
		switch {
		case due:
			out, in = work, nil
		case p.held() > 0:
			turn = time.After(time.Until(p.next()))
		}
		if p.held() >= maxHeld {
			in = nil
		}
		select {
		case out <- first:
			p.drop()
		case a, ok := <-in:
			if !ok {
				heard = nil
				continue
			}
			if a.err != nil {
				return a.err
			}
			p.hold(a.question, time.Now())
		case <-turn:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
