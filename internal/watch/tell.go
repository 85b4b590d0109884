package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Bounds of what is told: whoever reaches the port can be refused as often as
// they like, under any name.
const (
	mostTold  = 20             // of one rotation, or of one day
	afterward = 24 * time.Hour // refusals count as a rotation's for so long
	others    = "others"
)

// tell writes events about who was refused. What it has told it notes in t.told,
// for the transaction that keeps the rows; a crash in between tells it twice.
// Events are a help: one that cannot be written holds nothing up.
func (s *Service) tell(ctx context.Context, t *tail, inst inventory.Instance, rows []evidence.Client, now time.Time) {
	var rot *inventory.Rotation
	for _, c := range rows {
		var err error
		switch {
		case c.Kind == evidence.PlainRefused && now.Sub(c.Last) < afterward:
			err = s.tellRefused(ctx, t, inst, c, now)
		case c.Kind == evidence.HandshakeFailed && evidence.AboutCertificate(c.Why):
			if rot == nil {
				rot, err = s.lastRotation(ctx, inst)
			}
			if err == nil && rot.ID != 0 && c.Last.After(rot.ActiveAt) && c.Last.Sub(rot.ActiveAt) < afterward {
				err = s.tellDistrust(ctx, t, inst, *rot, c, now)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("tell who was refused", "instance", inst.Name, "error", err)
			return
		}
	}
}

// lastRotation is the one whose chain is served; its ID is 0 when there is none.
func (s *Service) lastRotation(ctx context.Context, inst inventory.Instance) (*inventory.Rotation, error) {
	rot, err := s.Store.Read(ctx).LastRotation(inst.ResourceID)
	if errors.Is(err, store.ErrNotFound) {
		return &inventory.Rotation{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last rotation: %w", err)
	}
	return &rot, nil
}

// tellDistrust tells of a source whose clients refuse the chain that a rotation
// brought.
func (s *Service) tellDistrust(ctx context.Context, t *tail, inst inventory.Instance, rot inventory.Rotation, c evidence.Client, now time.Time) error {
	subject := "rotation " + strconv.FormatInt(rot.ID, 10) + " "
	return s.once(ctx, t, inst, now, subject, c.Source, func() (string, error) {
		known, err := s.Evidence.From(ctx, inst.ResourceID, c.Source, now.Add(-evidence.Proof), 1)
		if err != nil {
			return "", err
		}
		return distrust(c, rot, known), nil
	}, fmt.Sprintf("More than %d sources refuse the chain of %s that is served since %s; dbtls sessions %s --refused lists them",
		mostTold, rot.ToCA, rot.ActiveAt.UTC().Format(time.RFC3339), inst.Name))
}

// distrust is the sentence about one source.
func distrust(c evidence.Client, rot inventory.Rotation, known []evidence.Client) string {
	s := fmt.Sprintf("A client at %s ", cmp.Or(c.Source, "an unknown address"))
	if len(known) > 0 {
		s += "(last known as user " + cmp.Or(known[0].User, "(none)")
		if known[0].Application != "" {
			s += ", application " + known[0].Application
		}
		s += ", from logins of the last 30 days) "
	} else {
		s += "(from where nobody logged in during the last 30 days, so that it may be no client) "
	}
	s += fmt.Sprintf("refuses the chain of %s that is served since %s: %s", rot.ToCA, rot.ActiveAt.UTC().Format(time.RFC3339), c.Why)
	if strings.Contains(strings.ToLower(c.Why), "unknown ca") {
		return s + "; its trust store lacks the root of " + rot.ToCA
	}
	return s + "; most often its trust store lacks the root of " + rot.ToCA
}

// tellRefused tells of a client that did not encrypt where that is forced. Its
// user is what it called itself.
func (s *Service) tellRefused(ctx context.Context, t *tail, inst inventory.Instance, c evidence.Client, now time.Time) error {
	subject := "refused " + now.UTC().Format(time.DateOnly) + " "
	text := fmt.Sprintf("A client without TLS was refused: %s", c.Who())
	if e, ok := s.Engine(inst.Engine); ok && e.Spec.Force != nil {
		if f := e.Spec.Force(inst.Version); f != nil && f.Means != "" {
			text += fmt.Sprintf(". It was told %q, which means: %s", f.Refusal, f.Means)
		}
	}
	return s.once(ctx, t, inst, now, subject, c.User+" at "+c.Source, func() (string, error) { return text, nil },
		fmt.Sprintf("More than %d clients without TLS were refused today; dbtls sessions %s --refused lists them", mostTold, inst.Name))
}

// once writes an event about one thing of a subject, unless it was told, and
// after mostTold of them that there are more.
func (s *Service) once(ctx context.Context, t *tail, inst inventory.Instance, now time.Time, subject, thing string, text func() (string, error), more string) error {
	told, n, err := s.Evidence.Told(ctx, t.database, subject+thing, subject)
	if err != nil {
		return err
	}
	for what := range t.told {
		if strings.HasPrefix(what, subject) {
			n++
		}
	}
	if _, pending := t.told[subject+thing]; told || pending || n > mostTold {
		return nil
	}
	say := more
	if n == mostTold {
		thing = others
	} else if say, err = text(); err != nil {
		return err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.InsertEvent(events.Instance(s.Account, inst, now, events.Security, "%s", say))
	})
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	t.told[subject+thing] = now
	return nil
}
