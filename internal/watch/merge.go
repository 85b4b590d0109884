package watch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

// view is what the last look showed, as far as the next one needs it.
type view struct {
	At       time.Time       `json:"at"`
	Since    time.Time       `json:"since"`
	Sessions map[string]bool `json:"sessions"`
	// Counts are the logins by who came from where; nil: not kept.
	Counts      map[string]int64 `json:"counts,omitempty"`
	Own         int64            `json:"own"` // logins of dbtls's among them
	Handshakes  int64            `json:"handshakes"`
	Connections int64            `json:"connections"`
	Risen       bool             `json:"risen"` // see evidence.Between
	// Changing: with a change of the certificate the count of handshakes may
	// start over.
	Changing change `json:"changing,omitzero"`
}

// change is the generation of a server's certificate, and whether it is about to
// become another.
type change struct {
	Generation string `json:"generation,omitempty"`
	UnderWay   bool   `json:"under_way,omitempty"`
}

// moved is v in the time of a later look of this process, when the clock was set
// between the two.
func (v view) moved(at time.Time) view {
	if v.At.IsZero() {
		return v
	}
	by := at.Round(0).Sub(v.At.Round(0)) - at.Sub(v.At)
	if by.Abs() <= slack {
		return v
	}
	v.At, v.Since = v.At.Round(0).Add(by), v.Since.Add(by)
	return v
}

// missed says why sessions may have been open and not seen for longer than
// between two looks; v is before in the time of the look.
func (v view) missed(at time.Time, every time.Duration, before view) string {
	switch pause := at.Sub(v.At); {
	case v.At.IsZero():
		return ""
	case !v.At.Equal(before.At):
		return "the clock was set"
	case pause > 3*every:
		return "nobody looked for " + pause.Round(time.Second).String()
	}
	return ""
}

// mostCounts bounds the accounts that one server's counters are kept of.
const mostCounts = 20_000

// slack is how far two readings of a server's age may disagree.
const slack = 2 * time.Second

// learned is what a look shows besides the one before it.
type learned struct {
	next    view
	fresh   bool   // there are sessions that were not open before, or some have ended
	counted bool   // the server's counters tell of the logins between the two
	gap     string // what they may have missed, "" for nothing
}

// merge compares a look with the one before it and counts what is new. A session
// that both show is one login; of those that came and went between the two,
// the server's counters tell, where it has any.
func (v view) merge(look engine.Look, now change, t *evidence.Tally) learned {
	restarted := v.restarted(look)
	if restarted {
		v.Sessions = nil
	}
	out := learned{next: view{At: look.At, Since: look.Since, Sessions: map[string]bool{}, Handshakes: look.Handshakes, Connections: look.Connections, Changing: now}}
	seen := v.sessions(look, t, &out)
	out.fresh = out.fresh || len(out.next.Sessions) != len(v.Sessions)
	out.next.Counts, out.next.Own = counts(look)
	switch {
	case out.next.Counts == nil:
		return out
	case v.Counts == nil:
		out.counted, out.gap = true, "the counters were not read before"
		return out
	case restarted:
		out.gap = "the server was started again, and with it its counters"
		v = view{At: v.At, Counts: map[string]int64{}, Changing: now}
	}
	out.counted = true
	if !v.rest(look, seen, t, &out) {
		out.gap = "the server's counters were set back"
	}
	return out
}

// restarted compares the server's age with that at the last look: both are of
// one clock, so that setting it changes neither.
func (v view) restarted(look engine.Look) bool {
	if v.At.IsZero() || v.Since.IsZero() || look.Since.IsZero() {
		return false
	}
	younger := look.At.Sub(look.Since)+slack < v.At.Sub(v.Since)
	fewer := look.Since.After(v.Since.Add(slack)) && look.Connections < v.Connections
	return younger || fewer || look.Since.After(v.At.Add(slack))
}

// newcomers are the sessions that a look shows and the one before did not.
type newcomers struct {
	by               map[string]int64 // who and from where
	encrypted, plain int64
	ownEncrypted     bool
}

