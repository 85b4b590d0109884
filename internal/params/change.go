package params

import (
	"fmt"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// MaxChanges is how many parameters one request may change, as on AWS.
const MaxChanges = 20

// Change is one parameter of a request that modifies or resets a group.
type Change struct {
	Name   string
	Value  string // nothing to a reset
	Method inventory.ApplyMethod
	Reset  bool // back to the default, beside others that are set
}

// edit is a change that was found good.
type edit struct {
	name string
	set  inventory.Setting
}

// String is the sentence of the group's event.
func (e edit) String() string {
	if e.set.Reset {
		return fmt.Sprintf("Reset parameter %s to its default with apply method %s", e.name, e.set.Method)
	}
	return fmt.Sprintf("Updated parameter %s to %s with apply method %s", e.name, e.set.Value, e.set.Method)
}

// edits holds changes to the catalogue and to AWS's rules. All are good or the
// request is refused.
func edits(catalogue []engine.Parameter, changes []Change, reset bool) ([]edit, error) {
	switch {
	case len(changes) == 0:
		return nil, fault.New(fault.MissingParameter, "The request must contain the parameter Parameters")
	case len(changes) > MaxChanges:
		return nil, fault.New(fault.InvalidParameter, "%d parameters are given; a maximum of %d parameters can be modified in a single request", len(changes), MaxChanges)
	}
	var out []edit
	for _, c := range changes {
		n := slices.IndexFunc(catalogue, func(p engine.Parameter) bool { return p.Name == c.Name })
		if n < 0 {
			return nil, fault.New(fault.InvalidParameter, "Could not find parameter with name: %s", shorten(c.Name))
		}
		if slices.ContainsFunc(out, func(e edit) bool { return e.name == c.Name }) {
			return nil, fault.New(fault.InvalidCombination, "The parameter %s is given twice", c.Name)
		}
		set, err := setting(catalogue[n], c, reset || c.Reset)
		if err != nil {
			return nil, err
		}
		out = append(out, edit{c.Name, set})
	}
	return out, nil
}

// setting is what a change makes of a parameter.
func setting(p engine.Parameter, c Change, reset bool) (inventory.Setting, error) {
	switch {
	case p.Locked != "":
		return inventory.Setting{}, fault.New(fault.InvalidParameter, "The parameter %s cannot be modified: %s", p.Name, p.Locked)
	case c.Method != inventory.Immediate && c.Method != inventory.PendingReboot:
		return inventory.Setting{}, fault.New(fault.InvalidParameter, "Invalid apply method %q for parameter %s; one of: %s, %s", c.Method, p.Name, inventory.Immediate, inventory.PendingReboot)
	case p.ApplyType == engine.Static && c.Method == inventory.Immediate:
		// The text is AWS's: infrastructure tools look for it.
		return inventory.Setting{}, fault.New(fault.InvalidCombination, "cannot use immediate apply method for static parameter")
	case reset:
		return inventory.Setting{Reset: true, Method: c.Method}, nil
	}
	value, err := p.Canonical(c.Value)
	if err != nil {
		return inventory.Setting{}, fault.New(fault.InvalidParameter, "Invalid parameter value: %s for: %s; %s", shorten(c.Value), p.Name, err)
	}
	return inventory.Setting{Value: value, Method: c.Method}, nil
}

// resets are the edits that put a whole group back: dynamic parameters at
// once, static ones at the next reboot.
func resets(catalogue []engine.Parameter, settings map[string]inventory.Setting) []edit {
	var out []edit
	for _, p := range catalogue {
		if _, ok := settings[p.Name]; !ok || p.Locked != "" {
			continue
		}
		method := inventory.PendingReboot
		if p.ApplyType == engine.Dynamic {
			method = inventory.Immediate
		}
		out = append(out, edit{p.Name, inventory.Setting{Reset: true, Method: method}})
	}
	return out
}

// shorten keeps a message readable that repeats what a caller sent.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
