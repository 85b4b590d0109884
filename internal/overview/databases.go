package overview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
)

// Database is one row of a list.
type Database struct {
	Name     string     `json:"name"`
	Engine   string     `json:"engine"`
	Version  string     `json:"version"`
	Status   string     `json:"status"`
	Class    string     `json:"class"`
	Cluster  string     `json:"cluster,omitempty"`
	Endpoint string     `json:"endpoint"` // host:port
	CA       string     `json:"ca"`
	NotAfter *time.Time `json:"not_after,omitempty"`
	Pending  string     `json:"pending_ca,omitempty"`
	Bridge   *time.Time `json:"bridge_until,omitempty"`
	Step     string     `json:"step,omitempty"` // of the rotation under way
	Stuck    string     `json:"stuck,omitempty"`
	Forced   *bool      `json:"forced,omitempty"` // clients have to use TLS; absent: no such switch
	Group    string     `json:"group"`
}

// Databases is a page of a list.
type Databases struct {
	Total     int        `json:"total"`
	Databases []Database `json:"databases"`
}

// Query selects and sorts a region's databases. Empty strings match all.
type Query struct {
	Region                          string
	Text                            string // in the name, the endpoint, the cluster or the group
	CA, Status, Engine, Group, Sort string // Sort: name, ca, status, engine, not_after; a minus before it turns it
	Page, Size                      int    // from 1; at most 500 rows
}

const mostRows = 500

// Databases answers a query.
func (s *Service) Databases(ctx context.Context, q Query, now time.Time) (Databases, error) {
	less, err := order(q.Sort)
	if err != nil {
		return Databases{}, err
	}
	read := s.Store.Read(ctx)
	all, err := read.Instances(q.Region, "", 0)
	if err != nil {
		return Databases{}, fmt.Errorf("read instances: %w", err)
	}
	open, err := read.OpenRotations()
	if err != nil {
		return Databases{}, fmt.Errorf("read rotations: %w", err)
	}
	found := slices.DeleteFunc(all, func(i inventory.Instance) bool { return !q.matches(i, open) })
	slices.SortStableFunc(found, less)
	out := Databases{Total: len(found), Databases: []Database{}}
	size := min(max(q.Size, 1), mostRows)
	begin := min((max(q.Page, 1)-1)*size, len(found))
	for _, i := range found[begin:min(begin+size, len(found))] {
		out.Databases = append(out.Databases, s.row(i, open, now))
	}
	return out, nil
}

func (q Query) matches(i inventory.Instance, open map[string]inventory.Rotation) bool {
	text := strings.ToLower(q.Text)
	return (q.CA == "" || q.CA == i.Leaf.CA) && (q.Engine == "" || q.Engine == i.Engine) && (q.Group == "" || q.Group == i.Group) &&
		(q.Status == "" || q.Status == statusOf(i, open)) &&
		(text == "" || strings.Contains(i.Name, text) || strings.Contains(rotation.Endpoint(i), text) ||
			strings.Contains(i.ClusterName, text) || strings.Contains(i.Group, text))
}

// statusOf is the status as DescribeDBInstances shows it.
func statusOf(i inventory.Instance, open map[string]inventory.Rotation) string {
	if _, rotating := open[i.ResourceID]; rotating && i.Now() == inventory.StatusAvailable {
		return string(inventory.StatusModifying)
	}
	return string(i.Now())
}

func order(sort string) (func(a, b inventory.Instance) int, error) {
	field, down := strings.CutPrefix(sort, "-")
	by := map[string]func(a, b inventory.Instance) int{
		"":          func(a, b inventory.Instance) int { return 0 }, // by name, as they are read
		"name":      func(a, b inventory.Instance) int { return cmp.Compare(a.Name, b.Name) },
		"ca":        func(a, b inventory.Instance) int { return cmp.Compare(a.Leaf.CA, b.Leaf.CA) },
		"status":    func(a, b inventory.Instance) int { return cmp.Compare(a.Now(), b.Now()) },
		"engine":    func(a, b inventory.Instance) int { return cmp.Compare(a.Engine+a.Version, b.Engine+b.Version) },
		"not_after": func(a, b inventory.Instance) int { return a.Leaf.NotAfter.Compare(b.Leaf.NotAfter) },
	}
	less, ok := by[field]
	if !ok {
		return nil, fault.New(fault.InvalidParameter, "databases are not sorted by %q; give name, ca, status, engine or not_after", field)
	}
	if down {
		return func(a, b inventory.Instance) int { return less(b, a) }, nil
	}
	return less, nil
}

func (s *Service) row(i inventory.Instance, open map[string]inventory.Rotation, now time.Time) Database {
	d := Database{Name: i.Name, Engine: i.Engine, Version: i.Version, Status: statusOf(i, open), Class: i.Class, Cluster: i.ClusterName,
		Endpoint: rotation.Endpoint(i), CA: i.Leaf.CA, Forced: s.forced(i), Group: i.Group}
	if i.Leaf.Serial != "" {
		d.NotAfter = &i.Leaf.NotAfter
	}
	if i.Want.CA != i.Leaf.CA {
		d.Pending = i.Want.CA
	}
	if i.Bridge.Covers(now) {
		d.Bridge = &i.Bridge.Until
	}
	if rot, ok := open[i.ResourceID]; ok {
		d.Step, d.Stuck = string(rot.Step), string(rot.Stuck.Reason)
	}
	return d
}
