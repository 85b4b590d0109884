package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

const day24 = 24 * time.Hour

// noon is a Wednesday; the instance's window is Monday 03:00 to 03:30.
var (
	noon    = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	monday  = time.Date(2026, 6, 15, 3, 0, 0, 0, time.UTC)
	mondays = inventory.Window{Start: 1440 + 180, End: 1440 + 210}
)

// quiet are the facts of an instance for which nothing is due at noon: a year's
// leaf of rsa2048 that is 30 days old.
func quiet() Facts {
	return Facts{
		Instance: inventory.Instance{
			ResourceID: "db-A", Name: "shop", Status: inventory.StatusAvailable, Host: "127.1.2.3", Window: mondays,
			Leaf: inventory.Leaf{CA: rsa2048, Generation: "g1", Serial: "01", Names: []string{"127.1.2.3"},
				NotBefore: noon.Add(-30 * day24), NotAfter: noon.Add(335 * day24)},
		},
		Active:    "g1",
		Current:   CAFacts{ID: rsa2048, NotAfter: noon.AddDate(30, 0, 0), AutoRotates: true},
		Default:   CAFacts{ID: rsa2048, NotAfter: noon.AddDate(30, 0, 0), AutoRotates: true},
		HotReload: true,
	}
}

// aged makes the leaf so old, of a life in days.
func aged(f *Facts, old, life int) {
	f.Instance.Leaf.NotBefore = noon.Add(-time.Duration(old) * day24)
	f.Instance.Leaf.NotAfter = f.Instance.Leaf.NotBefore.Add(time.Duration(life) * day24)
}

