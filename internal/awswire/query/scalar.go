package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bool reads "true" or "false" in any case.
func (p *Params) Bool(name string) (v, present bool, err error) {
	s, present := p.String(name)
	switch {
	case !present:
		return false, false, nil
	case strings.EqualFold(s, "true"):
		return true, true, nil
	case strings.EqualFold(s, "false"):
		return false, true, nil
	}
	full := p.Path(name)
	return false, true, invalid(full, fmt.Sprintf("The parameter %s must be true or false", full))
}

// Int reads a decimal number of 32 bits, the protocol's Integer.
func (p *Params) Int(name string) (v int, present bool, err error) {
	s, present := p.String(name)
	if !present {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		full := p.Path(name)
		return 0, true, invalid(full, fmt.Sprintf("The parameter %s must be a whole number between -2147483648 and 2147483647", full))
	}
	return int(n), true, nil
}

// Time reads ISO 8601: a date and a time of day to the minute or finer, with Z
// or an offset, or without one (UTC). The result is in UTC.
func (p *Params) Time(name string) (v time.Time, present bool, err error) {
	s, present := p.String(name)
	if !present {
		return time.Time{}, false, nil
	}
	// time.Parse takes a fraction after the seconds by itself.
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true, nil
		}
	}
	full := p.Path(name)
	return time.Time{}, true, invalid(full, fmt.Sprintf("The parameter %s must be an ISO 8601 time, for example 2026-01-31T13:45:00Z", full))
}
