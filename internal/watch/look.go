package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// lookLimit bounds one look at a server.
const lookLimit = 10 * time.Second

// look watches a database by looking at its open sessions. on and watching are under the Service's lock, the fields below turn under turn.
type look struct {
	source
	instance bool // else a migration endpoint
	on       bool // it is to be looked at
	watching bool // it was, and its span goes on

	turn    sync.Mutex
	loaded  bool
	view    view
	open    *evidence.Span // of looks
	counter *evidence.Span // of the server's counters
	pending evidence.Tally // not kept yet
	saved   time.Time
	mute    mute
}

// mute is why looks do not say who is encrypted, and how they could.
type mute struct {
	Unknown string `json:"unknown,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

func newLook(database, name string, now time.Time) *look {
	return &look{source: source{database: database, name: name, due: now}}
}

// every is the pause between two looks.
func (l *look) every() time.Duration {
	if !l.instance {
		return endpointEvery
	}
	return lookEvery
}

// lookOn is one turn with a database.
func (s *Service) lookOn(ctx context.Context, l *look) {
	s.mu.Lock()
	on, ended := l.on, "the instance does not run"
	if w := s.sources[l.database]; w != nil && w.tail != nil && !w.tail.blind {
		ended = "its log tells of every login now"
	}
	s.mu.Unlock()
	err := error(nil)
	if on {
		err = s.lookOnce(ctx, l)
	} else {
		err = s.stop(ctx, l, ended)
	}
	s.mu.Lock()
	l.watching = on || err != nil
	every := l.every()
	s.mu.Unlock()
	s.again(ctx, &l.source, err, every, lookShare)
}

// lookOnce looks at a server and keeps what is new.
func (s *Service) lookOnce(ctx context.Context, l *look) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if err := s.loadLook(ctx, l); err != nil {
		return err
	}
	s.mu.Lock()
	clock := s.clock
	s.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	seen, changing, err := s.see(limited, l)
	if err != nil {
		return err
	}
	return s.keep(ctx, l, seen, changing, clock)
}

// see looks at a server; changing is what generation its certificate is of, and
// whether that is about to change.
func (s *Service) see(ctx context.Context, l *look) (seen engine.Look, changing change, err error) {
	if !l.instance {
		seen, err = s.Endpoint(ctx, l.database)
		return seen, change{}, err
	}
	inst, err := s.Store.Read(ctx).Instance(l.database)
	if err != nil {
		return seen, change{}, fmt.Errorf("read instance %q: %w", l.name, err)
	}
	if seen, err = s.Provider(inst).Look(ctx, rotation.Place(inst)); err != nil {
		return seen, change{}, fmt.Errorf("look at the sessions of %q: %w", l.name, err)
	}
	rot, err := s.Store.Read(ctx).OpenRotation(l.database)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return seen, change{}, fmt.Errorf("read rotation of %q: %w", l.name, err)
	}
	return seen, change{inst.Leaf.Generation, err == nil && rot.Begun()}, nil
}

// loadLook reads what the last look showed, once.
func (s *Service) loadLook(ctx context.Context, l *look) (err error) {
	if l.loaded {
		return nil
	}
	if err := s.load(ctx, l.database, markView, &l.view); err != nil {
		return err
	}
	if err := s.load(ctx, l.database, markMute, &l.mute); err != nil {
		return err
	}
	if l.open, err = s.openSpan(ctx, l.database, evidence.FromView); err != nil {
		return err
	}
	if l.counter, err = s.openSpan(ctx, l.database, evidence.FromCounter); err != nil {
		return err
	}
	l.loaded = true
	return nil
}

// keep counts what a look shows and puts it on record, when it is new or has
// waited long enough.
func (s *Service) keep(ctx context.Context, l *look, seen engine.Look, now change, clock string) error {
	before := l.view.moved(seen.At)
	gap := before.missed(seen.At, l.every(), l.view)
	if clock != "" {
		before.Counts, before.Since = nil, time.Time{} // how long the server has run cannot be told
	}
	found := before.merge(seen, now, &l.pending)
	spans, open := evidence.Watch{Upto: seen.At, Now: seen.At, Gap: gap, Paused: clock}.Follow(l.open, l.database, evidence.FromView)
	more, counter := counterWatch(found, seen.At, clock).Follow(l.counter, l.database, evidence.FromCounter)
	quiet := !found.fresh && len(spans) <= 1 && len(more) <= 1 && (l.open == nil) == (open == nil) && (l.counter == nil) == (counter == nil)
	m := mute{engine.Printable(seen.Unknown), engine.Printable(seen.Fix)}
	l.view = found.next
	if since := seen.At.Sub(l.saved); quiet && m == l.mute && since >= 0 && since < saveEvery {
		l.open, l.counter = open, counter
		s.note(l.database, nil, counter)
		return nil
	}
	rows := l.pending.Rows()
	batch := store.EvidenceBatch{Database: l.database, Rows: rows, Spans: append(spans, more...), Marks: map[string][]byte{}}
	var err, err2 error
	batch.Marks[markView], err = json.Marshal(l.view)
	batch.Marks[markMute], err2 = json.Marshal(m)
	if err = errors.Join(err, err2); err != nil {
		return fmt.Errorf("encode a look: %w", err)
	}
	if err := s.Evidence.Add(ctx, batch); err != nil {
		if l.pending.Len() > evidence.MostClients {
			l.pending, l.loaded = evidence.Tally{}, false // too much to hold: begin again at what is kept
		}
		return err
	}
	l.pending, l.open, l.counter, l.mute, l.saved = evidence.Tally{}, open, counter, m, seen.At
	s.note(l.database, rows, counter)
	return nil
}

// counterWatch is a step of watching by the server's counters.
func counterWatch(found learned, at time.Time, clock string) evidence.Watch {
	w := evidence.Watch{Upto: at, Now: at, Gap: found.gap, Paused: clock}
	if w.Paused == "" && !found.counted {
		w.Paused = "the server keeps no count of logins"
	}
	return w
}

// stop ends the spans of a database that is not looked at any more. The counters
// of one that is down are over with it; the next look finds that out.
func (s *Service) stop(ctx context.Context, l *look, why string) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if err := s.loadLook(ctx, l); err != nil {
		return err
	}
	var spans []evidence.Span
	if l.open != nil {
		l.open.Ended = why
		spans = append(spans, *l.open)
	}
	if err := s.Evidence.Add(ctx, store.EvidenceBatch{Database: l.database, Rows: l.pending.Rows(), Spans: spans}); err != nil {
		return err
	}
	l.pending, l.open = evidence.Tally{}, nil
	return nil
}