func openNow(f *Facts) { f.Instance.Window = openWindow(noon) }

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func(*Facts)
		reason   inventory.Reason
		to       string
		next     time.Time // checked when it is set and no reason is wanted
	}{
		{"a young leaf is asked about again at half of its life", func(*Facts) {}, "", "", noon.Add(-30 * day24).Add(365 * day24 / 2)},
		{"a leaf at half of its life waits for the window", func(f *Facts) { aged(f, 200, 365) }, "", "", monday},
		{"a leaf at half of its life is renewed in the window", func(f *Facts) { aged(f, 200, 365); openNow(f) }, inventory.ReasonHalfLife, rsa2048, time.Time{}},
		{"a young leaf is not renewed in the window", func(f *Facts) { openNow(f) }, "", "", time.Time{}},
		{"31 days before its end the window is still waited for", func(f *Facts) { aged(f, 334, 365) }, "", "", noon.Add(day24)},
		{"30 days before its end it is renewed outside the window", func(f *Facts) { aged(f, 335, 365) }, inventory.ReasonExpiring, rsa2048, time.Time{}},
		{"an expired leaf is renewed outside the window", func(f *Facts) { aged(f, 400, 365) }, inventory.ReasonExpiring, rsa2048, time.Time{}},
		{"a leaf of 40 days is forced in its last ten", func(f *Facts) { aged(f, 30, 40) }, inventory.ReasonExpiring, rsa2048, time.Time{}},
		{"a leaf of 40 days is not forced before", func(f *Facts) { aged(f, 29, 40) }, "", "", noon.Add(day24)},
		{"a leaf that its CA cut short is not renewed in a loop", func(f *Facts) {
			aged(f, 200, 365)
			f.Current.NotAfter = f.Instance.Leaf.NotAfter
			openNow(f)
		}, "", "", time.Time{}},
		{"a leaf that its CA cut short is not forced in a loop", func(f *Facts) {
			aged(f, 360, 365)
			f.Current.NotAfter = f.Instance.Leaf.NotAfter.Add(day24)
		}, "", "", time.Time{}},

		{"rds-ca-2019 is never renewed by itself", func(f *Facts) {
			f.Current = CAFacts{ca2019, noon.AddDate(3, 0, 0), false}
			aged(f, 200, 365)
			openNow(f)
		}, "", "", time.Time{}},
		{"rds-ca-2019 is not forced before the end", func(f *Facts) { f.Current = CAFacts{ca2019, noon.AddDate(3, 0, 0), false}; aged(f, 364, 365) }, "", "", time.Time{}},
		{"rds-ca-2019 is not left at the end of the CA", func(f *Facts) { f.Current = CAFacts{ca2019, noon.Add(day24), false}; openNow(f) }, "", "", time.Time{}},
		{"rds-ca-2019 is renewed when somebody asks", func(f *Facts) {
			f.Current = CAFacts{ca2019, noon.AddDate(3, 0, 0), false}
			f.Instance.Want = inventory.Want{Renew: inventory.ReasonRequested, Now: true}
		}, inventory.ReasonRequested, ca2019, time.Time{}},

		{"a CA that ends within a year is left in the window", func(f *Facts) { f.Current = CAFacts{ecc384, noon.Add(300 * day24), true}; openNow(f) }, inventory.ReasonCAExpiring, rsa2048, time.Time{}},
		{"a CA that ends within a year is not left outside the window", func(f *Facts) { f.Current = CAFacts{ecc384, noon.Add(300 * day24), true} }, "", "", monday},
		{"a CA that ends in 400 days is asked about in 35", func(f *Facts) { f.Current = CAFacts{ecc384, noon.Add(400 * day24), true}; openNow(f) }, "", "", noon.Add(35 * day24)},
		{"a CA is not left for one that ends sooner", func(f *Facts) {
			f.Current, f.Default = CAFacts{ecc384, noon.Add(300 * day24), true}, CAFacts{rsa2048, noon.Add(200 * day24), true}
			openNow(f)
		}, "", "", time.Time{}},
		{"the default CA is not left for itself", func(f *Facts) { f.Current.NotAfter = noon.Add(300 * day24); f.Default = f.Current; openNow(f) }, "", "", time.Time{}},

		{"a CA that is wanted now is moved to now", func(f *Facts) { f.Instance.Want = inventory.Want{CA: ecc384, Now: true} }, inventory.ReasonCAChanged, ecc384, time.Time{}},
		{"a CA that is wanted waits for the window", func(f *Facts) { f.Instance.Want = inventory.Want{CA: ecc384} }, "", "", monday},
		{"a CA that is wanted is moved to in the window", func(f *Facts) { f.Instance.Want = inventory.Want{CA: ecc384}; openNow(f) }, inventory.ReasonCAChanged, ecc384, time.Time{}},
		{"the CA one is on is no change", func(f *Facts) { f.Instance.Want = inventory.Want{CA: rsa2048, Now: true} }, "", "", time.Time{}},

		{"a new leaf that is asked for comes from the same CA", func(f *Facts) { f.Instance.Want = inventory.Want{Renew: inventory.ReasonRequested, Now: true} }, inventory.ReasonRequested, rsa2048, time.Time{}},
		{"a renewal does not take along a CA that waits for the window", func(f *Facts) {
			f.Instance.Want = inventory.Want{CA: ecc384, Renew: inventory.ReasonRequested}
		}, inventory.ReasonRequested, rsa2048, time.Time{}},
		{"a compromised key is replaced outside the window", func(f *Facts) { f.Instance.Want = inventory.Want{Renew: inventory.ReasonKeyCompromised} }, inventory.ReasonKeyCompromised, rsa2048, time.Time{}},
		{"a compromised key takes along a CA that is wanted now", func(f *Facts) {
			f.Instance.Want = inventory.Want{CA: ecc384, Now: true, Renew: inventory.ReasonKeyCompromised}
		}, inventory.ReasonKeyCompromised, ecc384, time.Time{}},

		{"a changed endpoint is more urgent than a changed CA, which it takes along", func(f *Facts) {
			f.Instance.Host = "shop2.example.com"
			f.Instance.Want = inventory.Want{CA: ecc384, Now: true}
		}, inventory.ReasonEndpointChanged, ecc384, time.Time{}},
		{"a compromised key is more urgent than a changed endpoint", func(f *Facts) {
			f.Instance.Host = "shop2.example.com"
			f.Instance.Want = inventory.Want{Renew: inventory.ReasonKeyCompromised}
		}, inventory.ReasonKeyCompromised, rsa2048, time.Time{}},
		{"a changed endpoint is more urgent than an unknown pair", func(f *Facts) { f.Instance.Host = "b"; f.Active = "g9" }, inventory.ReasonEndpointChanged, rsa2048, time.Time{}},
		{"a pair that the state does not know is replaced", func(f *Facts) { f.Active = "g9" }, inventory.ReasonUnrecorded, rsa2048, time.Time{}},
		{"a pair that could not be looked up is left alone", func(f *Facts) { f.Active = "" }, "", "", time.Time{}},
		{"an unknown pair is more urgent than a changed CA", func(f *Facts) { f.Active = "g9"; f.Instance.Want = inventory.Want{CA: ecc384, Now: true} }, inventory.ReasonUnrecorded, ecc384, time.Time{}},
		{"a changed CA is more urgent than an ended bridge", func(f *Facts) {
			f.Instance.Want = inventory.Want{CA: ecc384, Now: true}
			f.Instance.Bridge = inventory.Bridge{CA: ca2019, Until: noon.Add(-1)}
		}, inventory.ReasonCAChanged, ecc384, time.Time{}},

		{"a bridge is asked about at its end", func(f *Facts) { f.Instance.Bridge = inventory.Bridge{CA: ecc384, Until: noon.Add(time.Hour)} }, "", "", noon.Add(time.Hour)},
		{"an ended bridge is taken down at once", func(f *Facts) { f.Instance.Bridge = inventory.Bridge{CA: ecc384, Until: noon} }, inventory.ReasonBridgeEnded, rsa2048, time.Time{}},
		{"an ended bridge that costs a restart waits for the window", func(f *Facts) {
			f.Instance.Bridge, f.HotReload = inventory.Bridge{CA: ecc384, Until: noon}, false
		}, "", "", monday},
		{"an ended bridge that costs a restart is taken down in the window", func(f *Facts) {
			f.Instance.Bridge, f.HotReload = inventory.Bridge{CA: ecc384, Until: noon}, false
			openNow(f)
		}, inventory.ReasonBridgeEnded, rsa2048, time.Time{}},
		{"an ended bridge of rds-ca-2019's leaf is taken down too", func(f *Facts) {
			f.Current = CAFacts{ca2019, noon.AddDate(3, 0, 0), false}
			f.Instance.Bridge = inventory.Bridge{CA: ecc384, Until: noon}
		}, inventory.ReasonBridgeEnded, ca2019, time.Time{}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			f := quiet()
			c.change(&f)
			d := Decide(f, noon)
			if d.Reason != c.reason || d.To != c.to {
				t.Errorf("decided %q to %q, want %q to %q", d.Reason, d.To, c.reason, c.to)
			}
			if c.reason == "" && !c.next.IsZero() && !d.Next.Equal(c.next) {
				t.Errorf("asked again %s, want %s", d.Next, c.next)
			}
			if d.Reason == "" && !d.Next.IsZero() && !d.Next.After(noon) {
				t.Errorf("asked again at %s, which is now or past: a busy loop", d.Next)
			}
		})
	}
}

