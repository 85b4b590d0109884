package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

func TestWhichMemberBootsFirst(t *testing.T) {
	t.Parallel()
	member := func(name string, writer, begun bool, s inventory.Status) inventory.Instance {
		return inventory.Instance{Name: name, Cluster: "c", Writer: writer, Status: s, Boot: inventory.Boot{Begun: begun}}
	}
	const reboots, starts = inventory.StatusRebooting, inventory.StatusStarting
	for _, c := range []struct {
		sentence      string
		first, second inventory.Instance
	}{
		{"a reader reboots before the writer", member("z", false, false, reboots), member("a", true, false, reboots)},
		{"the writer starts before a reader", member("z", true, false, starts), member("a", false, false, starts)},
		{"readers go by name", member("a", false, false, reboots), member("b", false, false, reboots)},
		{"what has begun goes on, a writer too", member("z", true, true, reboots), member("a", false, false, reboots)},
		{"what has begun goes on, a reader too", member("z", false, true, starts), member("a", true, false, starts)},
	} {
		if !bootsBefore(c.first, c.second) || bootsBefore(c.second, c.first) {
			t.Errorf("not so: %s", c.sentence)
		}
	}
}

func TestWhoseTurnARotationIs(t *testing.T) {
	t.Parallel()
	const changed, available = inventory.ReasonCAChanged, inventory.StatusAvailable
	writer, reader := inventory.Instance{Name: "w", Cluster: "c", Writer: true}, inventory.Instance{Name: "r", Cluster: "c"}
	member := func(name string, writer, rotating bool, due inventory.Reason, s inventory.Status) rotation.Member {
		return rotation.Member{Instance: inventory.Instance{Name: name, Cluster: "c", Writer: writer, Status: s}, Rotating: rotating, Due: due}
	}
	for _, c := range []struct {
		sentence string
		who      inventory.Instance
		reason   inventory.Reason
		others   []rotation.Member
		waitsFor string
	}{
		{"an instance on its own goes at once", inventory.Instance{}, changed, nil, ""},
		{"the writer goes when nothing else is due", writer, changed, []rotation.Member{member("r1", false, false, "", available)}, ""},
		{"the writer waits for a reader that is due", writer, changed, []rotation.Member{member("r1", false, false, "", available), member("r2", false, false, changed, available)}, "r2"},
		{"and for one that is due for another reason", writer, changed, []rotation.Member{member("r1", false, false, inventory.ReasonHalfLife, available)}, "r1"},
		{"a reader does not wait for a writer that is due", reader, changed, []rotation.Member{member("w", true, false, changed, available)}, ""},
		{"nor for a reader that is due", reader, changed, []rotation.Member{member("r2", false, false, changed, available)}, ""},
		{"a reader waits for a reader under way", reader, changed, []rotation.Member{member("r2", false, true, "", available)}, "r2"},
		{"and for a writer under way", reader, changed, []rotation.Member{member("w", true, true, "", available)}, "w"},
		{"the writer does not wait for a reader that is stopped", writer, changed, []rotation.Member{member("r1", false, false, changed, inventory.StatusStopped)}, ""},
		{"nor for one that is being created", writer, changed, []rotation.Member{member("r1", false, false, changed, inventory.StatusCreating)}, ""},
		{"a compromised key waits for nobody", writer, inventory.ReasonKeyCompromised, []rotation.Member{member("r1", false, true, changed, available)}, ""},
		{"nor does a first certificate", reader, inventory.ReasonCreated, []rotation.Member{member("w", true, true, changed, available)}, ""},
	} {
		if got := rotation.Turn(c.who, c.reason, c.others); got != c.waitsFor {
			t.Errorf("%s: it waits for %q, want %q", c.sentence, got, c.waitsFor)
		}
	}
}

// multi makes a Multi-AZ DB cluster: a writer and two readers.
func (w *world) multi(name string) ClusterView {
	w.t.Helper()
	_, err := w.CreateCluster(w.t.Context(), alice, CreateClusterInput{Region: region, Name: name, Engine: "plain", MemberClass: "db.simulated", CA: rsa2048,
		MasterUser: "admin1", MasterPassword: "correct-horse-99", Port: 7000})
	w.must(err)
	return w.shows(name, inventory.StatusAvailable)
}

