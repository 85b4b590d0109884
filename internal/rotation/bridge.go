package rotation

import (
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// NextBridge is the overlap that a rotation of i to a CA begins or goes on
// with. oldEnd is when the root of i's present CA ends: no bridge outlives it.
//
//   - to another CA: clients that trust only the present one are covered for
//     the overlap;
//   - the same CA: an overlap under way goes on to its planned end;
//   - a compromised key: none, so that no path leads back to before.
func NextBridge(i inventory.Instance, to string, reason inventory.Reason, overlap time.Duration, oldEnd, now time.Time) inventory.Bridge {
	switch {
	case reason == inventory.ReasonKeyCompromised, i.Leaf.CA == "":
		return inventory.Bridge{}
	case to == i.Leaf.CA && i.Bridge.Covers(now):
		return i.Bridge
	case to == i.Leaf.CA, overlap <= 0, !oldEnd.After(now):
		return inventory.Bridge{}
	}
	return inventory.Bridge{CA: i.Leaf.CA, Until: earliest(now.Add(overlap), oldEnd)}
}

// LostCover names the CA whose clients would be refused after a rotation of i
// to a CA although they are covered now: a served chain carries one
// cross-certificate only, so a third CA inside an overlap pushes the first
// out; and with a compromised key there is no bridge at all. "" when nobody
// loses.
func LostCover(i inventory.Instance, to string, reason inventory.Reason, now time.Time) string {
	if reason == inventory.ReasonKeyCompromised && to != i.Leaf.CA {
		return i.Leaf.CA // no bridge leads back to before
	}
	old := i.Bridge.CA
	if !i.Bridge.Covers(now) || old == to {
		return ""
	}
	if to == i.Leaf.CA && reason != inventory.ReasonKeyCompromised {
		return ""
	}
	return old
}
