package rds

import (
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

// groupKind is what the actions on DB parameter groups and those on DB cluster
// parameter groups differ in: the same words with another beginning.
type groupKind struct {
	kind   inventory.GroupKind
	prefix string // of every name of an action, parameter or element
}

var (
	instanceGroup = groupKind{inventory.GroupInstance, "DB"}
	clusterGroup  = groupKind{inventory.GroupCluster, "DBCluster"}
)

// noun is the kind's name in actions and elements.
func (k groupKind) noun() string { return k.prefix + "ParameterGroup" }

// on makes the action for one kind.
func (k groupKind) on(f func(*API, *call, groupKind) ([]byte, error)) action {
	return func(a *API, c *call) ([]byte, error) { return f(a, c, k) }
}

// ref is the group that the request names.
func (k groupKind) ref(c *call) (params.Ref, error) {
	name, err := c.p.Required(k.noun() + "Name")
	return params.Ref{Kind: k.kind, Region: c.caller.Region, Name: name}, err
}

// write writes a group.
func (k groupKind) write(a *API, x *query.XML, g inventory.Group) {
	x.Text(k.noun()+"Name", g.Name)
	x.Text("DBParameterGroupFamily", g.Family)
	x.Text("Description", g.Description)
	x.Text(k.noun()+"Arn", inventory.GroupARN(g.Kind, g.Region, a.Account, g.Name))
}

// reply is the answer of the actions that return one group.
func (k groupKind) reply(a *API, c *call, verb string, g inventory.Group) []byte {
	x := c.reply(verb + k.noun())
	x.Open(k.noun())
	k.write(a, x, g)
	x.Close(k.noun())
	return x.Finish()
}

// nameReply is the answer of the actions that return a group's name alone.
func (k groupKind) nameReply(c *call, verb string, g inventory.Group) []byte {
	x := c.reply(verb + k.noun())
	x.Text(k.noun()+"Name", g.Name)
	return x.Finish()
}

// decodeChanges reads the list Parameters, whose elements have a value unless
// they are reset.
func decodeChanges(c *call, reset bool) ([]params.Change, error) {
	var changes []params.Change
	views, _ := c.p.Structs("Parameters", "Parameter")
	for _, v := range views {
		name, err := v.Required("ParameterName")
		if err != nil {
			return nil, err
		}
		method, err := v.Required("ApplyMethod")
		if err != nil {
			return nil, err
		}
		change := params.Change{Name: name, Method: inventory.ApplyMethod(method)}
		if !reset { // an empty value is one, where the parameter has it
			given := false
			if change.Value, given = v.String("ParameterValue"); !given {
				return nil, fault.New(fault.MissingParameter, "The request must contain the parameter %s", v.Path("ParameterValue"))
			}
		}
		changes = append(changes, change)
	}
	return changes, nil
}
