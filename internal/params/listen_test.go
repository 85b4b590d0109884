package params_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// listener notes what it hears.
type listener struct {
	groups  []string
	notices []params.Notice
	fail    error
}

func (l *listener) GroupChanged(_ *store.Tx, g inventory.Group, _ time.Time) error {
	l.groups = append(l.groups, g.Name)
	return l.fail
}

func (l *listener) InstanceConcerned(_ *store.Tx, n params.Notice) error {
	l.notices = append(l.notices, n)
	return l.fail
}

func TestAListenerHearsOfEveryInstanceWhoseValuesChange(t *testing.T) {
	t.Parallel()
	w, l := newWorld(t), &listener{}
	w.group(inventory.GroupInstance, "web", "plain1")
	w.instance("a", func(i *inventory.Instance) { i.Group = "web" })
	w.instance("b", nil)
	w.Listener = l
	_, err := w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "1", inventory.Immediate))
	w.must(err)
	if len(l.notices) != 1 || !slices.Equal(l.groups, []string{"web"}) {
		t.Fatalf("heard is %+v of %v", l.notices, l.groups)
	}
	n := l.notices[0]
	if n.Instance.Name != "a" || n.Before["force"] != "0" || n.After["force"] != "1" || n.What != "ModifyDBParameterGroup" || n.By != alice || n.Restart || n.Instance.GroupSync != inventory.SyncApplying {
		t.Errorf("heard is %+v", n)
	}
	_, err = w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "1", inventory.Immediate))
	w.must(err)
	if len(l.notices) != 1 {
		t.Errorf("a value that is so already is heard of: %+v", l.notices[1:])
	}
	l.fail = errors.New("no")
	if _, err = w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "0", inventory.Immediate)); err == nil {
		t.Error("a listener's error does not take the change back")
	}
	if g, err := w.Get(t.Context(), ref(inventory.GroupInstance, "web")); err != nil || g.Settings["force"].Value != "1" {
		t.Errorf("the group is %+v, %v", g, err)
	}
}

func TestAListenerHearsOfWhatARestartBrings(t *testing.T) {
	t.Parallel()
	w, l := newWorld(t), &listener{}
	w.Listener = l
	i := inventory.Instance{Name: "a", Engine: "plain", Version: "1.4", Applied: map[string]string{"port_count": "3"}}
	restart := func(before map[string]string) {
		t.Helper()
		w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error { return w.Restarting(tx, i, before, longPast) }))
	}
	restart(map[string]string{"port_count": "3"})
	if len(l.notices) != 0 {
		t.Errorf("a restart without a change is heard of: %+v", l.notices)
	}
	restart(nil)
	if len(l.notices) != 1 || !l.notices[0].Restart || l.notices[0].Before["port_count"] != "1" || l.notices[0].After["port_count"] != "3" {
		t.Errorf("heard is %+v", l.notices)
	}
}

func TestAnUpdateDecidesAndWritesTheRestInOneTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	r := ref(inventory.GroupInstance, "web")
	update := func(changes []params.Change, decided, then error) (inventory.Group, error) {
		return w.Update(t.Context(), alice, "test", r,
			func(_ *store.Tx, g inventory.Group) ([]params.Change, error) { return changes, decided },
			func(tx *store.Tx, g inventory.Group) error {
				return errors.Join(tx.SetMeta("seen", []byte{byte(g.Version)}), then)
			})
	}
	both := append(change("force", "1", inventory.Immediate), params.Change{Name: "ciphers", Reset: true, Method: inventory.Immediate})
	g, err := update(both, nil, nil)
	w.must(err)
	if g.Version != 2 || g.Settings["force"] != now("1") || g.Settings["ciphers"] != reset(inventory.Immediate) {
		t.Errorf("the group is %+v", g)
	}
	if g, err = update(nil, nil, nil); err != nil || g.Version != 2 {
		t.Errorf("without a change the group is %+v, %v", g, err)
	}
	no := fault.New(fault.InvalidGroupState, "no")
	for sentence, c := range map[string]struct{ decided, then error }{"a decision against it": {no, nil}, "the rest fails": {nil, no}} {
		if _, err := update(change("force", "0", inventory.Immediate), c.decided, c.then); !errors.Is(err, no) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	seen, err := w.Store.Read(t.Context()).Meta("seen")
	w.must(err)
	if g, err := w.Get(t.Context(), r); err != nil || g.Version != 2 || !slices.Equal(seen, []byte{2}) {
		t.Errorf("afterwards the group is %+v, %v, seen %v", g, err, seen)
	}
	r.IfVersion = 1
	_, err = update(nil, nil, nil)
	refused(t, "another version", err, fault.InvalidGroupState, "not 1")
}
