package console

import (
	"sync"
	"time"
)

// Limits on signing in with a key. Secrets are too long to be guessed; this
// keeps those who try from costing anything.
const (
	triesPerSource = 10
	triesInAll     = 200
	triesWindow    = time.Minute
)

// tries counts the failures of the present minute.
type tries struct {
	mu       sync.Mutex
	begun    time.Time
	all      int
	bySource map[string]int
}

// spent reports whether a source has failed too often, or all have.
func (t *tries) spent(source string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	return t.all >= triesInAll || t.bySource[source] >= triesPerSource
}

// failed counts one. The map holds triesInAll sources at most.
func (t *tries) failed(source string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	t.all++
	t.bySource[source]++
}

func (t *tries) turn(now time.Time) {
	if t.bySource == nil || now.Sub(t.begun) >= triesWindow {
		t.begun, t.all, t.bySource = now, 0, map[string]int{}
	}
}
