// Package watch learns who connects to the databases: it reads on in their
// servers' logs, looks at open sessions where there is no log that tells, and
// keeps what it learns as evidence, with when it watched and when it did not.
//
// It never acts on a database. What may be said from the evidence is
// internal/evidence's; how a server tells of its clients, its engine's.
package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/store"
)

// Config is what a watcher is given. All fields must be set.
type Config struct {
	Account  string
	Store    *store.Store
	Evidence *store.Evidence
	Provider func(inventory.Instance) provider.Provider
	Engine   func(name string) (engine.Engine, bool)
	// Endpoint looks at the database of a migration endpoint, by ARN.
	Endpoint func(ctx context.Context, arn string) (engine.Look, error)
	// Trusted returns nil while the clock can be trusted.
	Trusted func(ctx context.Context) error
	Log     *slog.Logger
}

// Workers: reading logs is cheap and must not wait for servers that do not
// answer a look.
const (
	readers = 2
	lookers = 4
)

// Pauses between two steps of one source. With thousands of databases each
// waits longer, so that all of them together cost no more than hundreds of
// steps a second.
const (
	tailEvery     = time.Second
	lookEvery     = 10 * time.Second
	endpointEvery = time.Minute
	tailShare     = 2 * time.Millisecond
	lookShare     = 20 * time.Millisecond
	// saveEvery is how often it is put on record that all was watched and
	// nothing happened; evidence.NeverPlain allows for it.
	saveEvery = time.Minute
	// listEvery is how often the instances are listed.
	listEvery = 2 * time.Second
	dropEvery = time.Hour
)

// Service watches.
type Service struct {
	Config
	tails, looks *jobs.Loop

	mu        sync.Mutex
	sources   map[string]*sources // by database
	endpoints map[string]*look    // by ARN
	figures   map[string]*Figures // by database
	listed    time.Time
	cost      time.Duration // of the last listing
	clock     string        // why the clock is not trusted, "" while it is
}

// sources are the two ways in which one database is watched.
type sources struct {
	tail *tail // nil: a migration endpoint
	look *look
}

// New makes a watcher.
func New(c Config) *Service {
	s := &Service{Config: c, sources: map[string]*sources{}, endpoints: map[string]*look{}, figures: map[string]*Figures{}}
	s.tails = jobs.NewLoop(due{s, s.dueTails}, readers, c.Log)
	s.looks = jobs.NewLoop(due{s, s.dueLooks}, lookers, c.Log)
	return s
}

// Run watches until ctx ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.tails.Run(ctx) })
	wg.Go(func() { s.looks.Run(ctx) })
	wg.Go(func() { s.drop(ctx) })
	wg.Wait()
}

// due is one kind of step as a source of jobs.
type due struct {
	s     *Service
	steps func(now time.Time) (ready []jobs.Job, next time.Time)
}

// Due is jobs.Source's.
func (d due) Due(ctx context.Context, now time.Time) ([]jobs.Job, error) {
	if err := d.s.list(ctx, now); err != nil {
		return nil, err
	}
	ready, _ := d.steps(now)
	return ready, nil
}

// NextDue is jobs.Source's. A new instance shows with the next listing.
func (d due) NextDue(context.Context) (time.Time, error) {
	now := time.Now()
	_, next := d.steps(now)
	if again := now.Add(listEvery); next.IsZero() || again.Before(next) {
		return again, nil
	}
	return next, nil
}
