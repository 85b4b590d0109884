package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// keeper is who looks after each running engine: one waiting goroutine per
// instance, woken by the end of its process.
type keeper struct {
	mu     sync.Mutex
	ctx    context.Context // ends with the server; nil before Supervise
	cancel map[string]context.CancelFunc
	wg     sync.WaitGroup
}

// Supervise keeps every available instance's engine running until ctx ends:
// one that runs already is adopted, one that should run and does not is
// started, again and again with back-off.
func (s *Service) Supervise(ctx context.Context) error {
	all, err := s.Store.Read(ctx).AllInstances()
	if err != nil {
		return err
	}
	s.keeper.mu.Lock()
	s.keeper.ctx, s.keeper.cancel = ctx, map[string]context.CancelFunc{}
	s.keeper.mu.Unlock()
	for _, i := range all {
		switch {
		case i.Status == inventory.StatusAvailable:
			s.keep(i.ResourceID)
		case i.Status == inventory.StatusDeleting && i.DueAt.IsZero():
			// No path leads here; one that did would leave it for ever.
			if err := s.update(ctx, i.ResourceID, dueNow); err != nil {
				return err
			}
			s.Wake()
		}
	}
	<-ctx.Done()
	s.keeper.wg.Wait()
	return nil
}

func dueNow(_ *store.Tx, i *inventory.Instance, now time.Time) error {
	i.DueAt = now
	return nil
}

// keep begins to look after an instance.
func (s *Service) keep(resourceID string) {
	k := &s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx == nil || k.ctx.Err() != nil || k.cancel[resourceID] != nil {
		return // at the next start it is among the available ones
	}
	ctx, cancel := context.WithCancel(k.ctx)
	k.cancel[resourceID] = cancel
	k.wg.Go(func() { s.lookAfter(ctx, resourceID) })
}

// letGo stops looking after an instance.
func (s *Service) letGo(resourceID string) {
	k := &s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	if cancel := k.cancel[resourceID]; cancel != nil {
		cancel()
		delete(k.cancel, resourceID)
	}
}

// steady is how long an engine must run for its earlier failures to be
// forgotten.
const steady = time.Minute

func (s *Service) lookAfter(ctx context.Context, resourceID string) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		again, err := s.lookOnce(ctx, resourceID, failures == 0)
		if !again {
			return
		}
		if time.Since(began) > steady {
			failures = 0
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		failures++
		s.Log.Error("engine does not run", "instance", resourceID, "tries", failures, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(restartBackoff(failures)):
		}
	}
}

// restartBackoff is the pause before an engine is started again: half a
// second, doubling, five minutes at most.
func restartBackoff(failures int) time.Duration {
	const first, most = 500 * time.Millisecond, 5 * time.Minute
	if failures > 10 {
		return most
	}
	return min(first<<max(failures-1, 0), most)
}

// lookOnce sees to it that the engine runs and waits for its end. again is
// false when nobody needs to look after the instance any more.
func (s *Service) lookOnce(ctx context.Context, resourceID string, tell bool) (again bool, err error) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	var inst inventory.Instance
	aside(func() { inst, again, err = s.ensure(ctx, resourceID, tell) })
	if !again || err != nil {
		return again, err
	}
	return true, s.watch(ctx, inst)
}

