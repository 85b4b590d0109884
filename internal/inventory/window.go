package inventory

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

const week = 7 * 24 * time.Hour

// Window is a weekly maintenance window in UTC, as minutes since Sunday 00:00.
// End may lie in the next week (start > end).
type Window struct{ Start, End int }

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWindow reads "ddd:hh24:mi-ddd:hh24:mi" (UTC, at least 30 minutes), the
// form of PreferredMaintenanceWindow.
func ParseWindow(s string) (Window, error) {
	bad := fault.New(fault.InvalidParameter,
		"The parameter PreferredMaintenanceWindow %q is not ddd:hh24:mi-ddd:hh24:mi in UTC, 30 minutes to 24 hours long, such as Mon:03:00-Mon:04:00", s)
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return Window{}, bad
	}
	start, ok1 := parseMinute(from)
	end, ok2 := parseMinute(to)
	w := Window{start, end}
	if !ok1 || !ok2 || w.Length() < 30*time.Minute || w.Length() > 24*time.Hour {
		return Window{}, bad
	}
	return w, nil
}

func parseMinute(s string) (int, bool) {
	parts := strings.Split(strings.ToLower(s), ":")
	if len(parts) != 3 {
		return 0, false
	}
	hour, ok1 := twoDigits(parts[1], 23)
	minute, ok2 := twoDigits(parts[2], 59)
	for day, name := range dayNames {
		if name == parts[0] {
			return (day*24+hour)*60 + minute, ok1 && ok2
		}
	}
	return 0, false
}

func twoDigits(s string, limit int) (int, bool) {
	if len(s) != 2 || s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= limit
}

// DefaultWindow spreads instances over the nights of the week by their id, so
// that a fleet does not rotate in one half hour.
func DefaultWindow(resourceID string) Window {
	h := sha256.Sum256([]byte(resourceID))
	day, slot := int(h[0])%7, int(h[1])%16 // 16 half hours from 00:00 to 08:00
	start := day*24*60 + slot*30
	return Window{start, start + 30}
}

// String is the inverse of ParseWindow.
func (w Window) String() string {
	f := func(m int) string {
		return fmt.Sprintf("%s:%02d:%02d", dayNames[m/1440], m/60%24, m%60)
	}
	return f(w.Start) + "-" + f(w.End%(7*1440))
}

// Length of the window.
func (w Window) Length() time.Duration {
	n := time.Duration(w.End-w.Start) * time.Minute
	if n <= 0 {
		n += week
	}
	return n
}

// Open reports whether t is inside the window.
func (w Window) Open(t time.Time) bool {
	return t.Sub(w.lastStart(t)) < w.Length()
}

// Next is t when the window is open at t, else the next time it opens.
func (w Window) Next(t time.Time) time.Time {
	if w.Open(t) {
		return t
	}
	return w.lastStart(t).Add(week)
}

// lastStart is the latest opening at or before t.
func (w Window) lastStart(t time.Time) time.Time {
	t = t.UTC()
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	sunday := midnight.AddDate(0, 0, -int(t.Weekday()))
	start := sunday.Add(time.Duration(w.Start) * time.Minute)
	if start.After(t) {
		start = start.Add(-week)
	}
	return start
}