func TestALeafLivesAYearWhereTheEngineReloadsElseThree(t *testing.T) {
	t.Parallel()
	leap := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	if got, want := leap.Add(LeafLife(true, leap)), leap.AddDate(1, 0, 0); !got.Equal(want) {
		t.Errorf("a reloading engine's leaf ends %s, want %s", got, want)
	}
	if got, want := leap.Add(LeafLife(false, leap)), leap.AddDate(3, 0, 0); !got.Equal(want) {
		t.Errorf("a restarting engine's leaf ends %s, want %s", got, want)
	}
}

func TestTheBackoffGrowsToTenMinutes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second,
		7: 320 * time.Second, 8: 10 * time.Minute, 9: 10 * time.Minute, 1000: 10 * time.Minute} {
		if got := Backoff(n); got != want {
			t.Errorf("before try %d it waits %s, want %s", n+1, got, want)
		}
	}
}

func TestWarning(t *testing.T) {
	t.Parallel()
	at := func(daysLeft int) time.Time { return quiet().Instance.Leaf.NotAfter.AddDate(0, 0, -daysLeft) }
	old := CAFacts{ID: ca2019}
	for _, c := range []struct {
		sentence    string
		current     CAFacts
		now         time.Time
		since, next time.Time
	}{
		{"91 days before the end nothing is said", old, at(91), time.Time{}, at(90)},
		{"90 days before the end the first warning is in force", old, at(90), at(90), at(60)},
		{"61 days before the end it is still that one", old, at(61), at(90), at(60)},
		{"the last warning comes the day before", old, at(1).Add(time.Hour), at(1), time.Time{}},
		{"after the end the last one stands", old, at(-10), at(1), time.Time{}},
		{"what is renewed by itself needs no warning", CAFacts{ID: rsa2048, AutoRotates: true}, at(1), time.Time{}, time.Time{}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			text, since, next := Warning(quiet().Instance, c.current, c.now)
			if (text != "") != !c.since.IsZero() || !since.Equal(c.since) || !next.Equal(c.next) {
				t.Errorf("%q since %s, next %s; want since %s, next %s", text, since, next, c.since, c.next)
			}
			if text != "" && (!strings.Contains(text, "--db-instance-identifier shop") || !strings.Contains(text, ca2019)) {
				t.Errorf("the warning names no fix: %q", text)
			}
		})
	}
	if text, _, next := Warning(inventory.Instance{}, old, noon); text != "" || !next.IsZero() {
		t.Error("an instance without a leaf is warned")
	}
}

func TestAWarningIsGivenOncePerThreshold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.change(func(i *inventory.Instance) { i.Leaf.CA = ca2019; i.Leaf.NotAfter = time.Now().AddDate(0, 0, 50) })
	w.check()
	w.check()
	if n := strings.Count(w.told(), "does not rotate certificates automatically"); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	if at, want := w.inst().CheckAt, w.inst().Leaf.NotAfter.AddDate(0, 0, -30); !at.Equal(want) {
		t.Errorf("looked at again %s, want %s", at, want)
	}
	w.change(func(i *inventory.Instance) { i.Leaf.NotAfter = time.Now().AddDate(0, 0, 29) })
	w.check()
	if n := strings.Count(w.told(), "does not rotate certificates automatically"); n != 2 {
		t.Errorf("%d warnings after the next threshold, want 2", n)
	}
}
