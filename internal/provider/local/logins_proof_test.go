package local

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

func TestALogThatLacksDbtlssOwnLoginLacksOthers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC)
	own := func(at time.Time) []engine.Sighting {
		return []engine.Sighting{{Kind: engine.SightLogin, At: at, Own: true}}
	}
	others := []engine.Sighting{{Kind: engine.SightLogin, At: now.Add(time.Second)}}
	for name, c := range map[string]struct {
		seen  []engine.Sighting
		after time.Duration
		blind bool
	}{
		"it may be on its way":             {nil, proofTime, false},
		"it does not come":                 {nil, proofTime + time.Second, true},
		"another login is not dbtls's":     {others, proofTime + time.Second, true},
		"an earlier one is another":        {own(now.Add(-2 * time.Second)), proofTime + time.Second, true},
		"it is there":                      {own(now.Add(time.Millisecond)), proofTime + time.Second, false},
		"it is there, to the millisecond":  {own(now.Add(-time.Millisecond)), proofTime + time.Second, false},
		"the clock was set back meanwhile": {nil, -time.Hour, false},
	} {
		p := &Provider{proofs: map[string]proof{}}
		pl := &place{root: "/r", engine: engine.Engine{Log: &engine.LoginLog{}}}
		p.owes(pl, now)
		p.owes(pl, now.Add(4*time.Second)) // the earliest counts
		why := p.unproved(pl, c.seen, now.Add(c.after))
		if (why != "") != c.blind || (c.blind && !strings.Contains(why, "2026-11-22T21:00:00Z")) {
			t.Errorf("%s: %q", name, why)
		}
		if again := p.unproved(pl, nil, now.Add(time.Hour)); (again != "") != (c.blind || name == "it may be on its way") {
			t.Errorf("%s: an hour later %q", name, again)
		}
	}
	p := &Provider{proofs: map[string]proof{}}
	p.owes(&place{root: "/r"}, now)
	if len(p.proofs) != 0 {
		t.Error("an engine without a log owes one")
	}
}
