package rds

import "github.com/dbtls/dbtls/internal/params"

// createParameterGroup makes a group of a family; it changes nothing yet.
func createParameterGroup(a *API, c *call, k groupKind) ([]byte, error) {
	r, err := k.ref(c)
	if err != nil {
		return nil, err
	}
	in := params.CreateInput{Kind: k.kind, Region: r.Region, Name: r.Name}
	if in.Family, err = c.p.Required("DBParameterGroupFamily"); err != nil {
		return nil, err
	}
	if in.Description, err = c.p.Required("Description"); err != nil {
		return nil, err
	}
	if in.Tags, err = decodeTags(c); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	g, err := a.Params.Create(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return k.reply(a, c, "Create", g), nil
}
