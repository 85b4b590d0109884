package rds

// modifyParameterGroup sets parameters of a group and of all that use it.
func modifyParameterGroup(a *API, c *call, k groupKind) ([]byte, error) {
	r, err := k.ref(c)
	if err != nil {
		return nil, err
	}
	changes, err := decodeChanges(c, false)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	g, err := a.Params.Modify(c.ctx, c.by(), r, changes)
	if err != nil {
		return nil, err
	}
	return k.nameReply(c, "Modify", g), nil
}
