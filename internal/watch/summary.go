package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// Summary is what is known of a database's clients since a time: an instance's
// by its resource ID, or a migration endpoint's by its ARN. It lists at most so
// many of the clients that are asked for.
func (s *Service) Summary(ctx context.Context, database string, since time.Time, only evidence.Only, most int) (evidence.Summary, error) {
	clients, spans, err := s.Evidence.Clients(ctx, database, since)
	if err != nil {
		return evidence.Summary{}, err
	}
	sum := evidence.Sum(clients, spans, since, time.Now(), only, most)
	if sum.UnknownReason, sum.Fix, err = s.silence(ctx, database); err != nil {
		return sum, fmt.Errorf("read how %q is watched: %w", database, err)
	}
	folded, err := s.Evidence.FoldedAt(ctx, database)
	if err != nil {
		return sum, fmt.Errorf("read how %q is kept: %w", database, err)
	}
	if !folded.Before(since) && !folded.IsZero() {
		sum.Note = fmt.Sprintf("there are more than %d distinct clients: what the newer ones call themselves, and at last their addresses, are put together under %q; no login is left out",
			evidence.MostClients*8/10, evidence.Folded)
	}
	return sum, nil
}

// silence is why a database does not tell who is encrypted, and how it could;
// "" when its log or its sessions do.
func (s *Service) silence(ctx context.Context, database string) (why, fix string, err error) {
	position, err := s.Evidence.Mark(ctx, database, markLog)
	if err != nil {
		return "", "", err
	}
	blind, err := s.Evidence.Mark(ctx, database, markBlind)
	if err != nil || position != nil && len(blind) == 0 {
		return "", "", err // the log tells
	}
	raw, err := s.Evidence.Mark(ctx, database, markMute)
	if err != nil || raw == nil {
		return string(blind), "", err // nobody has looked yet
	}
	var m mute
	if err := json.Unmarshal(raw, &m); err != nil {
		return "why it is not known cannot be read", "", nil
	}
	return m.Unknown, m.Fix, nil
}
