package local

import (
	"context"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// SetUp makes the master user and first database on a running server.
func (p *Provider) SetUp(ctx context.Context, i provider.Instance, m engine.Master) error {
	return p.manage(ctx, i, func(a engine.Admin) error { return a.SetUp(ctx, m) })
}

// AllowReplicas makes the account that replicas of i log in with.
func (p *Provider) AllowReplicas(ctx context.Context, i provider.Instance, password string) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	replicas, err := pl.replicas()
	if err != nil {
		return err
	}
	if err := p.mustRun(pl); err != nil {
		return err
	}
	if err := replicas.Allow(ctx, pl.live(), provider.ReplicaUser, password); err != nil {
		return fmt.Errorf("allow replicas of %q: %w", i.ID, err)
	}
	return nil
}

// EndSessions ends client sessions begun before t and returns how many.
func (p *Provider) EndSessions(ctx context.Context, i provider.Instance, t time.Time) (int, error) {
	var n int
	err := p.manage(ctx, i, func(a engine.Admin) (err error) {
		n, err = a.EndSessions(ctx, t)
		return err
	})
	return n, err
}

// manage gives do a management session with the instance's own server: what
// answers at the socket is asked only while that server runs.
func (p *Provider) manage(ctx context.Context, i provider.Instance, do func(engine.Admin) error) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	if err := p.mustRun(pl); err != nil {
		return err
	}
	began := time.Now()
	a, err := pl.engine.Server.Admin(ctx, pl.live())
	if err != nil {
		return fmt.Errorf("open management session of %q: %w", i.ID, err)
	}
	p.owes(pl, began)
	defer a.Close()
	if err := do(a); err != nil {
		return fmt.Errorf("manage %q: %w", i.ID, err)
	}
	return nil
}

// mustRun refuses what only a running server can do.
func (p *Provider) mustRun(pl *place) error {
	if err := pl.mustExist(); err != nil {
		return err
	}
	_, running, err := p.find(pl)
	if err == nil && !running {
		err = fault.New(fault.InvalidInstanceState, "the server of instance %q does not run; start it first", pl.ID)
	}
	return err
}
