package evidence

import (
	"cmp"
	"slices"
	"time"
)

// Day numbers the days of UTC; rows are kept by them.
func Day(t time.Time) int64 {
	const day = 24 * 60 * 60
	s := t.Unix()
	if s < 0 {
		s -= day - 1
	}
	return s / day
}

// Tally counts clients that look the same, by day.
type Tally struct {
	rows map[tallyKey]*Client
}

type tallyKey struct {
	Key
	day int64
}

// Add counts so many of a client at a time; 0 says only that it was still there.
func (t *Tally) Add(k Key, at time.Time, count int64) {
	if t.rows == nil {
		t.rows = map[tallyKey]*Client{}
	}
	id := tallyKey{k, Day(at)}
	c, ok := t.rows[id]
	if !ok {
		t.rows[id] = &Client{Key: k, First: at, Last: at, Count: count}
		return
	}
	c.Count += count
	if at.Before(c.First) {
		c.First = at
	}
	if at.After(c.Last) {
		c.Last = at
	}
}

// Len is how many rows there are.
func (t *Tally) Len() int { return len(t.rows) }

// Rows are the clients, each within one day, by the time they were seen first.
func (t *Tally) Rows() []Client {
	all := make([]Client, 0, len(t.rows))
	for _, c := range t.rows {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Client) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Who(), b.Who()), cmp.Compare(a.TLS, b.TLS), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}