// aside calls f on a goroutine of its own. Whoever looks after an instance waits
// for weeks, and there are thousands of them: each would keep the large stack
// that it needed for a moment.
func aside(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

// ensure starts the engine when it does not run. ctx goes on while the engine is
// watched.
func (s *Service) ensure(ctx context.Context, resourceID string, tell bool) (inst inventory.Instance, again bool, err error) {
	inst, err = s.Store.Read(ctx).Instance(resourceID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && inst.Status != inventory.StatusAvailable) {
		return inst, false, nil
	}
	if err != nil {
		return inst, true, err
	}
	p := s.Provider(inst)
	obs, err := p.Observe(ctx, rotation.Place(inst))
	if err != nil {
		return inst, true, err
	}
	if !obs.Running {
		if tell {
			s.note(ctx, inst, events.Availability, "DB instance is not running; starting it")
		}
		if err := p.Power(ctx, rotation.Place(inst), true); err != nil {
			return inst, true, errors.Join(err, s.down(ctx, inst, err.Error()))
		}
		// Beside the watch: looking takes its time when the engine ends at once.
		s.keeper.wg.Go(func() { s.afterStart(ctx, inst) })
	}
	if err := s.down(ctx, inst, ""); err != nil {
		return inst, true, err
	}
	return inst, true, s.reconcile(ctx, inst, obs)
}

// lookEvery is how often a running engine is looked at although nothing
// happened: for files changed by another hand, and a certificate on the wire
// that is not the one on record. It is that long in the mean: thousands that are
// adopted in one moment must not be dialled in one moment.
const lookEvery = time.Hour

// watch waits for the engine's end or the next look.
func (s *Service) watch(ctx context.Context, inst inventory.Instance) error {
	within, cancel := context.WithTimeout(ctx, lookEvery/2+rand.N(lookEvery))
	defer cancel()
	err := s.Provider(inst).Watch(within, rotation.Place(inst))
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	aside(func() {
		if v := s.Rotation.Look(ctx, inst); v.Reason != "" {
			s.note(ctx, inst, events.Failure, "The certificate on the wire is not as recorded ("+string(v.Reason)+"): "+v.Detail)
		}
	})
	return nil
}

// reconcile records what another hand changed, and has Decide look when the
// engine is told to serve a pair that the state does not know. Nothing is
// overwritten here.
func (s *Service) reconcile(ctx context.Context, inst inventory.Instance, obs provider.Observation) error {
	unknown := obs.Active != "" && obs.Active != inst.Leaf.Generation
	if !unknown && slices.Equal(obs.Drift, inst.Drift) {
		return nil
	}
	err := s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if unknown && i.Status == inventory.StatusAvailable {
			i.CheckAt = now
		}
		for _, d := range obs.Drift {
			if slices.Contains(i.Drift, d) {
				continue
			}
			if err := tx.InsertEvent(events.Instance(s.Account, *i, now, events.Configuration, "Drift: %s", d)); err != nil {
				return err
			}
		}
		i.Drift = obs.Drift
		return nil
	})
	if err == nil && unknown {
		s.Wake()
	}
	return err
}

// down records why the engine cannot be started, or that it runs again; an
// event tells each reason once.
func (s *Service) down(ctx context.Context, inst inventory.Instance, why string) error {
	if inst.Down == why || ctx.Err() != nil {
		return nil
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		i.Down = why
		if why == "" {
			return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Recovery, "DB instance runs again"))
		}
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure, "DB instance could not be started; trying again with growing pauses: %s", why))
	})
}

// afterStart looks at the wire: an engine that came up without TLS, or with
// another certificate than the one on record, is worse than one that is down.
func (s *Service) afterStart(ctx context.Context, inst inventory.Instance) {
	v := s.Rotation.Look(ctx, inst)
	if ctx.Err() != nil {
		return
	}
	if v.Reason == "" {
		s.note(ctx, inst, events.Availability, "DB instance restarted; a handshake at "+rotation.Endpoint(inst)+" shows its certificate")
		return
	}
	s.note(ctx, inst, events.Failure, "DB instance restarted, but its certificate is not as recorded ("+string(v.Reason)+"): "+v.Detail)
}

// note writes an event about an instance; one that cannot be written is
// logged.
func (s *Service) note(ctx context.Context, inst inventory.Instance, category, text string) {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.InsertEvent(events.Instance(s.Account, inst, time.Now(), category, "%s", text))
	})
	if err != nil && ctx.Err() == nil {
		s.Log.Error("write event", "instance", inst.Name, "text", text, "error", err)
	}
}
