package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/status"
)

func rotateCommand() *cobra.Command {
	var m remote
	var q native.RotateRequest
	var plan, asJSON bool
	wait := 2 * time.Minute
	c := &cobra.Command{
		Use:   "rotate INSTANCE [--to CA]",
		Short: "Replace an instance's certificate now, or say what that would do",
		Long: `Replace an instance's certificate now and wait until a handshake shows the new
one. --plan says what would happen and changes nothing: reload or restart, who is
covered by the bridge and until when, who would lose cover.

--reason key-compromised makes a new key without a bridge and without a way back,
and ends the sessions that began under the old key. The old certificate itself
cannot be revoked: there is no CRL and no OCSP. See docs/revocation.md.`,
		Example: `  dbtls rotate shop --to rds-ca-ecc384-g1 --plan
  dbtls rotate shop --to rds-ca-ecc384-g1
  dbtls rotate shop --reason key-compromised`,
		Args: oneArg("instance"),
		RunE: func(c *cobra.Command, args []string) error {
			if plan {
				return showPlan(c, &m, args[0], q, asJSON)
			}
			return rotate(c, &m, args[0], q, wait, asJSON)
		},
	}
	m.flags(c)
	f := c.Flags()
	f.StringVar(&q.To, "to", "", "CA to move to (default: stay, with a new key and certificate)")
	f.StringVar(&q.Reason, "reason", "", "key-compromised, or nothing")
	f.BoolVar(&q.DropCover, "drop-cover", false, "consent that clients which trust only a CA that is covered now are cut off")
	f.BoolVar(&plan, "plan", false, "say what would happen and change nothing")
	f.DurationVar(&wait, "wait", wait, "how long to wait for the new certificate; 0: return at once")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func showPlan(c *cobra.Command, m *remote, name string, q native.RotateRequest, asJSON bool) error {
	var p fleet.Plan
	path := "/api/v1/instances/" + url.PathEscape(name) + "/rotate/plan?" + url.Values{"to": {q.To}, "reason": {q.Reason}}.Encode()
	if err := m.call(c, http.MethodGet, path, nil, &p); err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), p)
	}
	printPlan(c.OutOrStdout(), p)
	return nil
}

func printPlan(w io.Writer, p fleet.Plan) {
	fmt.Fprintf(w, "%s: %s to %s (%s)\n", p.Instance, p.From, p.To, p.Reason)
	fmt.Fprintf(w, "  takes effect by   %s; sessions %s\n", p.Effect, p.Sessions)
	fmt.Fprintf(w, "  new certificate   valid until %s\n", p.NotAfter.UTC().Format("2006-01-02"))
	covered := strings.Join(p.Covered, ", ")
	if !p.Until.IsZero() {
		covered += " (both until " + p.Until.UTC().Format("2006-01-02") + ")"
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
}

func rotate(c *cobra.Command, m *remote, name string, q native.RotateRequest, wait time.Duration, asJSON bool) error {
	before, err := findRow(c, m, name)
	if err != nil {
		return err
	}
	var reply native.RotateReply
	if err := m.call(c, http.MethodPost, "/api/v1/instances/"+url.PathEscape(name)+"/rotate", q, &reply); err != nil {
		return err
	}
	if wait == 0 {
		if asJSON {
			return printJSON(c.OutOrStdout(), reply)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s to %s is under way\n", reply.Instance, reply.From, reply.To)
		return nil
	}
	row, err := awaitSerial(c, m, name, before.Serial, wait)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), row)
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %s serial %s\n   -> %s serial %s, until %s, seen by a handshake at %s\n", row.Name,
		before.CA, before.Serial, row.CA, row.Serial, row.NotAfter.UTC().Format("2006-01-02"), row.Endpoint)
	return nil
}

func findRow(c *cobra.Command, m *remote, name string) (status.Instance, error) {
	var r status.Report
	if err := m.call(c, http.MethodGet, "/api/v1/status", nil, &r); err != nil {
		return status.Instance{}, err
	}
	cl, err := m.client()
	if err != nil {
		return status.Instance{}, err
	}
	for _, i := range r.Instances {
		if strings.EqualFold(i.Name, name) && i.Region == cl.Region {
			return i, nil
		}
	}
	return status.Instance{}, fault.New(fault.InstanceNotFound, "DBInstance %s not found in %s", name, cl.Region)
}

// awaitSerial waits for another certificate than the old one to be in service,
// showing the step on the way.
func awaitSerial(c *cobra.Command, m *remote, name, old string, wait time.Duration) (status.Instance, error) {
	deadline, last := time.Now().Add(wait), ""
	for {
		row, err := findRow(c, m, name)
		if err != nil || (row.Serial != old && row.Rotation == nil) {
			return row, err
		}
		if rot := row.Rotation; rot != nil {
			if rot.Stuck != "" {
				return row, fault.New(fault.Unavailable, "%s is STUCK (%s): %s; it is tried again, see dbtls status", name, rot.Stuck, rot.Detail)
			}
			if rot.Step != last {
				last = rot.Step
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", name, last)
			}
		}
		if time.Now().After(deadline) {
			return row, fault.New(fault.Unavailable, "%s still serves its old certificate after %s; it goes on in the background, see dbtls status", name, wait)
		}
		select {
		case <-c.Context().Done():
			return row, c.Context().Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
