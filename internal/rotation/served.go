package rotation

import (
	"context"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// Served makes one fresh handshake at an instance's endpoint and reports what
// was seen, judged as a client that verifies fully with the roots of the
// region's CAs would.
func (r *Runner) Served(ctx context.Context, i inventory.Instance) (probe.Report, error) {
	e, ok := r.Engine(i.Engine)
	if !ok {
		return probe.Report{}, fault.New(fault.InvalidInstanceState, "this server does not know engine %s", i.Engine)
	}
	now := time.Now()
	var ids []string
	for _, ca := range r.Authority.List(i.Region, now) {
		ids = append(ids, ca.ID)
	}
	roots, err := r.Authority.Roots(i.Region, ids...)
	if err != nil {
		return probe.Report{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	q := probe.Question{Label: Endpoint(i), Name: i.Host, Mode: pki.SSLVerifyFull, Trust: probe.NewTrust(i.Region+" bundle", roots),
		Target: probe.Target{Engine: e, Address: Endpoint(i)}}
	if net.ParseIP(i.Host) == nil {
		q.Target.ServerName = i.Host
	}
	seen, err := r.Dial(ctx, q.Target)
	return probe.Judge(seen, err, q, now), nil
}
