package local

import (
	"context"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/provider"
)

// Look asks the running server for its sessions.
func (p *Provider) Look(ctx context.Context, i provider.Instance) (look engine.Look, err error) {
	err = p.manage(ctx, i, func(a engine.Admin) (err error) {
		look, err = a.Look(ctx)
		return err
	})
	return look, err
}
