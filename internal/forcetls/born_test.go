package forcetls

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

func TestANewInstanceIsWatchedFromItsFirstClientOn(t *testing.T) {
	t.Parallel()
	const second, hour = time.Second, time.Hour
	created := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return created.Add(d) }
	span := func(how evidence.How, from time.Duration) evidence.Span {
		return evidence.Span{How: how, From: at(from), To: at(99 * hour)}
	}
	for sentence, c := range map[string]struct {
		served, age time.Duration
		spans       []evidence.Span
		want        time.Duration
	}{
		"watched right after its certificate":    {20 * second, 2 * hour, []evidence.Span{span(evidence.FromLog, 22*second)}, 22 * second},
		"a creation that took an hour":           {hour, 2 * hour, []evidence.Span{span(evidence.FromLog, hour+5*second)}, hour + 5*second},
		"watched while it was made":              {60 * second, 2 * hour, []evidence.Span{span(evidence.FromLog, 30*second)}, 30 * second},
		"counters of an instance that is young":  {20 * second, 2 * hour, []evidence.Span{span(evidence.FromCounter, 22*second)}, 0},
		"counters that were read for days":       {20 * second, 48 * hour, []evidence.Span{span(evidence.FromCounter, 22*second)}, 22 * second},
		"watched late":                           {20 * second, 48 * hour, []evidence.Span{span(evidence.FromLog, 120*second)}, 0},
		"watched since an upgrade":               {20 * second, 99 * hour, []evidence.Span{span(evidence.FromLog, 50*hour)}, 0},
		"looks at sessions are no watch":         {20 * second, 48 * hour, []evidence.Span{span(evidence.FromView, 22*second)}, 0},
		"the look that missed more comes second": {20 * second, 2 * hour, []evidence.Span{span(evidence.FromLog, 300*second), span(evidence.FromLog, 22*second)}, 22 * second},
		"nobody watches":                         {20 * second, 48 * hour, nil, 0},
		"nothing is known of its certificate":    {0, 48 * hour, []evidence.Span{span(evidence.FromLog, 22*second)}, 0},
	} {
		served := at(c.served)
		if c.served == 0 {
			served = time.Time{}
		}
		if got := born(created, served, c.spans, at(c.age)).Sub(created); got != c.want {
			t.Errorf("%s: clients have to have been watched from %s after its creation on, want %s", sentence, got, c.want)
		}
	}
}
