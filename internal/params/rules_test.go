package params_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

type (
	applied  = map[string]string
	settings = map[string]inventory.Setting
)

// rows are a catalogue of one parameter of each sort.
func rows() []engine.Parameter {
	return []engine.Parameter{
		{Name: "force", Default: "0", ApplyType: engine.Dynamic, DataType: "boolean", Allowed: []string{"0", "1"}},
		{Name: "ciphers", ApplyType: engine.Dynamic, DataType: "string"}, // the server has its own default
		{Name: "port_count", Default: "1", ApplyType: engine.Static, DataType: "integer", Allowed: []string{"1-9"}},
		{Name: "fixed", Default: "on", ApplyType: engine.Static, DataType: "string", Locked: "dbtls keeps it"},
	}
}

func now(value string) inventory.Setting {
	return inventory.Setting{Value: value, Method: inventory.Immediate}
}

func later(value string) inventory.Setting {
	return inventory.Setting{Value: value, Method: inventory.PendingReboot}
}

func reset(m inventory.ApplyMethod) inventory.Setting {
	return inventory.Setting{Reset: true, Method: m}
}

func TestWhatAnEngineIsToldNowAndAtAReboot(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		applied           applied
		settings          settings
		running, rebooted applied // Next without and with a reboot
		sync              inventory.Sync
	}{
		"nothing is set":                       {nil, nil, applied{}, applied{}, inventory.SyncDone},
		"a dynamic one changes at once":        {nil, settings{"force": now("1")}, applied{"force": "1"}, applied{"force": "1"}, inventory.SyncApplying},
		"a dynamic one may wait for a reboot":  {nil, settings{"force": later("1")}, applied{}, applied{"force": "1"}, inventory.SyncReboot},
		"a static one waits for a reboot":      {nil, settings{"port_count": later("3")}, applied{}, applied{"port_count": "3"}, inventory.SyncReboot},
		"a static one waits whatever is said":  {nil, settings{"port_count": now("3")}, applied{}, applied{"port_count": "3"}, inventory.SyncReboot},
		"one at its default is not told":       {nil, settings{"force": now("0"), "ciphers": now("")}, applied{}, applied{}, inventory.SyncDone},
		"one without a default is told":        {nil, settings{"ciphers": now("a")}, applied{"ciphers": "a"}, applied{"ciphers": "a"}, inventory.SyncApplying},
		"one that was told is in sync":         {applied{"force": "1"}, settings{"force": now("1")}, applied{"force": "1"}, applied{"force": "1"}, inventory.SyncDone},
		"one at once beside one that waits":    {nil, settings{"port_count": later("3"), "force": now("1")}, applied{"force": "1"}, applied{"force": "1", "port_count": "3"}, inventory.SyncApplying},
		"a reset takes effect at once":         {applied{"force": "1"}, settings{"force": reset(inventory.Immediate)}, applied{}, applied{}, inventory.SyncApplying},
		"a reset may wait for a reboot":        {applied{"force": "1"}, settings{"force": reset(inventory.PendingReboot)}, applied{"force": "1"}, applied{}, inventory.SyncReboot},
		"a set to the default is a change too": {applied{"force": "1"}, settings{"force": now("0")}, applied{}, applied{}, inventory.SyncApplying},
		"what another group had waits":         {applied{"force": "1"}, nil, applied{"force": "1"}, applied{}, inventory.SyncReboot},
		"a locked one is never told":           {applied{"fixed": "off"}, settings{"fixed": now("off")}, applied{}, applied{}, inventory.SyncDone},
		"an unknown one is dropped":            {applied{"gone": "x"}, settings{"gone": now("y")}, applied{}, applied{}, inventory.SyncDone},
	} {
		if got := params.Next(rows(), c.applied, c.settings, false); !maps.Equal(got, c.running) {
			t.Errorf("%s: a running engine is told %v, want %v", sentence, got, c.running)
		}
		if got := params.Next(rows(), c.applied, c.settings, true); !maps.Equal(got, c.rebooted) {
			t.Errorf("%s: a rebooted engine is told %v, want %v", sentence, got, c.rebooted)
		}
		if got := params.Sync(rows(), c.applied, c.settings); got != c.sync {
			t.Errorf("%s: %s, want %s", sentence, got, c.sync)
		}
	}
}

