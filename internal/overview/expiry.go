package overview

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Expiry is something that ends.
type Expiry struct {
	Kind     string    `json:"kind"` // leaf, ca, bridge, certificate, wallet
	Name     string    `json:"name"` // of the instance, the CA or the imported certificate
	Region   string    `json:"region"`
	NotAfter time.Time `json:"not_after"`
	// Count is how many it stands for: leaves that end on one day are told
	// together when there are too many to name.
	Count int `json:"count"`
}

// expiries gathers everything that ends, the soonest first. CAs are always
// among them, however far away.
func (s *Service) expiries(read *store.Tx, o *Overview, all []inventory.Instance, now time.Time) error {
	var leaves, rest []Expiry
	for _, i := range all {
		if i.Leaf.Serial != "" {
			leaves = append(leaves, Expiry{"leaf", i.Name, i.Region, i.Leaf.NotAfter, 1})
		}
		if i.Bridge.Covers(now) {
			leaves = append(leaves, Expiry{"bridge", i.Name, i.Region, i.Bridge.Until, 1})
		}
	}
	cas, err := read.CAs()
	if err != nil {
		return fmt.Errorf("read CAs: %w", err)
	}
	for _, row := range cas {
		if row.Kind != "root" {
			continue // its issuing CA ends with it
		}
		cert, err := x509.ParseCertificate(row.Cert)
		if err != nil {
			return fmt.Errorf("read CA %q: %w", row.CA, err)
		}
		rest = append(rest, Expiry{"ca", row.CA, row.Scope, cert.NotAfter, 1})
	}
	for _, region := range s.Authority.Regions() {
		imported, err := read.ImportedCertificates(region)
		if err != nil {
			return fmt.Errorf("read imported certificates: %w", err)
		}
		for _, c := range imported {
			if c.NotAfter.IsZero() {
				continue // a wallet that nothing could be read of
			}
			kind := "certificate"
			if c.IsWallet() {
				kind = "wallet"
			}
			rest = append(rest, Expiry{kind, c.Name, region, c.NotAfter, 1})
		}
	}
	o.Expiries = append(soonest(leaves, mostExpiries-min(len(rest), mostExpiries/2)), soonest(rest, mostExpiries)...)
	slices.SortStableFunc(o.Expiries, byEnd)
	return nil
}

func byEnd(a, b Expiry) int { return a.NotAfter.Compare(b.NotAfter) }

// soonest is at most so many rows: when there are more, those of one kind and
// day become one row, and of these the soonest stay.
func soonest(all []Expiry, most int) []Expiry {
	slices.SortStableFunc(all, byEnd)
	if len(all) <= most {
		return all
	}
	type key struct {
		kind string
		day  time.Time
	}
	at := map[key]int{}
	folded := []Expiry{}
	for _, e := range all {
		k := key{e.Kind, e.NotAfter.UTC().Truncate(24 * time.Hour)}
		n, ok := at[k]
		if !ok {
			at[k] = len(folded)
			folded = append(folded, e)
			continue
		}
		folded[n].Count += e.Count
	}
	return folded[:min(len(folded), most)]
}
