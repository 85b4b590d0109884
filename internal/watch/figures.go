package watch

import (
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// Figures are an instance's logins since this process began, for metrics.
type Figures struct {
	Instance, Region          string
	Encrypted, Plain, Unknown int64
	// Upto is the time up to which every login is known, zero when nothing tells
	// of every one.
	Upto time.Time
}

// Figures lists those of all instances that are watched.
func (s *Service) Figures() []Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Figures, 0, len(s.sources))
	for id, w := range s.sources {
		if w.tail == nil {
			continue
		}
		var f Figures
		if have := s.figures[id]; have != nil {
			f = *have
		}
		f.Instance, f.Region = w.tail.instance.Name, w.tail.instance.Region
		all = append(all, f)
	}
	return all
}

// note adds rows to a database's figures, and how far a source that tells of
// every login has come.
func (s *Service) note(database string, rows []evidence.Client, open *evidence.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.figures[database]
	if f == nil {
		f = &Figures{}
		s.figures[database] = f
	}
	if len(rows) > 0 {
		sum := evidence.Sum(rows, nil, time.Time{}, time.Time{}, "", 0)
		f.Encrypted += sum.Encrypted
		f.Plain += sum.Plain
		f.Unknown += sum.Unknown
	}
	if open != nil && open.To.After(f.Upto) {
		f.Upto = open.To
	}
}