func (v view) sessions(look engine.Look, t *evidence.Tally, out *learned) newcomers {
	n, same := newcomers{by: map[string]int64{}}, map[evidence.Key]int{}
	for _, s := range look.Sessions {
		k := keyOf(s, evidence.FromView)
		if k.TLS == evidence.Unknown && k.Why == "" && !k.Internal {
			k.Why = engine.Printable(look.Unknown)
		}
		id := s.Session
		if id == "" { // the product has no name for it: count those that look the same
			same[k]++
			id = k.Who() + " " + string(k.TLS) + " " + strconv.Itoa(same[k])
		}
		out.next.Sessions[id] = true
		n.ownEncrypted = n.ownEncrypted || s.Own && k.TLS == evidence.Encrypted
		t.Add(k, look.At, 0)
		if v.Sessions[id] {
			continue
		}
		t.Add(k, v.began(s, look), max(s.Count, 1))
		out.fresh = true
		if s.Own || s.Internal {
			continue
		}
		n.by[who(s.User, s.Source)]++
		switch k.TLS {
		case evidence.Encrypted:
			n.encrypted++
		case evidence.Plain:
			n.plain++
		}
	}
	return n
}

// began is when a new session began, as far as it can be true: after the look
// that did not show it.
func (v view) began(s engine.Sighting, look engine.Look) time.Time {
	if s.At.IsZero() || s.At.After(look.At) || s.At.Before(v.At) {
		return look.At
	}
	return s.At
}

// rest counts the logins that no look saw, by the server's counters; false when
// those went back.
func (v view) rest(look engine.Look, seen newcomers, t *evidence.Tally, out *learned) (sound bool) {
	came, own, sound := v.came(look, out.next.Own)
	b := v.between(look, seen, own, out.next.Changing)
	for _, n := range came {
		b.Logins += n
	}
	state, why := b.Rest()
	for _, c := range look.Counts {
		id := who(c.User, c.Source)
		rest := came[id] - seen.by[id]
		if c.Own || rest <= 0 {
			continue
		}
		delete(came, id)
		k := keyOf(engine.Sighting{User: c.User, Source: c.Source}, evidence.FromCounter)
		k.TLS, k.Why = state, why
		t.Add(k, look.At, rest)
		out.fresh = true
	}
	out.next.Risen = b.Rises()
	return sound
}

// came is how many logins were counted since the last look, by who and from
// where, and how many of dbtls's own.
func (v view) came(look engine.Look, ownNow int64) (came map[string]int64, own int64, sound bool) {
	came, _ = counts(look)
	own, sound = ownNow-v.Own, ownNow >= v.Own
	for id, n := range came {
		came[id] = n - v.Counts[id]
		if came[id] < 0 {
			came[id], sound = 0, false
		}
	}
	return came, own, sound
}

func (v view) between(look engine.Look, seen newcomers, own int64, now change) evidence.Between {
	b := evidence.Between{SeenEncrypted: seen.encrypted, SeenPlain: seen.plain, Risen: v.Risen,
		Handshakes: look.Handshakes - v.Handshakes, Connections: look.Connections - v.Connections - own}
	if seen.ownEncrypted {
		b.Handshakes -= own
	}
	switch {
	case look.Handshakes < 0 || look.Connections < 0:
		b.Unsure = "the server keeps no count of handshakes"
	case now != v.Changing || now.UnderWay:
		b.Unsure = "its certificate was changed meanwhile, with which the server's count of handshakes starts over"
	}
	return b
}

// counts are a look's counters by who and from where, nil when it has none, or
// more than can be kept.
func counts(look engine.Look) (by map[string]int64, own int64) {
	if look.Counts == nil || len(look.Counts) > mostCounts {
		return nil, 0
	}
	by = make(map[string]int64, len(look.Counts))
	for _, c := range look.Counts {
		if c.Own {
			own += c.Logins
			continue
		}
		by[who(c.User, c.Source)] += c.Logins
	}
	return by, own
}

func who(user, source string) string { return fmt.Sprintf("%q from %s", user, source) }