// shows waits until a cluster has a status.
func (w *world) shows(name string, s inventory.Status) (v ClusterView) {
	w.t.Helper()
	w.until("cluster "+name+" is "+string(s), time.Hour, func() bool {
		var err error
		v, err = w.Cluster(w.t.Context(), region, name)
		w.must(err)
		return v.Shown() == s && !slices.ContainsFunc(v.Members, func(m View) bool { return m.Rotation != nil || m.Status != s })
	})
	return v
}

// switched are the servers that were turned off and on, in order.
func (w *world) switched(v ClusterView, from int) []string {
	var order []string
	for _, c := range w.place.since(from) {
		what, address, ok := strings.Cut(c, " ")
		for _, m := range v.Members {
			if ok && strings.TrimSpace(address) == m.Address {
				order = append(order, what+" "+strings.TrimPrefix(m.Name, v.Name+"-instance-"))
			}
		}
	}
	return order
}

// Members are named in the order in which they are made; the first is the
// writer.
func TestTheMembersOfAClusterBootOneAtATime(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		v := w.multi("az")
		for _, m := range v.Members {
			if want := []string{m.Host, v.Host, v.ReaderHost}; !slices.Equal(m.Leaf.Names, want) || m.Port != 7000 || m.Writer != (m.Name == "az-instance-1") {
				t.Errorf("%s, writer %t, has a leaf for %q at port %d, want %q", m.Name, m.Writer, m.Leaf.Names, m.Port, want)
			}
		}
		for _, step := range []struct {
			to, then inventory.Status
			order    []string
		}{
			{inventory.StatusRebooting, inventory.StatusAvailable, []string{"off 2", "on 2", "off 3", "on 3", "off 1", "on 1"}},
			{inventory.StatusStopping, inventory.StatusStopped, nil}, // all at once is as good
			{inventory.StatusStarting, inventory.StatusAvailable, []string{"on 1", "on 2", "on 3"}},
		} {
			from := w.place.count()
			w.must(second(w.PowerCluster(t.Context(), alice, region, "az", step.to)))
			w.shows("az", step.then)
			if step.to == inventory.StatusRebooting && w.place.down != 1 {
				t.Errorf("%d members were down at once", w.place.down)
			}
			if got := w.switched(v, from); step.order != nil && !slices.Equal(got, step.order) {
				t.Errorf("%s went %v, want %v", step.to, got, step.order)
			}
		}
	})
}

// A reader that does not come up holds the others' reboot back; they run on.
func TestAMemberThatDoesNotBootHoldsTheOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		v := w.multi("az")
		w.place.refuse = "depth=9"
		w.group(inventory.GroupCluster, "deep", "plain1")
		w.set(inventory.GroupCluster, "deep", "depth", "9", nextBoot)
		w.must(second(w.ModifyCluster(t.Context(), alice, ModifyClusterInput{Region: region, Name: "az", Group: "deep"})))
		w.must(w.update(t.Context(), w.inst("az-instance-2").ResourceID, func(_ *store.Tx, i *inventory.Instance, _ time.Time) error {
			i.Applied = map[string]string{"depth": "9"} // it has it already, so there is nothing to go back to
			return nil
		}))
		from := w.place.count()
		w.must(second(w.PowerCluster(t.Context(), alice, region, "az", inventory.StatusRebooting)))
		w.pass(time.Minute)
		if got := w.switched(v, from); slices.ContainsFunc(got, func(s string) bool { return !strings.HasSuffix(s, " 2") }) {
			t.Errorf("others were turned off while one is down: %v", got)
		}
		w.place.refuse = ""
		w.shows("az", inventory.StatusAvailable)
	})
}

func TestTheMembersOfAClusterLiveInOnePlace(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		_, err := w.CreateCluster(t.Context(), alice, CreateClusterInput{Region: region, Name: "c", Engine: "shared", MasterUser: "admin1", MasterPassword: "correct-horse-99"})
		w.must(err)
		add := func(name, class string) error {
			return second(w.Create(t.Context(), alice, CreateInput{Region: region, Name: name, Class: class, Engine: "shared", Cluster: "c"}))
		}
		w.must(add("m1", "db.simulated"))
		if err := add("m2", "db.local"); fault.CodeOf(err) != fault.InvalidCombination || !strings.Contains(fault.Public(err), "live in one place") {
			t.Errorf("a member of another place: %v", err)
		}
		w.must(add("m2", "db.simulated"))
		w.shows("c", inventory.StatusAvailable)
	})
}
