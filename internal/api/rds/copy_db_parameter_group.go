package rds

import "github.com/dbtls/dbtls/internal/params"

// copyParameterGroup makes a group with the settings of another.
func copyParameterGroup(a *API, c *call, k groupKind) ([]byte, error) {
	in := params.CopyInput{Kind: k.kind, Region: c.caller.Region}
	var err error
	if in.Source, err = c.p.Required("Source" + k.noun() + "Identifier"); err != nil {
		return nil, err
	}
	if in.Target, err = c.p.Required("Target" + k.noun() + "Identifier"); err != nil {
		return nil, err
	}
	if in.Description, err = c.p.Required("Target" + k.noun() + "Description"); err != nil {
		return nil, err
	}
	if in.Tags, err = decodeTags(c); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	g, err := a.Params.Copy(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return k.reply(a, c, "Copy", g), nil
}
