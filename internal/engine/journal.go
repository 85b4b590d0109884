package engine

import (
	"slices"
	"sync"
)

// maxEvents bounds what a Journal keeps.
const maxEvents = 10_000

// Journal keeps what clients did at a simulated instance until it is read. When
// nobody reads, the oldest is forgotten. It is safe for concurrent use; the zero
// value is empty, and nil keeps nothing.
type Journal struct {
	mu     sync.Mutex
	first  int64 // the number of events[0]; the first of all is 0
	events []Sighting
}

func (j *Journal) add(s Sighting) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.events) >= maxEvents {
		j.forget(maxEvents / 10) // many at once: each costs a move of the rest
	}
	j.events = append(j.events, s)
}

// forget drops the oldest n.
func (j *Journal) forget(n int) {
	j.first += int64(n)
	if n == len(j.events) {
		j.events = nil // an idle instance keeps no room
		return
	}
	j.events = slices.Delete(j.events, 0, n)
}

// End is the number that the next event gets.
func (j *Journal) End() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.first + int64(len(j.events))
}

// From returns the events from number n on, at most so many, and the number to
// go on from. missed: some from n on are forgotten, or n is not of this journal.
// The events before n have been kept elsewhere by who asks, and are forgotten.
func (j *Journal) From(n int64, most int) (seen []Sighting, next int64, missed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	end := j.first + int64(len(j.events))
	if n < j.first || n > end {
		n, missed = j.first, true
	}
	j.forget(int(n - j.first))
	seen = slices.Clone(j.events[:min(most, len(j.events))])
	return seen, n + int64(len(seen)), missed
}
