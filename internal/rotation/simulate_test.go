package rotation

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// life is a simulated instance over years: what Decide says is done at once,
// by hand, unless the fleet is frozen.
type life struct {
	t       *testing.T
	f       Facts
	roots   map[string]CAFacts
	overlap time.Duration
	count   map[inventory.Reason]int
	last    []time.Time // of every rotation that was not asked for
}

func newLife(t *testing.T, rng *rand.Rand, hot bool, now time.Time) *life {
	start := rng.IntN(7*48) * 30
	l := &life{t: t, overlap: overlap, count: map[inventory.Reason]int{}, roots: map[string]CAFacts{
		rsa2048: {rsa2048, now.AddDate(40, 0, 0), true},
		ecc384:  {ecc384, now.AddDate(3, rng.IntN(24), 0), true}, // ends on the way
		rsa4096: {rsa4096, now.AddDate(100, 0, 0), true},
	}}
	on := []string{rsa2048, ecc384, rsa4096}[rng.IntN(3)]
	l.f = Facts{HotReload: hot, Active: "g", Default: l.roots[rsa2048], Instance: inventory.Instance{
		Host: "h", Window: inventory.Window{Start: start, End: (start + 30) % (7 * 1440)}}}
	l.commit(on, now)
	return l
}

// commit is what a rotation that succeeds leaves behind.
func (l *life) commit(to string, now time.Time) {
	i := &l.f.Instance
	i.Leaf = inventory.Leaf{CA: to, Generation: "g", Names: []string{"h"}, NotBefore: now.Add(-5 * time.Minute),
		NotAfter: earliest(now.Add(LeafLife(l.f.HotReload, now)), l.roots[to].NotAfter)}
	l.f.Current = l.roots[to]
	if i.Want.CA == to {
		i.Want = inventory.Want{}
	}
}

// look asks Decide and does what it says; it returns when to look next.
func (l *life) look(now time.Time) time.Time {
	l.t.Helper()
	d := Decide(l.f, now)
	if d.Reason == "" {
		if !d.Next.IsZero() && !d.Next.After(now) {
			l.t.Fatalf("%s: asked again at %s", now, d.Next)
		}
		return d.Next
	}
	l.count[d.Reason]++
	i := &l.f.Instance
	switch d.Reason {
	case inventory.ReasonHalfLife, inventory.ReasonCAExpiring:
		if !i.Window.Open(now) {
			l.t.Fatalf("%s: %s outside the window %s", now, d.Reason, i.Window)
		}
	case inventory.ReasonCAChanged:
		if !i.Want.Now && !i.Window.Open(now) {
			l.t.Fatalf("%s: an unhurried change outside the window %s", now, i.Window)
		}
	case inventory.ReasonBridgeEnded:
		if !l.f.HotReload && !i.Window.Open(now) {
			l.t.Fatalf("%s: a restart for the bridge outside the window %s", now, i.Window)
		}
	}
	if d.Reason != inventory.ReasonCAChanged {
		l.last = append(l.last, now)
	}
	i.Bridge = NextBridge(*i, d.To, d.Reason, l.overlap, l.f.Current.NotAfter, now)
	if i.Bridge.CA == d.To {
		l.t.Fatalf("%s: a bridge from %s to itself", now, d.To)
	}
	l.commit(d.To, now)
	return now.Add(time.Second)
}

// check holds at every moment.
func (l *life) check(now time.Time) {
	l.t.Helper()
	i := l.f.Instance
	if !now.Before(i.Leaf.NotAfter) {
		l.t.Fatalf("%s: the leaf of %s expired %s", now, i.Leaf.CA, i.Leaf.NotAfter)
	}
	if b := i.Bridge; b.CA != "" && b.Until.After(l.roots[b.CA].NotAfter) {
		l.t.Fatalf("%s: the bridge %+v outlives its root", now, b)
	}
	if n := len(l.last); n > 4 && l.last[n-1].Sub(l.last[n-5]) < 365*day24 {
		l.t.Fatalf("%s: five rotations in a year that nobody asked for: %v", now, l.last[n-5:])
	}
}

func TestTenYearsOfAnInstance(t *testing.T) {
	t.Parallel()
	for _, hot := range []bool{true, false} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("reloads %t, seed %d", hot, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, 1))
				begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.IntN(365*24)) * time.Hour)
				l := newLife(t, rng, hot, begin)
				next := begin
				for day := range 3650 {
					now := begin.Add(time.Duration(day) * day24)
					for !next.IsZero() && next.Before(now) { // dbtls wakes up when it planned to
						l.check(next)
						next = l.look(next)
					}
					if rng.IntN(400) == 0 {
						to := []string{rsa2048, rsa4096}[rng.IntN(2)]
						l.f.Instance.Want = inventory.Want{CA: to, Now: rng.IntN(2) == 0}
						next = now
					}
					l.check(now)
				}
				if n := l.count[inventory.ReasonExpiring]; n > 0 {
					t.Errorf("%d renewals outside the window although one came every week: %v", n, l.count)
				}
				if hot && l.count[inventory.ReasonHalfLife] < 10 {
					t.Errorf("only %v in ten years", l.count)
				}
			})
		}
	}
}

func TestAFreezeOfMonthsEndsInOneForcedRenewal(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLife(t, rand.New(rand.NewPCG(7, 7)), true, begin)
	l.commit(rsa2048, begin)
	now := begin.Add(340 * day24) // frozen since the first day
	for Decide(l.f, now).Reason == inventory.ReasonExpiring {
		l.look(now)
		if l.count[inventory.ReasonExpiring] > 1 {
			t.Fatal("renewed in a loop")
		}
	}
	if l.count[inventory.ReasonExpiring] != 1 {
		t.Errorf("renewals: %v", l.count)
	}
	l.check(now.Add(day24))
}

func TestALeafOfRdsCa2019IsNeverRotatedUnasked(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLife(t, rand.New(rand.NewPCG(3, 3)), true, begin)
	l.roots[ca2019] = CAFacts{ca2019, begin.AddDate(5, 0, 0), false}
	l.commit(ca2019, begin)
	for hour := range 24 * 365 * 6 {
		if d := Decide(l.f, begin.Add(time.Duration(hour)*time.Hour)); d.Reason != "" || !d.Next.IsZero() {
			t.Fatalf("hour %d: %+v", hour, d)
		}
	}
}
