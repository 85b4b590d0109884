package rds

import "github.com/dbtls/dbtls/internal/awswire/query"

// deleteParameterGroup forgets a group that nothing uses.
func deleteParameterGroup(a *API, c *call, k groupKind) ([]byte, error) {
	r, err := k.ref(c)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if err := a.Params.Delete(c.ctx, c.by(), r); err != nil {
		return nil, err
	}
	return query.EmptyResponse("Delete"+k.noun(), c.caller.RequestID), nil
}