// Whatever is told and set: telling an engine what is due leaves nothing to
// apply, a reboot leaves nothing at all, and both change nothing a second time.
func TestNextBringsSyncAbout(t *testing.T) {
	t.Parallel()
	values := map[string][]string{"force": {"0", "1"}, "ciphers": {"", "a", "b"}, "port_count": {"1", "2", "3"}, "fixed": {"on", "off"}, "gone": {"x"}}
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[inventory.Sync]int{}
	for range 5000 {
		told, set := applied{}, settings{}
		for name, some := range values {
			if random.IntN(2) == 0 {
				told[name] = some[random.IntN(len(some))]
			}
			s := inventory.Setting{Method: inventory.Immediate, Reset: random.IntN(3) == 0}
			if random.IntN(2) == 0 {
				s.Method = inventory.PendingReboot
			}
			if !s.Reset {
				s.Value = some[random.IntN(len(some))]
			}
			if random.IntN(3) > 0 {
				set[name] = s
			}
		}
		before, what := params.Sync(rows(), told, set), fmt.Sprintf("told %v, set %v", told, set)
		seen[before]++
		running, rebooted := params.Next(rows(), told, set, false), params.Next(rows(), told, set, true)
		if got := params.Sync(rows(), rebooted, set); got != inventory.SyncDone {
			t.Fatalf("%s: %s after a reboot with %v", what, got, rebooted)
		}
		after := params.Sync(rows(), running, set)
		if after == inventory.SyncApplying || before != inventory.SyncApplying && after != before {
			t.Fatalf("%s: %s, then %s with %v", what, before, after, running)
		}
		if !maps.Equal(params.Next(rows(), running, set, false), running) || !maps.Equal(params.Next(rows(), rebooted, set, false), rebooted) {
			t.Fatalf("%s: a second time is another", what)
		}
	}
	if len(seen) != 3 {
		t.Errorf("only %v came up", seen)
	}
}

func TestWhoseSettingsCountForAnInstance(t *testing.T) {
	t.Parallel()
	aurora := rows()
	aurora[0].Cluster = true // force
	group := func(name string, s settings) inventory.Group { return inventory.Group{Name: name, Settings: s} }
	alone := inventory.Group{}
	for sentence, c := range map[string]struct {
		catalogue         []engine.Parameter
		instance, cluster inventory.Group
		want              settings
	}{
		"outside a cluster its own":                 {rows(), group("i", settings{"force": now("1")}), alone, settings{"force": now("1")}},
		"the cluster's level from the cluster":      {aurora, group("i", nil), group("c", settings{"force": now("1")}), settings{"force": now("1")}},
		"the cluster's level never from elsewhere":  {aurora, group("i", settings{"force": now("1")}), group("c", nil), settings{}},
		"the instance's level from the instance":    {aurora, group("i", settings{"ciphers": now("a")}), group("c", settings{"ciphers": now("b")}), settings{"ciphers": now("a")}},
		"the instance's level never from elsewhere": {aurora, group("i", nil), group("c", settings{"ciphers": now("b")}), settings{}},
		"a Multi-AZ cluster's group sets all":       {rows(), group("i", nil), group("c", settings{"force": now("1"), "ciphers": now("b")}), settings{"force": now("1"), "ciphers": now("b")}},
		"a Multi-AZ cluster's group wins":           {rows(), group("i", settings{"force": now("0")}), group("c", settings{"force": later("1")}), settings{"force": later("1")}},
		"it wins over what the other has reset":     {rows(), group("i", settings{"force": reset(inventory.Immediate)}), group("c", settings{"force": now("1")}), settings{"force": now("1")}},
		"what it has reset is the other's to say":   {rows(), group("i", settings{"force": now("1")}), group("c", settings{"force": reset(inventory.Immediate)}), settings{"force": now("1")}},
		"what it alone has reset is reset":          {rows(), group("i", nil), group("c", settings{"force": reset(inventory.Immediate)}), settings{"force": reset(inventory.Immediate)}},
		"what it does not set is the other's":       {rows(), group("i", settings{"ciphers": now("a")}), group("c", settings{"force": now("1")}), settings{"ciphers": now("a"), "force": now("1")}},
		"an unknown name counts for nothing":        {rows(), group("i", settings{"gone": now("a")}), group("c", settings{"gone": now("a")}), settings{}},
	} {
		if got := params.Merge(c.catalogue, c.instance, c.cluster); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", sentence, got, c.want)
		}
	}
}
