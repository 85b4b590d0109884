package forcetls

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

// Verdict says what forced TLS does to a client.
type Verdict string

// The verdicts, the worst first.
const (
	Refused    Verdict = "REFUSED"    // it comes without TLS, and is not let in any more
	Unknown    Verdict = "UNKNOWN"    // whether it comes without TLS is not known
	Upgraded   Verdict = "UPGRADED"   // it comes without TLS, and is encrypted without asking; it verifies nothing
	Excepted   Verdict = "EXCEPTED"   // an exception lets it in without TLS, until its end
	Unaffected Verdict = "UNAFFECTED" // it uses TLS, or comes over no network
)

// verdicts is their order.
func verdicts() []Verdict { return []Verdict{Refused, Unknown, Upgraded, Excepted, Unaffected} }

// Client is somebody who was in, however often and however it was seen.
type Client struct {
	Verdict     Verdict        `json:"verdict"`
	User        string         `json:"user"`
	Source      string         `json:"source"` // IP address, "local", "" not known
	Application string         `json:"application,omitempty"`
	Plain       int64          `json:"plain"` // logins without TLS
	Encrypted   int64          `json:"encrypted"`
	Unknown     int64          `json:"unknown"`
	First       time.Time      `json:"first_seen"`
	Last        time.Time      `json:"last_seen"`
	LastPlain   time.Time      `json:"last_plain,omitzero"`
	LastTLS     time.Time      `json:"last_encrypted,omitzero"`
	Seen        []evidence.How `json:"seen"`
	Until       time.Time      `json:"excepted_until,omitzero"`
	Why         string         `json:"why,omitempty"`

	unknownWhy string
}

// Who names the client in a sentence.
func (c Client) Who() string {
	return evidence.Key{User: c.User, Source: c.Source, Application: c.Application}.Who()
}

// merge makes one client of all rows with the same user, source and
// application: how it was seen, in which database and with which cipher is of no
// matter to a server that asks for TLS. dbtls itself, the server's own threads
// and tries that did not get in are left out.
func merge(rows []evidence.Client) []Client {
	type who struct{ user, source, application string }
	found := map[who]*Client{}
	var order []*Client
	for _, r := range rows {
		if r.Own || r.Internal || r.Kind != evidence.Login {
			continue
		}
		key := who{r.User, r.Source, r.Application}
		c := found[key]
		if c == nil {
			c = &Client{User: r.User, Source: r.Source, Application: r.Application, First: r.First, Last: r.Last}
			found[key] = c
			order = append(order, c)
		}
		c.add(r)
	}
	all := make([]Client, len(order))
	for n, c := range order {
		slices.Sort(c.Seen)
		all[n] = *c
	}
	return all
}

func (c *Client) add(r evidence.Client) {
	if r.First.Before(c.First) {
		c.First = r.First
	}
	c.Last = later(c.Last, r.Last)
	if !slices.Contains(c.Seen, r.How) {
		c.Seen = append(c.Seen, r.How)
	}
	switch r.TLS {
	case evidence.Plain:
		c.Plain += r.Count
		c.LastPlain = later(c.LastPlain, r.Last)
	case evidence.Encrypted:
		c.Encrypted += r.Count
		c.LastTLS = later(c.LastTLS, r.Last)
	default:
		c.Unknown += r.Count
		c.unknownWhy = r.Why
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// rule is what a server does to plain clients.
type rule struct {
	engine.Force
	Forced bool
	Except []engine.Exception // let in all the same, each until its end
}

// judge says what the rule does to a client at a time. One plain login in the
// time that was looked at is enough: what logged in so once may do so again.
func (r rule) judge(c Client, now time.Time) Client {
	covered := slices.IndexFunc(r.Except, func(x engine.Exception) bool { return x.Covers(c.User, c.Source, now) })
	switch {
	case !r.Forced, c.Source == engine.LocalSource, c.Plain == 0 && c.Unknown == 0:
		c.Verdict = Unaffected
	case covered >= 0:
		c.Verdict, c.Until = Excepted, r.Except[covered].Until
	case r.Upgrades:
		c.Verdict = Upgraded
	case c.Plain > 0:
		c.Verdict = Refused
		if c.LastTLS.After(c.LastPlain) {
			c.Why = fmt.Sprintf("with TLS since %s", stamp(c.LastPlain))
		}
	default:
		c.Verdict = Unknown
		c.Why = cmp.Or(c.unknownWhy, "nobody saw whether it uses TLS")
	}
	return c
}

// worst orders clients for people: the worst verdict first, then who was in most
// lately.
func worst(a, b Client) int {
	return cmp.Or(
		cmp.Compare(slices.Index(verdicts(), a.Verdict), slices.Index(verdicts(), b.Verdict)),
		b.Last.Compare(a.Last),
		cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Application, b.Application))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
