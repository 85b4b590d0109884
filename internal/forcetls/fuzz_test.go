package forcetls

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// FuzzExceptions adds what somebody typed to what a group says, and follows it
// through its ends: what is kept can be read again, nothing that has not ended is
// lost, and there is always a time to look again while anything is left.
func FuzzExceptions(f *testing.F) {
	for _, seed := range []string{"", "exporter@10.1.2.3=2026-12-31", "*@10.0.0.0/8=2026-12-31T10:00:00Z,a@*=2027-01-01", "a@::1=2026-06-11", "a@b@c=d", "*@*=2999-01-01", "x@fe80::1%eth0=2999-01-01"} {
		f.Add(seed, "y@10.2.2.2=2026-07-01", int64(0))
		f.Add("y@10.2.2.2=2026-07-01", seed, int64(400*24))
	}
	noon := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value, more string, hours int64) {
		all, err := added(value, []string{more}, noon)
		if err != nil {
			return
		}
		again, err := engine.ParseExceptions(engine.FormatExceptions(all))
		if err != nil {
			t.Fatalf("%q and %q make %q, which cannot be read: %v", value, more, engine.FormatExceptions(all), err)
		}
		now := noon.Add(time.Duration(hours%10_000) * time.Hour)
		s := look(again, nil, false, now)
		if len(s.stay)+len(s.ended) != len(again) {
			t.Errorf("of %d exceptions %d stay and %d have ended", len(again), len(s.stay), len(s.ended))
		}
		for _, x := range s.ended {
			if now.Before(x.Until) {
				t.Errorf("%s has ended before its end at %s", x, now)
			}
		}
		if len(s.stay) > 0 && len(s.ended) == 0 && !s.next.After(now) {
			t.Errorf("%q: look again at %s, now is %s", value, s.next, now)
		}
	})
}
