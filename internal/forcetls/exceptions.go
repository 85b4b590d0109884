package forcetls

import (
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// warnBefore is how long before its end an exception's end is announced.
const warnBefore = 7 * 24 * time.Hour

// added adds exceptions to a parameter's value. One for the same user and source
// replaces what is there; one that has ended already would be none.
func added(value string, more []string, now time.Time) ([]engine.Exception, error) {
	all, err := engine.ParseExceptions(value)
	if err != nil {
		return nil, fault.New(fault.InvalidGroupState, "the exceptions that the group has cannot be read: %v", err)
	}
	for _, text := range more {
		parsed, err := engine.ParseExceptions(text)
		if err != nil {
			return nil, fault.New(fault.InvalidParameter, "%v", err)
		}
		for _, x := range parsed {
			if !now.Before(x.Until) {
				return nil, fault.New(fault.InvalidParameter, "the exception %q ends in the past; give a later date, or leave it out", text)
			}
			all = slices.DeleteFunc(all, func(have engine.Exception) bool { return have.User == x.User && have.Source == x.Source })
			all = append(all, x)
		}
	}
	if _, err := engine.ParseExceptions(engine.FormatExceptions(all)); err != nil {
		return nil, fault.New(fault.InvalidParameter, "%v", err)
	}
	return all, nil
}

// season is what is to be done about a list of exceptions at a time.
type season struct {
	stay, ended []engine.Exception
	warn        []engine.Exception // end soon, and nobody was told yet
	warned      []string           // who was told, warn included
	next        time.Time          // when to look again; zero: never
}

// look works it out. warned are the exceptions whose end was announced. When a
// list is new to dbtls (fresh), ends that are near by then are known to whoever
// set them, and not announced.
func look(all []engine.Exception, warned []string, fresh bool, now time.Time) season {
	var s season
	for _, x := range all {
		text := x.String()
		told := slices.Contains(warned, text)
		switch soon := x.Until.Add(-warnBefore); {
		case !now.Before(x.Until):
			s.ended = append(s.ended, x)
			continue
		case !told && now.Before(soon):
			s.next = earlier(s.next, soon)
		case !told && !fresh:
			s.warn = append(s.warn, x)
			told = true
		default:
			told = true
		}
		s.stay = append(s.stay, x)
		if told {
			s.warned = append(s.warned, text)
		}
		s.next = earlier(s.next, x.Until)
	}
	if len(s.ended) > 0 {
		s.next = now
	}
	return s
}

// earlier is the first of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// covering names whom an exception lets in.
func covering(x engine.Exception) string {
	who := "every user"
	if x.User != "" {
		who = "user " + x.User
	}
	if x.Source.IsValid() {
		_, source, _ := strings.Cut(x.String(), "@")
		source, _, _ = strings.Cut(source, "=")
		return who + " from " + source
	}
	return who + " from everywhere"
}
