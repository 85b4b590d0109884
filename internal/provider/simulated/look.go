package simulated

import (
	"context"
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// seen finds an instance to look at, without its turn.
func (p *Provider) seen(i provider.Instance) (*instance, error) {
	inst, err := p.lookup(i)
	if err != nil {
		return nil, err
	}
	if inst == nil {
		return nil, notFound(i.ID)
	}
	return inst, inst.mine(i)
}

// Look lists the sessions that are open at a simulated instance. Of a product
// that is played without logins there are none.
func (p *Provider) Look(_ context.Context, i provider.Instance) (engine.Look, error) {
	inst, err := p.seen(i)
	if err != nil {
		return engine.Look{}, err
	}
	inst.mu.Lock()
	s, since := inst.srv, inst.rec.StartedAt
	inst.mu.Unlock()
	if s == nil {
		return engine.Look{}, fault.New(fault.InvalidInstanceState, "instance %q does not run, so it has no sessions; start it first", i.ID)
	}
	look := engine.Look{At: time.Now(), Since: since, Handshakes: -1, Connections: -1}
	for _, v := range s.sessions.List() {
		seen := v.Sighting(engine.SightSession)
		seen.Session = strconv.Itoa(v.ID)
		look.Sessions = append(look.Sessions, seen)
	}
	return look, nil
}

// What a position is made of: the journal of a process of dbtls, and a number
// in it.
const (
	journalFile = "journal"
	eventBytes  = 256 // what an event is counted as, of the most that is asked for
)

// Logins reads on in what clients did at a simulated instance, from the zero
// position on from the beginning. That is kept in
// memory: it ends with dbtls, as the instances do, and the oldest of very much
// is lost.
func (p *Provider) Logins(_ context.Context, i provider.Instance, from provider.LogPosition, most int) (provider.LogBatch, error) {
	inst, err := p.seen(i)
	if err != nil {
		return provider.LogBatch{}, err
	}
	now := time.Now() // before the reading: what comes meanwhile is told later
	next := provider.LogPosition{File: journalFile, State: []byte(p.started)}
	b := provider.LogBatch{Upto: now}
	switch {
	case from.File == "": // all that the instance did since this process began
		from.Offset = 0
	case string(from.State) != p.started:
		b.Gap = "dbtls was started anew, and what clients of simulated instances did just before it ended is lost"
		from.Offset = 0
	}
	seen, offset, missed := inst.journal.From(from.Offset, max(1, most/eventBytes))
	if missed && b.Gap == "" {
		b.Gap = "there were more clients than dbtls keeps between two readings, and the first of them are lost"
	}
	next.Offset = offset
	b.Sightings, b.Next, b.More = seen, next, offset < inst.journal.End()
	if b.More {
		b.Upto = seen[len(seen)-1].At
	}
	return b, nil
}
