package evidence_test

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

func TestAShortTimeIsNotWatchedForBeingShort(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	span := func(from, to time.Duration) []evidence.Span {
		return []evidence.Span{{How: evidence.FromLog, From: now.Add(-from), To: now.Add(-to)}}
	}
	for sentence, c := range map[string]struct {
		since time.Duration
		spans []evidence.Span
		whole bool
	}{
		"watched all the minute":                    {time.Minute, span(time.Hour, 0), true},
		"watched, and written a minute ago":         {30 * time.Second, span(time.Hour, time.Minute), true},
		"watched since the middle of the minute":    {time.Minute, span(30*time.Second, 0), false},
		"watched until an hour before":              {time.Minute, span(3*time.Hour, time.Hour), false},
		"watched from the first moment to the last": {time.Minute, span(time.Minute, 0), true},
	} {
		if gap := evidence.Gap(c.spans, now.Add(-c.since), now); (gap == "") != c.whole {
			t.Errorf("%s: the gap is %q", sentence, gap)
		}
	}
}
