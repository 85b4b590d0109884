package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dbtls/dbtls/internal/forcetls"
)

// mostRows bounds the clients of an instance that are printed for people; JSON
// has more.
const mostRows = 50

func printForcePlan(w io.Writer, p forcetls.Plan) error {
	fmt.Fprintf(w, "%s: %s %s -> %s", groupWords(p), p.Parameter, cmp.Or(p.Now, "(unset)"), p.Then)
	if !p.Changes {
		fmt.Fprint(w, " (it is so already)")
	}
	fmt.Fprintln(w)
	for _, x := range p.Exceptions {
		fmt.Fprintf(w, "  exception  %s\n", x)
	}
	if p.Pending != nil {
		printPending(w, []forcetls.Pending{*p.Pending})
	}
	if len(p.Instances) == 0 {
		fmt.Fprintln(w, "  no instance uses it")
	}
	for _, i := range p.Instances {
		fmt.Fprintln(w)
		if err := printForceInstance(w, p, i); err != nil {
			return err
		}
	}
	if len(p.Default) > 0 {
		fmt.Fprintf(w, "\nNobody can change a default group. Make one of your own and give it to the instance:\n")
		for _, do := range p.Default {
			fmt.Fprintf(w, "  %s\n", do)
		}
	}
	fmt.Fprintf(w, "\n%s\n", outcomeWords(p))
	return nil
}

func groupWords(p forcetls.Plan) string {
	what := "parameter group " + p.Group
	if p.Kind == "cluster-pg" {
		what = "cluster parameter group " + p.Group
	}
	if p.Target != p.Group {
		return p.Target + ": " + what
	}
	return what
}

// printForceInstance is one instance: when, who, and what those get to hear.
func printForceInstance(w io.Writer, p forcetls.Plan, i forcetls.InstancePlan) error {
	fmt.Fprintf(w, "%s (%s %s): ", i.Instance, i.Engine, i.Version)
	if i.Effect == forcetls.EffectNone || i.Effect == forcetls.EffectCluster {
		fmt.Fprintf(w, "nothing changes; %s\n", i.Why)
		return nil
	}
	fmt.Fprintf(w, "takes effect %s", i.Effect)
	fmt.Fprintf(w, " (%s)\n", i.Why)
	if !p.On {
		return nil
	}
	if len(i.Clients) > 0 {
		if err := printForceClients(w, i); err != nil {
			return err
		}
	}
	if i.Refusal != "" && i.Counts[forcetls.Refused]+i.Counts[forcetls.Upgraded]+i.Counts[forcetls.Unknown] > 0 {
		fmt.Fprintf(w, "  a client that is refused is told: %s\n  which means: %s\n", i.Refusal, i.Means)
	}
	if i.Gap != "" {
		fmt.Fprintf(w, "  UNKNOWN who else: %s\n", i.Gap)
	} else if len(i.Clients) == 0 {
		fmt.Fprintf(w, "  no client since %s; every login was watched\n", minute(i.Since))
	}
	if i.Fix != "" {
		fmt.Fprintf(w, "  to make it known: %s\n", i.Fix)
	}
	return nil
}

func printForceClients(w io.Writer, i forcetls.InstancePlan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  VERDICT\tUSER\tSOURCE\tAPPLICATION\tPLAIN\tTLS\tUNKNOWN\tLAST SEEN\tSEEN IN\tREMARK")
	shown := i.Clients[:min(len(i.Clients), mostRows)]
	for _, c := range shown {
		remark := c.Why
		if !c.Until.IsZero() {
			remark = "until " + minute(c.Until)
		}
		var seen []string
		for _, how := range c.Seen {
			seen = append(seen, string(how))
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", c.Verdict, orDash(c.User), orDash(c.Source), orDash(c.Application),
			c.Plain, c.Encrypted, c.Unknown, minute(c.Last), strings.Join(seen, ","), orDash(remark))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if more := len(i.Clients) - len(shown) + i.More; more > 0 {
		fmt.Fprintf(w, "  and %d more; --json has %d of them\n", more, len(i.Clients))
	}
	return nil
}

func outcomeWords(p forcetls.Plan) string {
	total := map[forcetls.Verdict]int{}
	gaps := 0
	for _, i := range p.Instances {
		for v, n := range i.Counts {
			total[v] += n
		}
		if i.Gap != "" {
			gaps++
		}
	}
	switch p.Outcome() {
	case forcetls.OutcomeRefused:
		return fmt.Sprintf("%d REFUSED. Move them to TLS, except them until a date (--except), or consent with --refuse-clients.", total[forcetls.Refused])
	case forcetls.OutcomeUnknown:
		var unknown []string
		if n := total[forcetls.Unknown]; n > 0 {
			unknown = append(unknown, fmt.Sprintf("%d of the clients", n))
		}
		if gaps > 0 {
			unknown = append(unknown, fmt.Sprintf("who else comes (instances: %d)", gaps))
		}
		return fmt.Sprintf("Nobody is refused as far as is known. UNKNOWN: %s. Make it known, or consent with --accept-unknown.", strings.Join(unknown, ", and "))
	}
	if n := total[forcetls.Upgraded]; n > 0 {
		return fmt.Sprintf("Nobody is refused; %d are UPGRADED: encrypted without asking, and still verifying nothing.", n)
	}
	return "Nobody is refused."
}

// printForced says what a change has done.
func printForced(w io.Writer, p forcetls.Plan) error {
	if !p.Changes {
		_, err := fmt.Fprintf(w, "%s: %s is %s already; nothing was changed\n", groupWords(p), p.Parameter, p.Then)
		return err
	}
	fmt.Fprintf(w, "%s: %s is %s\n", groupWords(p), p.Parameter, p.Then)
	for _, i := range p.Instances {
		fmt.Fprintf(w, "  %s: %s (%s)\n", i.Instance, i.Effect, i.Why)
	}
	if p.Pending != nil {
		printPending(w, []forcetls.Pending{*p.Pending})
	}
	return nil
}

// printStanding says how a group stands, without its clients.
func printStanding(w io.Writer, p forcetls.Plan) {
	fmt.Fprintf(w, "%s: %s is %s\n", groupWords(p), p.Parameter, cmp.Or(p.Now, "(unset)"))
	for _, i := range p.Instances {
		fmt.Fprintf(w, "  %s: %s\n", i.Instance, map[bool]string{true: "refuses or upgrades clients without TLS", false: "lets clients in without TLS"}[i.Forced])
	}
	for _, x := range p.Exceptions {
		fmt.Fprintf(w, "  exception  %s\n", x)
	}
}

func printPending(w io.Writer, all []forcetls.Pending) {
	if len(all) == 0 {
		fmt.Fprintln(w, "nothing waits to be confirmed")
	}
	for _, p := range all {
		var set []string
		for name, value := range p.Settings {
			set = append(set, name+"="+value)
		}
		slices.Sort(set)
		fmt.Fprintf(w, "%s: %s by %s at %s is UNDONE at %s unless it is confirmed:\n  dbtls force-tls %s confirm   (undo at once: dbtls force-tls %s undo)\n",
			p.Group, strings.Join(set, ", "), p.By, minute(p.At), p.Deadline.UTC().Format(time.RFC3339), p.Group, p.Group)
	}
}
