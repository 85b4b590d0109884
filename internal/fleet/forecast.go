package fleet

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/forecast"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// Evidence is what is known of databases' clients.
type Evidence interface {
	// Clients lists who was seen since a time, and when the database was
	// watched.
	Clients(ctx context.Context, database string, since time.Time) ([]evidence.Client, []evidence.Span, error)
	// Reports lists what clients' hosts told of themselves since a time.
	Reports(ctx context.Context, since time.Time) ([]evidence.Report, error)
}

// forecast says what a change of an instance's CA does to its clients. bridge
// is the overlap that the change begins.
func (s *Service) forecast(ctx context.Context, i inventory.Instance, to string, bridge inventory.Bridge, now time.Time) (forecast.Forecast, error) {
	clients, spans, err := s.Evidence.Clients(ctx, i.ResourceID, now.Add(-forecast.Back))
	if err != nil {
		return forecast.Forecast{}, err
	}
	reports, err := s.Evidence.Reports(ctx, now.Add(-evidence.Proof))
	if err != nil {
		return forecast.Forecast{}, err
	}
	in := forecast.Input{Endpoints: endpoints(i), Clients: clients, Spans: spans, Reports: reports,
		Change: clientconfig.Change{From: i.Leaf.CA, To: to}, Created: i.CreatedAt, Now: now}
	if bridge.CA == i.Leaf.CA {
		in.Change.Until = bridge.Until
	}
	if ca, ok := s.Authority.Get(i.Region, i.Leaf.CA); ok {
		in.FromRoot = pki.Fingerprint(ca.Root)
	}
	if ca, ok := s.Authority.Get(i.Region, to); ok {
		in.ToRoot, in.NewKeyRSA = pki.Fingerprint(ca.Root), ca.Root.PublicKeyAlgorithm == x509.RSA
	}
	return forecast.Make(in), nil
}

// endpoints are all by which clients reach an instance, host:port.
func endpoints(i inventory.Instance) []string {
	all := []string{rotation.Endpoint(i)}
	hosts := append(i.Names(), i.Address)
	for _, s := range i.Shared {
		hosts = append(hosts, s.Address)
	}
	for _, host := range hosts {
		if one := net.JoinHostPort(host, strconv.Itoa(i.Port)); host != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// Roots are the fingerprints of the roots of every CA of this server: all that
// matters of what a client trusts.
func (s *Service) Roots() map[string]bool {
	all := map[string]bool{}
	for _, region := range s.Authority.Regions() {
		for _, ca := range s.Authority.List(region, time.Now()) {
			all[pki.Fingerprint(ca.Root)] = true
		}
	}
	return all
}

// mostTold bounds the clients that an event names.
const mostTold = 10

// verdicts works out what a change of CA that was asked for through AWS's API,
// which has no place for it, does to clients; the function it returns leaves an
// event. What cannot be worked out is said there, and holds nothing up.
func (s *Service) verdicts(ctx context.Context, in ModifyInput) func(*store.Tx, inventory.Instance, time.Time) error {
	quiet := func(*store.Tx, inventory.Instance, time.Time) error { return nil }
	if in.CA == "" {
		return quiet
	}
	v, err := s.Get(ctx, in.Region, in.Name)
	if err != nil || v.Leaf.CA == in.CA {
		return quiet // the change itself says what is wrong
	}
	now := time.Now()
	f, err := s.forecast(ctx, v.Instance, in.CA, s.bridge(v.Instance, in.CA, inventory.ReasonCAChanged, false, now), now)
	if err != nil {
		s.Log.Error("work out what a change of CA does to clients", "instance", v.Name, "error", err)
	}
	return func(tx *store.Tx, i inventory.Instance, now time.Time) error {
		if i.Want.CA != in.CA {
			return nil
		}
		text := story(i, f)
		if err != nil {
			text = fmt.Sprintf("What the change from %s to %s does to clients could not be worked out; see dbtls rotate %s --to %s --plan", i.Leaf.CA, in.CA, i.Name, in.CA)
		}
		return tx.InsertEvent(events.Instance(s.Account, i, now, events.Notification, "%s", text))
	}
}

func story(i inventory.Instance, f forecast.Forecast) string {
	s := fmt.Sprintf("The change from %s to %s, for the clients of the last 30 days: %d BREAK, %d UNKNOWN, %d do not verify, %d SAFE", i.Leaf.CA, i.Want.CA,
		f.Counts[clientconfig.Breaks], f.Counts[clientconfig.Unknown], f.Counts[clientconfig.DoesNotVerify], f.Counts[clientconfig.Safe])
	if f.Unseen != "" {
		s += "; there may be more (" + f.Unseen + ")"
	}
	var names []string
	for _, row := range f.Rows {
		if row.Verdict != clientconfig.Breaks {
			break // they are sorted
		}
		if len(names) == mostTold {
			names = append(names, "and more")
			break
		}
		names = append(names, evidence.Key{User: row.User, Source: row.Source, Application: row.Application}.Who())
	}
	if len(names) > 0 {
		s += ". Those that break: " + strings.Join(names, ", ")
	}
	return s + fmt.Sprintf(". All of it: dbtls rotate %s --to %s --plan", i.Name, i.Want.CA)
}

// bridge is the overlap that a rotation would begin or go on with.
func (s *Service) bridge(i inventory.Instance, to string, reason inventory.Reason, without bool, now time.Time) inventory.Bridge {
	old, ok := s.Authority.Get(i.Region, i.Leaf.CA)
	if !ok || old.Root == nil {
		return inventory.Bridge{}
	}
	overlap := s.Rotation.Overlap
	if without {
		overlap = 0
	}
	return rotation.NextBridge(i, to, reason, overlap, old.Root.NotAfter, now)
}
