package evidence

import "time"

// slack is how far two looks at a clock may disagree.
const slack = 2 * time.Second

// Watch is one step of watching by one source.
type Watch struct {
	Upto time.Time // all until then was told of
	Now  time.Time
	Gap  string // what may have been missed since the step before, "" for nothing
	// Paused says why nothing is claimed from now on, "" while all is well.
	Paused string
}

// Follow says what a step makes of the span that goes on (nil: none does): the
// spans to keep, the one that goes on afterwards last, if one does.
func (w Watch) Follow(open *Span, database string, how How) (keep []Span, next *Span) {
	upto := w.Upto
	if upto.IsZero() || upto.After(w.Now) {
		upto = w.Now // an entry from the future: its clock was set back since
	}
	upto = upto.UTC().Truncate(time.Millisecond)
	why := w.Paused
	if why == "" {
		why = w.Gap
	}
	if why == "" && open != nil && open.To.Sub(w.Now) > slack {
		why = "the clock was set back"
	}
	if open != nil {
		s := *open
		if why == "" {
			if upto.After(s.To) {
				s.To = upto
			}
			return []Span{s}, &s
		}
		s.Ended = why
		keep = append(keep, s)
	}
	if w.Paused != "" {
		return keep, nil
	}
	s := Span{Database: database, How: how, From: upto, To: upto}
	return append(keep, s), &s
}

// All reports whether a source tells of every login.
func (h How) All() bool { return h == FromLog || h == FromCounter }
