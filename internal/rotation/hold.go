package rotation

import (
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// Brakes is what can hold a new rotation back.
type Brakes struct {
	Frozen     string    // why rotations are frozen, "" when they are not
	Distrust   string    // why the clock is not trusted, "" when it is
	StuckSince time.Time // the oldest rotation that is stuck, zero when none is
}

// Held says why a rotation for that reason must wait, "" when it may start.
//
// The fleet stops at the first STUCK: whatever broke one rotation may break
// the next. What somebody asked for after that, knowing it, goes on; so does
// the replacement of a compromised key, and of a leaf that is about to expire:
// those cannot wait for somebody to mend another host. A new instance's
// first certificate replaces nothing; only a wrong clock holds it.
func Held(b Brakes, want inventory.Want, reason inventory.Reason) string {
	switch {
	case b.Distrust != "":
		return b.Distrust
	case reason == inventory.ReasonCreated:
		return ""
	case b.Frozen != "":
		return "rotations are frozen: " + b.Frozen
	case b.StuckSince.IsZero() || reason == inventory.ReasonKeyCompromised || reason == inventory.ReasonExpiring:
		return ""
	case want.IsZero() || !want.At.After(b.StuckSince):
		return "another instance's rotation has been STUCK since " + b.StuckSince.UTC().Format(time.RFC3339)
	}
	return ""
}
