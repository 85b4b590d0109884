package watch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// The marks of a database in the evidence.
const (
	markLog   = "log"   // provider.LogPosition
	markView  = "view"  // view
	markBlind = "blind" // why its log does not tell of its clients, as text
	markMute  = "mute"  // mute
)

// Bounds of one turn with a log: others wait for theirs.
const (
	batchBytes    = 1 << 20
	batchesAtMost = 8
	turnLimit     = 30 * time.Second
)

// tail reads an instance's log. The fields below source belong to whoever has
// its turn, but for instance and blind, which are under the Service's lock.
type tail struct {
	source
	instance inventory.Instance
	blind    bool // sessions are to be looked at

	loaded bool
	at     provider.LogPosition
	open   *evidence.Span
	saved  time.Time
	why    string               // it is blind
	told   map[string]time.Time // in events, and not in the evidence yet
}

// readOn takes one turn with a log.
func (s *Service) readOn(ctx context.Context, t *tail) {
	s.mu.Lock()
	inst, clock := t.instance, s.clock
	s.mu.Unlock()
	turn, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	more, err := s.readSome(turn, t, inst, clock)
	every := tailEvery
	if more && err == nil {
		every = 0
	}
	s.again(ctx, &t.source, err, every, tailShare)
}

func (s *Service) readSome(ctx context.Context, t *tail, inst inventory.Instance, clock string) (more bool, err error) {
	if !t.loaded {
		if err := s.loadTail(ctx, t); err != nil {
			return false, err
		}
	}
	for range batchesAtMost {
		b, err := s.Provider(inst).Logins(ctx, rotation.Place(inst), t.at, batchBytes)
		if err != nil {
			return false, fmt.Errorf("read logins of %q: %w", inst.Name, err)
		}
		if err := s.take(ctx, t, inst, b, clock, time.Now()); err != nil {
			return false, err
		}
		if !b.More {
			return false, nil
		}
	}
	return true, nil
}

// loadTail reads where the log goes on, and the span that does.
func (s *Service) loadTail(ctx context.Context, t *tail) error {
	if err := s.load(ctx, t.database, markLog, &t.at); err != nil {
		return err
	}
	why, err := s.Evidence.Mark(ctx, t.database, markBlind)
	if err != nil {
		return fmt.Errorf("read mark %q of %q: %w", markBlind, t.database, err)
	}
	t.why = string(why)
	if t.open, err = s.openSpan(ctx, t.database, evidence.FromLog); err != nil {
		return err
	}
	t.loaded, t.told = true, map[string]time.Time{}
	return nil
}

// load reads a mark. One that cannot be decoded is as good as none: reading goes
// on from now, and the coverage shows the gap.
func (s *Service) load(ctx context.Context, database, name string, into any) error {
	raw, err := s.Evidence.Mark(ctx, database, name)
	if err != nil {
		return fmt.Errorf("read mark %q of %q: %w", name, database, err)
	}
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		s.Log.Warn("where watching was left cannot be read; it begins again", "database", database, "mark", name, "error", err)
	}
	return nil
}

// openSpan is the span of a source that has not ended, nil when all have.
func (s *Service) openSpan(ctx context.Context, database string, how evidence.How) (*evidence.Span, error) {
	all, err := s.Evidence.Spans(ctx, database)
	if err != nil {
		return nil, err
	}
	for n := len(all) - 1; n >= 0; n-- {
		if all[n].How == how && all[n].Ended == "" {
			return &all[n], nil
		}
	}
	return nil, nil
}

// take keeps what a piece of the log tells. When nothing can be kept, the same
// piece is read again; when nothing has to be, that everything was watched is
// put on record once in a while.
func (s *Service) take(ctx context.Context, t *tail, inst inventory.Instance, b provider.LogBatch, clock string, now time.Time) error {
	rows := fromLog(b.Sightings, b.Blind != "", now)
	w := evidence.Watch{Upto: b.Upto, Now: now, Gap: b.Gap, Paused: cmp.Or(b.Blind, clock)}
	if b.More && b.Upto.IsZero() && t.open != nil {
		w.Upto = t.open.To
	}
	spans, next := w.Follow(t.open, t.database, evidence.FromLog)
	quiet := len(rows) == 0 && (t.open == nil) == (next == nil) && len(spans) <= 1 && b.Next.File == t.at.File && b.Blind == t.why
	if since := now.Sub(t.saved); quiet && since >= 0 && since < saveEvery {
		t.at, t.open = b.Next, next
		s.note(t.database, nil, next)
		s.blinded(t, b.Blind != "", now)
		return nil
	}
	s.tell(ctx, t, inst, rows, now)
	position, err := json.Marshal(b.Next)
	if err != nil {
		return fmt.Errorf("encode position: %w", err)
	}
	batch := store.EvidenceBatch{Database: t.database, Rows: rows, Spans: spans, Told: t.told,
		Marks: map[string][]byte{markLog: position, markBlind: []byte(b.Blind)}}
	if err := s.Evidence.Add(ctx, batch); err != nil {
		return err
	}
	clear(t.told)
	t.at, t.open, t.why, t.saved = b.Next, next, b.Blind, now
	s.blinded(t, b.Blind != "", now)
	s.note(t.database, rows, next)
	return nil
}

// blinded turns looks at the sessions on or off.
func (s *Service) blinded(t *tail, blind bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.sources[t.database]; w != nil && t.blind != blind {
		t.blind = blind
		w.look.on = blind && t.instance.Status == inventory.StatusAvailable && t.instance.Down == ""
		w.look.due = now
		s.looks.Wake()
	}
}
