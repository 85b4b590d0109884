package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
)

// forceFlags are the flags of dbtls force-tls.
type forceFlags struct {
	remote
	q            native.ForceTLSRequest
	since        string
	within       time.Duration
	plan, asJSON bool
}

const forceLong = `Make the servers of a parameter group refuse clients without TLS, and say first
who that would be. An instance stands for the group that decides for it: a change
concerns all instances of that group.

--plan changes nothing. It lists, for each instance, every client of the last 30
days (--since): REFUSED, UPGRADED (encrypted without asking, as SQL Server does),
EXCEPTED, UNKNOWN, UNAFFECTED. It says UNKNOWN wherever not every login was watched.
The exit code is 0 when nobody is refused and all was watched, 1 when somebody is
refused, 3 when nobody is as far as is known.

on is refused itself while clients would be refused (--refuse-clients consents) or
nobody knows who (--accept-unknown). With --confirm-within the change is undone
after that time, also when dbtls was down by then, unless it is confirmed:
dbtls force-tls GROUP confirm. Without a verb, what waits to be confirmed is shown.
See docs/force-tls.md.`

func forceTLSCommand() *cobra.Command {
	f := &forceFlags{since: "30d"}
	c := &cobra.Command{
		Use:   "force-tls [GROUP|INSTANCE] [on|off|confirm|undo]",
		Short: "Refuse clients without TLS, after saying who that would be",
		Long:  forceLong,
		Example: `  dbtls force-tls shop --plan
  dbtls force-tls web-tls on --confirm-within 10m --except 'exporter@10.1.2.3=2026-12-31'
  dbtls force-tls web-tls confirm`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 2 || len(args) == 2 && !slices.Contains([]string{"on", "off", "confirm", "undo"}, args[1]) {
				return usageError{fmt.Errorf("give a parameter group or an instance, and on, off, confirm or undo; see: %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, append(args, "", "")[:2]) },
	}
	f.remote.flags(c)
	fs := c.Flags()
	fs.BoolVar(&f.plan, "plan", false, "say who would be refused, and change nothing")
	fs.StringVar(&f.since, "since", f.since, "how far back clients are looked for: 30d, 12h, a date or a time")
	fs.DurationVar(&f.within, "confirm-within", 0, "undo the change after this time, unless it is confirmed")
	fs.StringArrayVar(&f.q.Except, "except", nil, "let a client in without TLS until a date: USER@SOURCE=2026-12-31; may be repeated")
	fs.BoolVar(&f.q.RefuseClients, "refuse-clients", false, "consent that the clients that the plan lists are refused")
	fs.BoolVar(&f.q.AcceptUnknown, "accept-unknown", false, "consent that nobody knows who else is refused")
	fs.StringVar(&f.q.Kind, "kind", "", "what the name is, where it is in doubt: group, cluster-group, instance")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

// run does what the words after the command ask for.
func (f *forceFlags) run(c *cobra.Command, args []string) error {
	name, verb := args[0], args[1]
	switch {
	case name == "" && (f.plan || len(f.q.Except) > 0 || f.within != 0):
		return usageError{fmt.Errorf("give the parameter group or the instance; see: %s --help", c.CommandPath())}
	case f.plan && (verb == "confirm" || verb == "undo"), verb != "on" && verb != "" && len(f.q.Except) > 0, verb != "on" && f.within != 0 && !f.plan:
		return usageError{fmt.Errorf("--plan is for on and off, --except and --confirm-within are for on; see: %s --help", c.CommandPath())}
	case verb == "" && !f.plan:
		return f.pending(c, name)
	case f.plan:
		return f.showPlan(c, name, verb)
	case verb == "confirm" || verb == "undo":
		return f.end(c, name, verb)
	}
	return f.apply(c, name, verb)
}

func (f *forceFlags) path(name, rest string) string {
	return "/api/v1/force-tls/" + url.PathEscape(name) + rest
}

// fetch asks for the plan.
func (f *forceFlags) fetch(c *cobra.Command, name, verb string) (forcetls.Plan, error) {
	var p forcetls.Plan
	since, err := parseSince(f.since, time.Now())
	if err != nil {
		return p, usageError{err}
	}
	if verb == "" {
		verb = "on"
	}
	q := url.Values{"state": {verb}, "kind": {f.q.Kind}, "except": f.q.Except, "since": {since.UTC().Format(time.RFC3339)}}
	return p, f.call(c, http.MethodGet, f.path(name, "/plan?"+q.Encode()), nil, &p)
}

func (f *forceFlags) showPlan(c *cobra.Command, name, verb string) error {
	p, err := f.fetch(c, name, verb)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = printJSON(c.OutOrStdout(), p)
	} else {
		err = printForcePlan(c.OutOrStdout(), p)
	}
	if err != nil {
		return err
	}
	switch p.Outcome() {
	case forcetls.OutcomeRefused:
		return exitError{exitBreaks, "clients would be refused"}
	case forcetls.OutcomeUnknown:
		return exitError{exitUnknown, "who would be refused is not known"}
	}
	return nil
}

func (f *forceFlags) apply(c *cobra.Command, name, verb string) error {
	since, err := parseSince(f.since, time.Now())
	if err != nil {
		return usageError{err}
	}
	f.q.State, f.q.Since = verb, since
	if f.within != 0 {
		f.q.ConfirmWithin = f.within.String()
	}
	var p forcetls.Plan
	err = f.call(c, http.MethodPost, f.path(name, ""), f.q, &p)
	if fault.CodeOf(err) == forcetls.ClientsUnknown {
		return exitError{exitUnknown, fault.Public(err)}
	}
	if err != nil {
		return err
	}
	if f.asJSON {
		return printJSON(c.OutOrStdout(), p)
	}
	return printForced(c.OutOrStdout(), p)
}

func (f *forceFlags) end(c *cobra.Command, name, verb string) error {
	var e forcetls.Ended
	if err := f.call(c, http.MethodPost, f.path(name, "/"+verb), native.ForceTLSTarget{Kind: f.q.Kind}, &e); err != nil {
		return err
	}
	if f.asJSON {
		return printJSON(c.OutOrStdout(), e)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), e)
	return err
}

// pending shows what waits to be confirmed: in the region, or of one name with
// how that stands.
func (f *forceFlags) pending(c *cobra.Command, name string) error {
	all := []forcetls.Pending{}
	if name == "" {
		if err := f.call(c, http.MethodGet, "/api/v1/force-tls", nil, &all); err != nil {
			return err
		}
	} else {
		p, err := f.fetch(c, name, "on")
		if err != nil {
			return err
		}
		if p.Pending != nil {
			all = append(all, *p.Pending)
		}
		if !f.asJSON {
			printStanding(c.OutOrStdout(), p)
		}
	}
	if f.asJSON {
		return printJSON(c.OutOrStdout(), all)
	}
	printPending(c.OutOrStdout(), all)
	return nil
}
