package forcetls

import (
	"fmt"
	"strings"

	"github.com/dbtls/dbtls/internal/store"
)

// mostNamed bounds the clients that a message names.
const mostNamed = 5

// list joins some of many.
func list(all []string, most int) string {
	if len(all) <= most {
		return andMore(all, 0)
	}
	return andMore(all[:most], len(all)-most)
}

// andMore joins what is named and counts the rest.
func andMore(named []string, more int) string {
	said := strings.Join(named, "; ")
	if more > 0 {
		said += fmt.Sprintf("; and %d more", more)
	}
	return said
}

// inline makes one line of commands.
func inline(commands []string) string {
	var out []string
	for _, c := range commands {
		c, _, _ = strings.Cut(c, "#")
		if c = strings.TrimSpace(c); c != "" {
			out = append(out, c)
		}
	}
	return strings.Join(out, " ; ")
}

// news is what an instance is told of a change, "" when there is nothing to
// tell.
func news(n store.ForceNotice, p InstancePlan) string {
	by := " (" + n.What + " by " + n.By.Name + ")"
	if n.Restart {
		by = ""
	}
	switch {
	case n.Forced:
		return forcedNews(n, p) + by + ". " + risk(p)
	case n.WasForced:
		return relaxed(p) + by
	}
	return ""
}

// forcedNews says that plain clients are not let in any more, and from when on.
func forcedNews(n store.ForceNotice, p InstancePlan) string {
	what := "TLS is forced"
	if n.WasForced {
		what = "Exceptions from forced TLS have changed"
	}
	switch {
	case n.Restart:
		return what + " by this restart"
	case n.Told && !n.WasForced:
		return what + ", which this server goes on doing"
	case p.Effect == EffectNow:
		return what + " from now on; open sessions live on"
	}
	return fmt.Sprintf("%s %s: %s", what, p.Effect, p.Why)
}

// relaxed says that plain clients are let in again, and from when on.
func relaxed(p InstancePlan) string {
	const what = "TLS is not forced any more"
	switch {
	case !p.Forced:
		return what + "; this server had not been told to yet, so nothing changes for its clients"
	case p.Effect == EffectNow:
		return what + ": clients without TLS are let in again"
	}
	return fmt.Sprintf("%s %s (%s); until then this server goes on refusing clients without it", what, p.Effect, p.Why)
}

// risk names the clients at risk, with the words that they get and what those
// mean.
func risk(p InstancePlan) string {
	var said []string
	name := func(v Verdict, what string) {
		if n := p.Counts[v]; n > 0 {
			var who []string
			for _, c := range p.atRisk(v, mostNamed) {
				who = append(who, c.Who())
			}
			said = append(said, fmt.Sprintf("%s: %s", what, andMore(who, n-len(who))))
		}
	}
	name(Refused, "In without TLS lately, and REFUSED")
	name(Upgraded, "In without TLS lately, and encrypted without asking (they still verify nothing)")
	name(Excepted, "Let in without TLS by an exception")
	name(Unknown, "UNKNOWN whether with TLS")
	if p.Gap != "" {
		said = append(said, "Who else comes without TLS is UNKNOWN: "+p.Gap)
	}
	if p.Refusal != "" && p.Counts[Refused]+p.Counts[Upgraded]+p.Counts[Unknown] > 0 {
		said = append(said, fmt.Sprintf("A client that is refused is told %q: %s", p.Refusal, p.Means))
	}
	if len(said) == 0 {
		return fmt.Sprintf("Every login since %s was watched, and all used TLS", stamp(p.Since))
	}
	return strings.Join(said, ". ") + fmt.Sprintf(". All of them: dbtls force-tls %s --plan", p.Instance)
}
