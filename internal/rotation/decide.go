package rotation

import (
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// Facts is all that a decision depends on.
type Facts struct {
	Instance  inventory.Instance
	Active    string // generation the engine's configuration names, "" when not known
	Found     *Found // what Active is when the state does not know it and it is ours
	Current   CAFacts
	Default   CAFacts // what a new instance would get
	HotReload bool
}

// CAFacts is what matters about a CA.
type CAFacts struct {
	ID          string
	NotAfter    time.Time
	AutoRotates bool
}

// Decision says whether a rotation is due.
type Decision struct {
	Reason inventory.Reason // "" when none is
	To     string           // CA of the new leaf
	Next   time.Time        // without a reason: when to ask again
}

// forceBefore is how long before its end a leaf is renewed outside the
// maintenance window; a short-lived leaf is renewed in its last quarter.
const forceBefore = 30 * 24 * time.Hour

// CANotice is how long before its CA's end an instance moves to the default CA.
const CANotice = 365 * 24 * time.Hour

// check is one rule: the CA to issue from when it holds, or when it may hold
// next (zero: not by the passing of time).
type check func(f Facts, now time.Time) (to string, next time.Time)

// checks in order of urgency: the first that holds wins.
var checks = []struct {
	reason inventory.Reason
	rule   check
}{
	{inventory.ReasonKeyCompromised, keyCompromised},
	{inventory.ReasonEndpointChanged, endpointChanged},
	{inventory.ReasonUnrecorded, unrecorded},
	{inventory.ReasonCAChanged, caChanged},
	{inventory.ReasonRequested, requested},
	{inventory.ReasonBridgeEnded, bridgeEnded},
	{inventory.ReasonExpiring, expiring},
	{inventory.ReasonCAExpiring, caExpiring},
	{inventory.ReasonHalfLife, halfLife},
}

// Decide says whether a rotation of an available instance is due at now, and
// why. It is a pure function.
func Decide(f Facts, now time.Time) Decision {
	var next time.Time
	for _, c := range checks {
		to, at := c.rule(f, now)
		if to != "" {
			return Decision{Reason: c.reason, To: to}
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return Decision{Next: next}
}

// target is the CA a rotation for another reason uses: the one that is wanted
// at once, else the current one.
func target(f Facts) string {
	if w := f.Instance.Want; w.CA != "" && w.Now {
		return w.CA
	}
	return f.Current.ID
}

// keyCompromised: somebody said so. At once, wherever the window is.
func keyCompromised(f Facts, _ time.Time) (string, time.Time) {
	if f.Instance.Want.Renew != inventory.ReasonKeyCompromised {
		return "", time.Time{}
	}
	return target(f), time.Time{}
}

// endpointChanged: clients use a name that the leaf does not carry; or the leaf
// carries one that is no longer the instance's and may become another's. The
// second harms nobody at once, so a version that must restart for it waits for
// its window.
func endpointChanged(f Facts, now time.Time) (string, time.Time) {
	names := f.Instance.Names()
	for _, name := range names {
		if !slices.Contains(f.Instance.Leaf.Names, name) {
			return target(f), time.Time{}
		}
	}
	for _, name := range f.Instance.Leaf.Names {
		switch {
		case slices.Contains(names, name):
		case f.HotReload || f.Instance.Window.Open(now):
			return target(f), time.Time{}
		default:
			return "", f.Instance.Window.Next(now)
		}
	}
	return "", time.Time{}
}

// unrecorded: the engine is told to serve a pair that the state does not know
// and that is none of this server's CAs', or for another endpoint. One that is
// ours is put on record instead, see Recognise.
func unrecorded(f Facts, _ time.Time) (string, time.Time) {
	if f.Active == "" || f.Active == f.Instance.Leaf.Generation {
		return "", time.Time{}
	}
	return target(f), time.Time{}
}

// caChanged: another CA was asked for; at once or in the window.
func caChanged(f Facts, now time.Time) (string, time.Time) {
	w := f.Instance.Want
	if w.CA == "" || w.CA == f.Current.ID {
		return "", time.Time{}
	}
	if w.Now || f.Instance.Window.Open(now) {
		return w.CA, time.Time{}
	}
	return "", f.Instance.Window.Next(now)
}

// requested: somebody asked for a new leaf of the same CA.
func requested(f Facts, _ time.Time) (string, time.Time) {
	if f.Instance.Want.Renew != inventory.ReasonRequested {
		return "", time.Time{}
	}
	return target(f), time.Time{}
}

// bridgeEnded: the overlap of the last CA change is over, so the served chain
// goes without the cross-certificate from now on. A version that must restart
// for it waits for its window: an idle cross-certificate harms nobody.
func bridgeEnded(f Facts, now time.Time) (string, time.Time) {
	b := f.Instance.Bridge
	if b.CA == "" {
		return "", time.Time{}
	}
	if b.Covers(now) {
		return "", b.Until
	}
	if !f.HotReload && !f.Instance.Window.Open(now) {
		return "", f.Instance.Window.Next(now)
	}
	return f.Current.ID, time.Time{}
}

// expiring: the end is near and no window has come; renewed now.
func expiring(f Facts, now time.Time) (string, time.Time) {
	leaf := f.Instance.Leaf
	at := leaf.NotAfter.Add(-min(forceBefore, leaf.NotAfter.Sub(leaf.NotBefore)/4))
	return renewal(f, now, at, false)
}

// halfLife: half of the leaf's life is over; renewed in the next window.
func halfLife(f Facts, now time.Time) (string, time.Time) {
	leaf := f.Instance.Leaf
	at := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	return renewal(f, now, at, true)
}

// renewal from the same CA at a time. CAs that do not rotate automatically are
// left alone, and so is a leaf that a new one would hardly outlive: its CA
// ends.
func renewal(f Facts, now, at time.Time, inWindow bool) (string, time.Time) {
	leaf := f.Instance.Leaf
	if !f.Current.AutoRotates {
		return "", time.Time{}
	}
	if now.Before(at) {
		return "", at
	}
	end := earliest(now.Add(LeafLife(f.HotReload, now)), f.Current.NotAfter)
	if end.Sub(leaf.NotAfter) < leaf.NotAfter.Sub(leaf.NotBefore)/10 {
		return "", time.Time{}
	}
	if inWindow && !f.Instance.Window.Open(now) {
		return "", f.Instance.Window.Next(now)
	}
	return f.Current.ID, time.Time{}
}

// caExpiring: the CA itself nears its end, so no leaf of it will do for long.
// In the window the instance moves to the default CA, behind a bridge. Leaves
// of a CA that does not rotate automatically (rds-ca-2019) are never moved
// unasked; Warning speaks instead.
func caExpiring(f Facts, now time.Time) (string, time.Time) {
	if !f.Current.AutoRotates || f.Default.ID == f.Current.ID || !f.Default.NotAfter.After(f.Current.NotAfter) {
		return "", time.Time{}
	}
	at := f.Current.NotAfter.Add(-CANotice)
	if now.Before(at) {
		return "", at
	}
	if !f.Instance.Window.Open(now) {
		return "", f.Instance.Window.Next(now)
	}
	return f.Default.ID, time.Time{}
}

// LeafLife is how long a new leaf lives: one year where the engine swaps
// certificates without a restart, else three (Aurora User Guide, "DB server
// certificate validities").
func LeafLife(hotReload bool, now time.Time) time.Duration {
	years := 3
	if hotReload {
		years = 1
	}
	return now.AddDate(years, 0, 0).Sub(now)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
