package api

import (
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
)

// Times are a request's parameters, whatever its protocol.
type Times interface {
	Time(name string) (v time.Time, given bool, err error)
	Int(name string) (v int, given bool, err error)
}

// Period is the time that a request about events asks for: StartTime and
// EndTime, or the last Duration minutes (60).
func Period(p Times, now time.Time) (from, to time.Time, err error) {
	from, fromGiven, err := p.Time("StartTime")
	if err != nil {
		return from, to, err
	}
	to, toGiven, err := p.Time("EndTime")
	if err != nil {
		return from, to, err
	}
	minutes, given, err := p.Int("Duration")
	if err != nil {
		return from, to, err
	}
	const most = int(events.Retention / time.Minute)
	if !given {
		minutes = 60
	} else if minutes < 1 || minutes > most {
		return from, to, fault.New(fault.InvalidParameter, "Invalid value %d for Duration: 1 to %d minutes; events are kept 14 days", minutes, most)
	}
	period := time.Duration(minutes) * time.Minute
	switch {
	case !fromGiven && !toGiven:
		from, to = now.Add(-period), now
	case !fromGiven:
		from = to.Add(-period)
	case !toGiven && given:
		to = from.Add(period)
	case !toGiven:
		to = now
	}
	if to.Before(from) {
		return from, to, fault.New(fault.InvalidCombination, "EndTime is before StartTime")
	}
	return from, to, nil
}
