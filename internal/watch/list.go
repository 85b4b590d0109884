package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/jobs"
)

// listShare bounds what listing costs.
const listShare = 50

// list brings what is watched up to date with the instances that are there and
// the endpoints that are followed.
func (s *Service) list(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := now.Sub(s.listed); since >= 0 && since < max(listEvery, listShare*s.cost) {
		return nil
	}
	began := time.Now()
	all, err := s.Store.Read(ctx).AllInstances()
	if err != nil {
		return fmt.Errorf("list instances to watch: %w", err)
	}
	followed, err := s.Evidence.Followed(ctx)
	if err != nil {
		return fmt.Errorf("list endpoints to watch: %w", err)
	}
	s.clock = ""
	if err := s.Trusted(ctx); err != nil {
		s.clock = "the clock was not trusted: " + fault.Public(err)
	}
	there := map[string]bool{}
	for _, i := range all {
		if i.Status != inventory.StatusCreating && i.Status != inventory.StatusDeleting {
			there[i.ResourceID] = true
			s.watchInstance(i, now)
		}
	}
	for _, arn := range followed {
		there[arn] = true
		s.watchEndpoint(arn, now)
	}
	for id := range s.sources {
		if !there[id] {
			s.sources[id].look.on = false
			delete(s.figures, id)
			delete(s.sources, id) // its evidence stays until its days are over
		}
	}
	s.listed, s.cost = now, time.Since(began)
	return nil
}

// watchInstance begins to watch an instance, or tells its sources how it is now.
func (s *Service) watchInstance(i inventory.Instance, now time.Time) {
	w := s.sources[i.ResourceID]
	if w == nil {
		w = &sources{tail: &tail{source: source{database: i.ResourceID, name: i.Name, due: now}}, look: newLook(i.ResourceID, i.Name, now)}
		w.look.instance = true
		s.sources[i.ResourceID] = w
	}
	w.tail.instance = i
	w.look.on = w.tail.blind && i.Status == inventory.StatusAvailable && i.Down == ""
}

func (s *Service) watchEndpoint(arn string, now time.Time) {
	if s.sources[arn] == nil {
		s.sources[arn] = &sources{look: s.endpoint(arn, now)}
	}
	s.sources[arn].look.on = true
}

// source is what both ways of watching have in common. Its fields belong to the
// Service's lock.
type source struct {
	database string
	name     string // in the log
	due      time.Time
	failed   string // the error that was logged, "" while all goes well
	failures int
}

// step is a job that is due, and since when.
type step struct {
	at  time.Time
	job jobs.Job
}

// dueTails lists the logs to read on in, the longest waiting first.
func (s *Service) dueTails(now time.Time) (ready []jobs.Job, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var steps []step
	for _, w := range s.sources {
		t := w.tail
		if t == nil || t.waits(now, &next) {
			continue
		}
		steps = append(steps, step{t.due, jobs.Job{Key: "logins of " + t.database, Run: func(ctx context.Context) error { s.readOn(ctx, t); return nil }}})
	}
	return inOrder(steps), next
}

// dueLooks lists the servers to look at.
func (s *Service) dueLooks(now time.Time) (ready []jobs.Job, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var steps []step
	for _, w := range s.sources {
		l := w.look
		if !l.on && !l.watching || l.waits(now, &next) {
			continue
		}
		steps = append(steps, step{l.due, jobs.Job{Key: "sessions of " + l.database, Run: func(ctx context.Context) error { s.lookOn(ctx, l); return nil }}})
	}
	return inOrder(steps), next
}

// waits reports whether a source is not due, and when it is if that is before
// next.
func (c *source) waits(now time.Time, next *time.Time) bool {
	if !c.due.After(now) {
		return false
	}
	if next.IsZero() || c.due.Before(*next) {
		*next = c.due
	}
	return true
}

func inOrder(steps []step) []jobs.Job {
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.job.Key, b.job.Key)) })
	ready := make([]jobs.Job, len(steps))
	for n, s := range steps {
		ready[n] = s.job
	}
	return ready
}

// together is how far apart the steps of different databases are begun: with
// thousands of them, looking for what is due must not happen for each one.
const together = 250 * time.Millisecond

// again plans a source's next step, and says once when it fails or works again.
func (s *Service) again(ctx context.Context, c *source, err error, every, share time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	every = max(every, time.Duration(len(s.sources))*share)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		if c.failed != "" {
			s.Log.Info("clients are watched again", "database", c.name)
		}
		c.failed, c.failures, c.due = "", 0, time.Now().Add(every)
		if every > together {
			c.due = c.due.Truncate(together)
		}
		return
	}
	if text := err.Error(); text != c.failed {
		s.Log.Warn("clients cannot be watched", "database", c.name, "error", err)
		c.failed = text
	}
	c.failures++
	c.due = time.Now().Add(max(every, min(time.Second<<min(c.failures, 6), time.Minute)))
}
