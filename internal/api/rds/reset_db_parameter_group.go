package rds

import (
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// resetParameterGroup puts the parameters that are listed back to their
// defaults, or all of the group.
func resetParameterGroup(a *API, c *call, k groupKind) ([]byte, error) {
	r, err := k.ref(c)
	if err != nil {
		return nil, err
	}
	all, allGiven, err := c.p.Bool("ResetAllParameters")
	if err != nil {
		return nil, err
	}
	changes, err := decodeChanges(c, true)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if !allGiven { // AWS's default is true, but a list would then mean nothing
		all = len(changes) == 0
	}
	if all == (len(changes) > 0) {
		return nil, fault.New(fault.InvalidCombination, "Give either ResetAllParameters=true or the Parameters to reset")
	}
	var g inventory.Group
	if all {
		g, err = a.Params.ResetAll(c.ctx, c.by(), r)
	} else {
		g, err = a.Params.Reset(c.ctx, c.by(), r, changes)
	}
	if err != nil {
		return nil, err
	}
	return k.nameReply(c, "Reset", g), nil
}
