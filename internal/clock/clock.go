// Package clock decides whether this machine's time can be trusted to issue
// certificates by. A leaf issued by a wrong clock is not yet valid, or outlives
// what it should, and a mass rotation started by one would replace a whole
// fleet's certificates at once.
//
// The rule is pure (Judge); Guard reads the machine's clocks and remembers.
package clock

import (
	"fmt"
	"time"
)

// Tolerance is how far the clock may move by itself: more than a leap second
// or a time daemon's first step, less than a time zone mistake.
const Tolerance = time.Hour

// Reading is one look at the machine's clocks.
type Reading struct {
	Wall   time.Time
	BootID string        // the kernel's identity of this boot
	Uptime time.Duration // since that boot, suspended time included
}

// Mark is the last reading that was trusted.
type Mark struct {
	Wall   time.Time
	BootID string
	Booted time.Time // Wall - Uptime: constant while nobody sets the clock
}

// MarkOf turns a trusted reading into the mark to remember.
func MarkOf(r Reading) Mark {
	return Mark{Wall: r.Wall, BootID: r.BootID, Booted: r.Wall.Add(-r.Uptime)}
}

// Judge compares a reading with the last trusted mark and returns "" when it
// can be trusted, else why not. The zero mark trusts everything.
//
// Within one boot the wall clock must have moved as the uptime did; across
// boots only a step back can be told, for a machine may have been off for long.
func Judge(last Mark, now Reading) string {
	if last.Wall.IsZero() {
		return ""
	}
	if back := last.Wall.Sub(now.Wall); back > Tolerance {
		return fmt.Sprintf("the clock says %s, which is %s before the newest time dbtls has worked at (%s)",
			stamp(now.Wall), back.Round(time.Second), stamp(last.Wall))
	}
	if now.BootID != last.BootID || now.BootID == "" {
		return ""
	}
	jump := now.Wall.Add(-now.Uptime).Sub(last.Booted)
	if jump.Abs() > Tolerance {
		return fmt.Sprintf("the clock says %s: it was moved by %s since it was last trusted",
			stamp(now.Wall), jump.Round(time.Second))
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
