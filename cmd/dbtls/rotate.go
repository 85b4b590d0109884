package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/status"
)

func rotateCommand() *cobra.Command {
	var m remote
	var q native.RotateRequest
	var plan, asJSON bool
	var who planned
	wait := 2 * time.Minute
	c := &cobra.Command{
		Use:   "rotate INSTANCE|--cluster NAME|--region-wide|--all [--to CA]",
		Short: "Replace an instance's certificate now, or say what that would do",
		Long: `Replace an instance's certificate now and wait until a handshake shows the new
one. --plan says what would happen and changes nothing: reload or restart, who is
covered by the bridge and until when, and for every client that was seen in the
last 30 days whether it BREAKS, is SAFE (for good or until the bridge ends),
DOES-NOT-VERIFY or is UNKNOWN, with the rows that say so. A plan may be for a
cluster, for a region or for all; its exit code is 0 when nothing breaks and all is
known, 1 when a client breaks, 3 when something is not known. See docs/clients.md.

--rollback-on 3 puts the new certificate on trial: when three clients that are known
by a login of the last 30 days refuse it within --watch, the old one comes back and
an event names them. Only engines whose log says so can see it (PostgreSQL).

--without-bridge serves the new chain without the cross-certificate that covers
clients which trust only the old CA: they are refused at once.

--reason key-compromised makes a new key without a bridge and without a way back,
and ends the sessions that began under the old key. The old certificate itself
cannot be revoked: there is no CRL and no OCSP. See docs/revocation.md.`,
		Example: `  dbtls rotate shop --to rds-ca-ecc384-g1 --plan
  dbtls rotate --all --to rds-ca-ecc384-g1 --plan --json
  dbtls rotate shop --to rds-ca-ecc384-g1
  dbtls rotate shop --to rds-ca-ecc384-g1 --without-bridge --rollback-on 3 --watch 10m
  dbtls rotate shop --reason key-compromised`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := who.choose(plan, args); err != nil {
				return usageError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
			}
			if plan {
				return showPlan(c, &m, who, q, asJSON)
			}
			return rotate(c, &m, who.instance, q, wait, asJSON)
		},
	}
	m.flags(c)
	f := c.Flags()
	f.StringVar(&who.cluster, "cluster", "", "plan for the members of a cluster (with --plan)")
	f.BoolVar(&who.region, "region-wide", false, "plan for every instance of the region (with --plan)")
	f.BoolVar(&who.all, "all", false, "plan for every instance of every region (with --plan)")
	f.StringVar(&q.To, "to", "", "CA to move to (default: stay, with a new key and certificate)")
	f.StringVar(&q.Reason, "reason", "", "key-compromised, or nothing")
	f.BoolVar(&q.DropCover, "drop-cover", false, "consent that clients which trust only a CA that is covered now are cut off")
	f.BoolVar(&q.NoBridge, "without-bridge", false, "do not cover clients that trust only the CA before")
	f.IntVar(&q.RollbackOn, "rollback-on", 0, "put the old certificate back when so many known clients refuse the new one")
	f.StringVar(&q.Watch, "watch", "", "how long --rollback-on looks for them (default 10m)")
	f.BoolVar(&plan, "plan", false, "say what would happen and change nothing")
	f.DurationVar(&wait, "wait", wait, "how long to wait for the new certificate; 0: return at once")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
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
	row, err := awaitSerial(c, m, name, before.Serial, wait+trialTime(q))
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

// trialTime is how much longer a rotation on trial takes.
func trialTime(q native.RotateRequest) time.Duration {
	if q.RollbackOn == 0 {
		return 0
	}
	d, err := time.ParseDuration(q.Watch)
	if err != nil { // none was given: the server's own
		return 10 * time.Minute
	}
	return d
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
	deadline, last, tried := time.Now().Add(wait), "", false
	for {
		row, err := findRow(c, m, name)
		if err != nil || (row.Serial != old && row.Rotation == nil) {
			return row, err
		}
		if row.Rotation == nil && tried {
			return row, fault.New(fault.Unavailable, "%s has its old certificate back: clients refused the new one; its events name them, see also dbtls sessions %s --refused", name, name)
		}
		if rot := row.Rotation; rot != nil {
			tried = tried || rot.Step == string(inventory.StepWatch)
			if rot.Stuck != "" && !tried {
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
