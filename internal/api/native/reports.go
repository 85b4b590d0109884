package native

import (
	"net/netip"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
)

// Bounds of a report.
const (
	mostReports  = 20_000 // hosts and applications
	mostSources  = 64
	mostClients  = 500
	mostEndpoint = 100 // per configuration
)

// ReportReply says what came of a report.
type ReportReply struct {
	ID      int64    `json:"id"`
	Sources []string `json:"sources"`
	Clients int      `json:"clients"`
}

// postReport keeps what a client's host tells of itself. Of what its trust
// stores hold, only the roots of this server's CAs are kept: a CA that is made
// later can be in none of them.
func postReport(a *API, c *call) (any, error) {
	var r evidence.Report
	if err := c.decode(&r); err != nil {
		return nil, err
	}
	c.named = r.Host
	if err := checkReport(r); err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	all, known, err := a.Evidence.CountReports(ctx, r.Host, r.Application, c.caller.User)
	if err != nil {
		return nil, err
	}
	if all >= mostReports && !known {
		return nil, fault.New(fault.InvalidParameter, "%d hosts and applications have told of themselves already, which is all that is kept; what is 90 days old makes place", all)
	}
	r.ID, r.At, r.By = 0, time.Now().UTC(), c.caller.User
	keep := a.Fleet.Roots()
	for n := range r.Clients {
		r.Clients[n] = printable(r.Clients[n])
		r.Clients[n].Anchors = slices.DeleteFunc(r.Clients[n].Anchors, func(f string) bool { return !keep[f] })
	}
	if r, err = a.Evidence.AddReport(ctx, r); err != nil {
		return nil, err
	}
	return ReportReply{ID: r.ID, Sources: r.Sources, Clients: len(r.Clients)}, nil
}

// checkReport refuses what could be bound to no client.
func checkReport(r evidence.Report) error {
	switch {
	case r.Host == "" || r.Host != engine.Printable(r.Host):
		return fault.New(fault.InvalidParameter, "a report names its host, in at most 256 printable characters")
	case r.Application != engine.Printable(r.Application):
		return fault.New(fault.InvalidParameter, "an application's name has at most 256 printable characters")
	case len(r.Sources) == 0:
		return fault.New(fault.MissingParameter, "a report names the addresses that databases see this host come from (sources); without one it is bound to nobody")
	case len(r.Sources) > mostSources || len(r.Clients) > mostClients:
		return fault.New(fault.InvalidParameter, "a report has at most %d addresses and %d configurations; report applications one by one, with --app", mostSources, mostClients)
	}
	for _, s := range r.Sources {
		if a, err := netip.ParseAddr(s); err != nil || a.String() != s || a.Is4In6() {
			if s != engine.LocalSource {
				return fault.New(fault.InvalidParameter, "source %q of a report is no IP address", s)
			}
		}
	}
	for _, c := range r.Clients {
		if len(c.Databases) > mostEndpoint {
			return fault.New(fault.InvalidParameter, "the configuration at %s names more than %d databases", engine.Printable(c.Where), mostEndpoint)
		}
		if len(c.Tried) > mostEndpoint {
			return fault.New(fault.InvalidParameter, "the configuration at %s was tried with more than %d databases", engine.Printable(c.Where), mostEndpoint)
		}
	}
	return nil
}

// printable is a configuration fit for a terminal.
func printable(c evidence.Configured) evidence.Configured {
	for _, s := range []*string{&c.Where, &c.Driver, &c.Version, &c.User, &c.Encrypts, &c.Verifies, &c.TrustKind, &c.TrustPath} {
		*s = engine.Printable(*s)
	}
	for n := range c.Databases {
		c.Databases[n] = engine.Printable(c.Databases[n])
	}
	for n, t := range c.Tried {
		c.Tried[n] = evidence.Tried{Database: engine.Printable(t.Database), Refused: engine.Printable(t.Refused)}
	}
	return c
}

// getReports lists what hosts told in the last 30 days: what counts.
func getReports(a *API, c *call) (any, error) {
	all, err := a.Evidence.Reports(c.r.Context(), time.Now().Add(-evidence.Proof))
	if all == nil {
		all = []evidence.Report{}
	}
	return all, err
}
