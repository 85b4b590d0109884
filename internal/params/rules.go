package params

import (
	"maps"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
)

// Next is what an instance's engine is to be told now, given what it was told
// (applied) and what its groups say (settings). A reboot brings everything in
// settings into effect; otherwise only dynamic parameters whose method is
// immediate change. Like applied it holds only what differs from the default;
// names that the catalogue lacks or locks are dropped.
func Next(catalogue []engine.Parameter, applied map[string]string, settings map[string]inventory.Setting, reboot bool) map[string]string {
	next := map[string]string{}
	for _, p := range catalogue {
		if p.Locked != "" {
			continue
		}
		value := told(p, applied)
		if reboot || immediate(p, settings) {
			value = wanted(p, settings)
		}
		if value != p.Default {
			next[p.Name] = value
		}
	}
	return next
}

// Sync is how what an engine was told stands to what its groups say: in-sync;
// applying, when something can and shall change at once; pending-reboot, when
// something waits for a reboot. A name that is not in settings any more, for
// the instance has another group now, waits for a reboot too.
func Sync(catalogue []engine.Parameter, applied map[string]string, settings map[string]inventory.Setting) inventory.Sync {
	sync := inventory.SyncDone
	for _, p := range catalogue {
		if p.Locked != "" || told(p, applied) == wanted(p, settings) {
			continue
		}
		if immediate(p, settings) {
			return inventory.SyncApplying
		}
		sync = inventory.SyncReboot
	}
	return sync
}

// Merge is the settings that count for one instance: those of its own group
// and of its cluster's, the zero Group outside a cluster. Parameters of the
// cluster's level come from the cluster's group alone and the others from the
// instance's alone. A catalogue that knows no such level is that of a Multi-AZ
// DB cluster: there the cluster's group has all, and what it sets wins; what it
// does not set, or has reset, is the instance's group's to say.
func Merge(catalogue []engine.Parameter, instance, cluster inventory.Group) map[string]inventory.Setting {
	settings := map[string]inventory.Setting{}
	if cluster.Name == "" {
		maps.Copy(settings, instance.Settings)
		return settings
	}
	levels := false
	for _, p := range catalogue {
		levels = levels || p.Cluster
	}
	for _, p := range catalogue {
		own, hasOwn := instance.Settings[p.Name]
		shared, hasShared := cluster.Settings[p.Name]
		fromCluster := p.Cluster
		if !levels {
			fromCluster = hasShared && (!shared.Reset || !hasOwn)
		}
		switch {
		case fromCluster && hasShared:
			settings[p.Name] = shared
		case !fromCluster && hasOwn:
			settings[p.Name] = own
		}
	}
	return settings
}

// told is the value a parameter has in an engine, its default included.
func told(p engine.Parameter, applied map[string]string) string {
	if v, ok := applied[p.Name]; ok {
		return v
	}
	return p.Default
}

// wanted is the value the groups give a parameter, its default included.
func wanted(p engine.Parameter, settings map[string]inventory.Setting) string {
	if set, ok := settings[p.Name]; ok && !set.Reset {
		return set.Value
	}
	return p.Default
}

// immediate reports a parameter that changes in a running engine.
func immediate(p engine.Parameter, settings map[string]inventory.Setting) bool {
	set, ok := settings[p.Name]
	return ok && p.ApplyType == engine.Dynamic && set.Method == inventory.Immediate
}
