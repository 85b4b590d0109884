package rotation

import (
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Member is what the order within a cluster depends on.
type Member struct {
	inventory.Instance
	Rotating bool             // it has an unfinished rotation
	Due      inventory.Reason // why its own rotation is due, "" when none is
}

// Turn names the member of its cluster that i's rotation waits for, "" when it
// may start: one member at a time, replicas before the writer. What is left of
// a certificate or a key that cannot wait is not put in a queue.
func Turn(i inventory.Instance, reason inventory.Reason, others []Member) string {
	if reason == inventory.ReasonCreated || reason == inventory.ReasonKeyCompromised {
		return ""
	}
	for _, m := range others {
		if m.Rotating || (i.Writer && m.Due != "" && m.Status == inventory.StatusAvailable) {
			return m.Name
		}
	}
	return ""
}

// others gathers the other members of i's cluster.
func (r *Runner) others(tx *store.Tx, f Facts, now time.Time) ([]Member, error) {
	if f.Instance.Cluster == "" {
		return nil, nil
	}
	all, err := tx.Members(f.Instance.Cluster)
	if err != nil {
		return nil, err
	}
	var list []Member
	for _, i := range all {
		if i.ResourceID == f.Instance.ResourceID {
			continue
		}
		m := Member{Instance: i}
		if _, err := tx.OpenRotation(i.ResourceID); err == nil {
			m.Rotating = true
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		g := Facts{Instance: i, Current: f.Default, Default: f.Default, HotReload: r.hotReload(i)}
		if ca, ok := r.Authority.Get(i.Region, i.Leaf.CA); ok {
			g.Current = CAFacts{ca.ID, ca.Root.NotAfter, ca.AutoRotates}
		}
		m.Due = Decide(g, now).Reason
		list = append(list, m)
	}
	return list, nil
}

// memberWait is the pause before a member asks again whether it is its turn.
const memberWait = time.Second
