package forcetls

import (
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
)

// Effect says when a server does what its groups say.
type Effect string

// The effects.
const (
	EffectNone    Effect = "none"            // it does so already
	EffectNow     Effect = "at once"         // while it runs
	EffectStart   Effect = "when it starts"  // it does not run
	EffectReboot  Effect = "at its reboot"   // the parameter is static, or its group has not been taken up yet
	EffectCluster Effect = "not in its hand" // its cluster's group decides
)

// mostClients bounds the clients of an instance in a plan; the worst are first.
const mostClients = 1000

// InstancePlan says what a change does to one instance's clients.
type InstancePlan struct {
	Instance string          `json:"instance"`
	Engine   string          `json:"engine"`
	Version  string          `json:"version"`
	Effect   Effect          `json:"takes_effect"`
	Why      string          `json:"why,omitempty"` // of the effect
	Forced   bool            `json:"forced_now"`    // what its server was told last
	Counts   map[Verdict]int `json:"clients_by_verdict"`
	Clients  []Client        `json:"clients"` // the worst first
	More     int             `json:"more,omitempty"`
	// Gap says why clients may have come that are not listed, "" when every
	// login was watched. Fix is how that, or what is UNKNOWN of a client, becomes
	// known.
	Gap   string    `json:"gap,omitempty"`
	Fix   string    `json:"fix,omitempty"`
	Since time.Time `json:"since"` // clients are looked for from here on
	// What a refused client is told, and what that means.
	Refusal  string `json:"refusal,omitempty"`
	Means    string `json:"means,omitempty"`
	Upgrades bool   `json:"upgrades,omitempty"`
}

// unknown reports that the plan does not know all who are refused.
func (p InstancePlan) unknown() bool { return p.Gap != "" || p.Counts[Unknown] > 0 }

// facts are what one instance's plan is made from.
type facts struct {
	inst   inventory.Instance
	rule   rule // that is to hold
	forced bool // what the server was told last
	effect Effect
	why    string
	rows   []evidence.Client
	spans  []evidence.Span
	unread string // why rows and spans could not be read
	since  time.Time
	born   time.Time // see born
	now    time.Time
}

// firstLook is within what time after its first certificate a new instance is
// watched: its watcher finds it in a list. A log is read from its beginning all
// the same; what a watcher by other means misses in that minute is of no weight
// once it has watched for longWatch.
const (
	firstLook = time.Minute
	longWatch = 24 * time.Hour
)

// born is from when on an instance's clients have to have been watched: from its
// creation on, or from its first watcher on when that began as soon as it could.
// served is when its first certificate was in place, zero when that is not known:
// nobody can log in before.
func born(created, served time.Time, spans []evidence.Span, now time.Time) time.Time {
	var first evidence.Span
	for _, s := range spans {
		if s.How.All() && (first.From.IsZero() || s.From.Before(first.From)) {
			first = s
		}
	}
	switch {
	case served.IsZero(), first.From.Before(created), first.From.Sub(served) > firstLook:
		return created
	case first.How != evidence.FromLog && now.Sub(first.From) < longWatch:
		return created
	}
	return first.From
}

// plan is the rule: given what was seen of an instance's clients, what becomes
// of them. Nobody is safe by silence: where not every login was watched, it says
// so.
func (f facts) plan() InstancePlan {
	p := InstancePlan{
		Instance: f.inst.Name, Engine: f.inst.Engine, Version: f.inst.Version, Effect: f.effect, Why: f.why, Forced: f.forced,
		Counts: map[Verdict]int{}, Clients: []Client{}, Since: later(f.since, f.inst.CreatedAt),
	}
	if f.effect == EffectNone || f.effect == EffectCluster {
		return p
	}
	if f.rule.Forced {
		p.Refusal, p.Means, p.Upgrades = f.rule.Refusal, f.rule.Means, f.rule.Upgrades
	}
	for _, c := range merge(f.rows) {
		if c.Last.Before(p.Since) {
			continue
		}
		c = f.rule.judge(c, f.now)
		p.Counts[c.Verdict]++
		p.Clients = append(p.Clients, c)
	}
	slices.SortFunc(p.Clients, worst)
	if over := len(p.Clients) - mostClients; over > 0 {
		p.Clients, p.More = p.Clients[:mostClients], over
	}
	if f.rule.Forced {
		p.Gap, p.Fix = f.gap(later(f.since, f.born))
	}
	if p.Gap == "" && p.Counts[Unknown] > 0 {
		p.Fix = fmt.Sprintf("a look sees sessions while they are open: dbtls sessions %s, while the client is connected; or ask what the client is configured to do: dbtls clients lint", f.inst.Name)
	}
	return p
}

// gap says what was not watched since a time, and how that becomes known.
func (f facts) gap(since time.Time) (gap, fix string) {
	if f.unread != "" {
		return f.unread, "try again; while the evidence cannot be read, consent with --accept-unknown at your own risk"
	}
	gap = evidence.Gap(f.spans, since, f.now)
	if gap == "" {
		return "", ""
	}
	from := covered(f.spans, f.now)
	if from.IsZero() {
		return gap, fmt.Sprintf("look what dbtls sessions %s says of its sources", f.inst.Name)
	}
	return gap, fmt.Sprintf("every login since %s was watched: wait until that is long enough for your rarest client, or plan with --since %s", stamp(from), stamp(from))
}

// covered is the time from which on every login was watched until now, zero
// when there is none.
func covered(spans []evidence.Span, now time.Time) time.Time {
	var from time.Time
	for _, s := range spans {
		if !s.From.IsZero() && evidence.Gap(spans, s.From, now) == "" && (from.IsZero() || s.From.Before(from)) {
			from = s.From
		}
	}
	return from
}
