package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/forecast"
)

// planned says whose rotation is planned: one instance, a cluster's members, the
// region's instances or all.
type planned struct {
	instance, cluster string
	region, all       bool
}

// choose takes the instance of a command line, or checks that a plan for several
// was asked for.
func (who *planned) choose(plan bool, args []string) error {
	several := 0
	for _, asked := range []bool{who.cluster != "", who.region, who.all} {
		if asked {
			several++
		}
	}
	switch {
	case len(args)+several != 1:
		return errors.New("give one instance, or one of --cluster, --region-wide and --all")
	case several == 1 && !plan:
		return errors.New("a rotation is asked for one instance at a time, so that the first that goes wrong stops the rest; for several there is --plan")
	case len(args) == 1:
		who.instance = args[0]
	}
	return nil
}

// Exit codes of a plan, for pipelines.
const (
	exitBreaks  = 1
	exitUnknown = 3
)

func showPlan(c *cobra.Command, m *remote, who planned, q native.RotateRequest, asJSON bool) error {
	out, err := fetchPlans(c, m, who, q)
	if err != nil {
		return err
	}
	switch {
	case asJSON && who.instance != "":
		err = printJSON(c.OutOrStdout(), out.Plans[0])
	case asJSON:
		err = printJSON(c.OutOrStdout(), out)
	default:
		for n, p := range out.Plans {
			if n > 0 {
				fmt.Fprintln(c.OutOrStdout())
			}
			printPlan(c.OutOrStdout(), p)
		}
		for _, s := range out.Skipped {
			fmt.Fprintf(c.OutOrStdout(), "%s is left out: %s\n", s.Instance, s.Why)
		}
	}
	if err != nil {
		return err
	}
	return verdictOf(out)
}

// fetchPlans asks for one plan, or for all pages of many.
func fetchPlans(c *cobra.Command, m *remote, who planned, q native.RotateRequest) (native.Plans, error) {
	query := url.Values{"to": {q.To}, "reason": {q.Reason}, "no_bridge": {strconv.FormatBool(q.NoBridge)}}
	if who.instance != "" {
		var p fleet.Plan
		err := m.call(c, http.MethodGet, "/api/v1/instances/"+url.PathEscape(who.instance)+"/rotate/plan?"+query.Encode(), nil, &p)
		return native.Plans{Plans: []fleet.Plan{p}, Skipped: []native.Skipped{}}, err
	}
	if who.all {
		query.Set("scope", "all")
	}
	if who.cluster != "" {
		query.Set("cluster", who.cluster)
	}
	out := native.Plans{Plans: []fleet.Plan{}, Skipped: []native.Skipped{}}
	for {
		var page native.Plans
		if err := m.call(c, http.MethodGet, "/api/v1/rotate/plan?"+query.Encode(), nil, &page); err != nil {
			return out, err
		}
		out.Plans, out.Skipped = append(out.Plans, page.Plans...), append(out.Skipped, page.Skipped...)
		if page.Next == "" {
			return out, nil
		}
		query.Set("after", page.Next)
		fmt.Fprintf(c.ErrOrStderr(), "%d instances planned …\n", len(out.Plans)+len(out.Skipped))
	}
}

// verdictOf is the exit code for all plans together.
func verdictOf(all native.Plans) error {
	counts := map[clientconfig.Verdict]int{}
	unseen := 0
	for _, p := range all.Plans {
		for v, n := range p.Clients.Counts {
			counts[v] += n
		}
		if p.Clients.Unseen != "" {
			unseen++
		}
	}
	switch {
	case counts[clientconfig.Breaks] > 0:
		return exitError{exitBreaks, fmt.Sprintf("%d clients would break", counts[clientconfig.Breaks])}
	case counts[clientconfig.Unknown] > 0 || unseen > 0 || len(all.Skipped) > 0:
		return exitError{exitUnknown, "nothing is known to break, and not all is known: " + strings.Join(unknowns(counts[clientconfig.Unknown], unseen, len(all.Skipped)), ", ")}
	}
	return nil
}

// unknowns says what is not known, and nothing of what is.
func unknowns(clients, unseen, skipped int) (all []string) {
	for _, u := range []struct {
		n    int
		what string
	}{{clients, "clients are UNKNOWN"}, {unseen, "databases may have clients that nobody saw"}, {skipped, "databases were left out"}} {
		if u.n > 0 {
			all = append(all, fmt.Sprintf("%d %s", u.n, u.what))
		}
	}
	return all
}

func printPlan(w io.Writer, p fleet.Plan) {
	fmt.Fprintf(w, "%s: %s to %s (%s)\n", p.Instance, p.From, p.To, p.Reason)
	fmt.Fprintf(w, "  takes effect by   %s; sessions %s\n", p.Effect, p.Sessions)
	fmt.Fprintf(w, "  new certificate   valid until %s\n", p.NotAfter.UTC().Format(time.DateOnly))
	covered := strings.Join(p.Covered, ", ")
	if !p.Until.IsZero() {
		covered += " (both until " + p.Until.UTC().Format(time.DateOnly) + ")"
	}
	fmt.Fprintf(w, "  verify-full with  %s\n", covered)
	if p.LosesCA != "" {
		fmt.Fprintf(w, "  CUTS OFF          clients that trust only %s; needs --drop-cover\n", p.LosesCA)
	}
	if !p.WayBack {
		fmt.Fprintf(w, "  no way back       the old key is never used again, even if the new one fails\n")
	}
	if p.HeldBack != "" {
		fmt.Fprintf(w, "  would wait        %s\n", p.HeldBack)
	}
	fmt.Fprintf(w, "  on the wire now   %s\n", p.Reachable)
	printForecast(w, p.Clients)
}

// printForecast is the table of clients, the worst first, each with its reason
// and evidence below.
func printForecast(w io.Writer, f forecast.Forecast) {
	fmt.Fprintf(w, "  clients, 30 days  %d BREAK, %d UNKNOWN, %d do not verify, %d SAFE\n", f.Counts[clientconfig.Breaks],
		f.Counts[clientconfig.Unknown], f.Counts[clientconfig.DoesNotVerify], f.Counts[clientconfig.Safe])
	if f.Unseen != "" {
		fmt.Fprintf(w, "  and those unseen  %s\n", f.Unseen)
	}
	for _, r := range f.Rows {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		verdict := string(r.Verdict)
		if !r.Until.IsZero() {
			verdict += " until " + r.Until.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(t, "    %s\t%s\tfrom %s\t%s\t%s\n", verdict, orDash(r.User), orDash(r.Source), orDash(r.Application), seenAs(r))
		t.Flush()
		fmt.Fprintf(w, "      %s\n", r.Why)
		for _, e := range r.Evidence {
			fmt.Fprintf(w, "      - %s\n", e)
		}
	}
}

func seenAs(r forecast.Row) string {
	if r.Count == 0 {
		return "not seen"
	}
	return fmt.Sprintf("%s, %d logins, last %s", r.TLS, r.Count, r.Last.UTC().Format(time.RFC3339))
}
