package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// A fleet of simulated instances of two families under the default CA, of which
// the first move to another.
const (
	oldCA    = "rds-ca-rsa2048-g1"
	newCA    = "rds-ca-ecc384-g1"
	pageSize = 100
	patience = 20 * time.Minute // of any one phase
	quiet    = 10 * time.Second // over which an idle server is watched
)

var families = []string{"postgres", "mysql"}

func nameOf(n int) string { return fmt.Sprintf("sim-%05d", n) }

// fleetRun is one run of the phases.
type fleetRun struct {
	size  int // instances
	moved int // of them
	s     *server
	c     *caller
	rows  []row
	wall  time.Duration // of the last phase
	spent time.Duration // processor time of the server in it
}

// fleet measures a fleet's whole life.
func fleet(ctx context.Context, w *site) ([]row, error) {
	const name, provider = "fleet", "--provider=simulated"
	s, err := w.start(name, provider)
	if err != nil {
		return nil, err
	}
	if err := s.awaitCAs(ctx); err != nil {
		return nil, err
	}
	r := &fleetRun{size: w.instances, moved: w.moved, s: s}
	if r.c, err = newCaller(s, clients); err != nil {
		return nil, err
	}
	for _, phase := range []func(context.Context) error{r.create, r.idle, r.list, r.move, r.verify} {
		if err := phase(ctx); err != nil {
			return nil, err
		}
	}
	peak, err := s.peak()
	if err != nil {
		return nil, err
	}
	r.add("peak RSS of all that", fmt.Sprintf("%.0f MiB", peak), "<= 1024 MiB", "", peak <= 1024)
	s.stop()
	if r.s, err = w.start(name, provider); err != nil {
		return nil, err
	}
	defer r.s.stop()
	return r.rows, r.back(ctx)
}

func (r *fleetRun) add(what, figure, goal, beside string, met bool) {
	r.rows = append(r.rows, row{what, figure, goal, beside, met})
}

// phase times work, and what the server spends on it.
func (r *fleetRun) phase(work func() error) error {
	before, err := r.s.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := work(); err != nil {
		return err
	}
	r.wall = time.Since(began)
	after, err := r.s.cpu()
	r.spent = after - before
	return err
}

// cost is the server's part of the last phase of so many.
func (r *fleetRun) cost(n int) string {
	return fmt.Sprintf("server CPU %.1f s, %.1f ms each", r.spent.Seconds(), 1000*r.spent.Seconds()/float64(n))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// create makes the instances and waits until every one is available.
func (r *fleetRun) create(ctx context.Context) error {
	err := r.phase(func() error {
		err := each(ctx, r.size, clients, func(ctx context.Context, n int) error {
			return r.c.call(ctx, "Action=CreateDBInstance&DBInstanceClass=db.simulated&MasterUsername=admin1&MasterUserPassword=correct-horse-99&Engine="+
				families[n%len(families)]+"&DBInstanceIdentifier="+nameOf(n)+version, nameOf(n))
		})
		if err != nil {
			return fmt.Errorf("create: %w", err)
		}
		_, err = r.c.await(ctx, r.size, oldCA)
		return err
	})
	r.add(fmt.Sprintf("%d simulated instances created and available", r.size), seconds(r.wall), "",
		fmt.Sprintf("%s; %s", perSecond(float64(r.size)/r.wall.Seconds()), r.cost(r.size)), true)
	return err
}

// idle looks at a server that has nothing to do.
func (r *fleetRun) idle(ctx context.Context) error {
	if err := r.settled(ctx); err != nil {
		return err
	}
	if err := r.phase(func() error { return pause(ctx, quiet) }); err != nil {
		return err
	}
	mib, err := r.s.rss()
	r.add(fmt.Sprintf("RSS with %d idle instances", r.size), fmt.Sprintf("%.0f MiB", mib), "<= 1024 MiB",
		fmt.Sprintf("%.1f %% of one CPU", 100*r.spent.Seconds()/r.wall.Seconds()), mib <= 1024)
	return err
}

// settled waits until the server has used next to no processor for a second:
// what was asked for is done, and so is what came of it.
func (r *fleetRun) settled(ctx context.Context) error {
	for end := time.Now().Add(patience); ; {
		if err := r.phase(func() error { return pause(ctx, time.Second) }); err != nil {
			return err
		}
		if r.spent < 100*time.Millisecond {
			return nil
		}
		if time.Now().After(end) {
			return errors.New("the server does not come to rest")
		}
	}
}

// list reads all of them, page by page.
func (r *fleetRun) list(ctx context.Context) error {
	err := r.phase(func() error {
		all, err := r.c.list(ctx, 0, nil)
		if err == nil && len(all) != r.size {
			err = fmt.Errorf("list: %d instances, want %d", len(all), r.size)
		}
		return err
	})
	r.add(fmt.Sprintf("all %d listed, %d a page", r.size, pageSize), seconds(r.wall), "", r.cost(r.size/pageSize), true)
	return err
}

// move changes the CA of the first ones and waits until each serves the new.
func (r *fleetRun) move(ctx context.Context) error {
	err := r.phase(func() error {
		err := each(ctx, r.moved, clients, func(ctx context.Context, n int) error {
			return r.c.call(ctx, "Action=ModifyDBInstance&ApplyImmediately=true&CACertificateIdentifier="+newCA+"&DBInstanceIdentifier="+nameOf(n)+version, nameOf(n))
		})
		if err != nil {
			return fmt.Errorf("move: %w", err)
		}
		_, err = r.c.await(ctx, r.moved, newCA)
		return err
	})
	const goal = 30 * time.Second
	r.add(fmt.Sprintf("%d moved to %s, each verified", r.moved, newCA), seconds(r.wall), "<= 30 s",
		fmt.Sprintf("%s; %s", perSecond(float64(r.moved)/r.wall.Seconds()), r.cost(r.moved)), r.wall <= goal)
	return err
}

// verify connects to each instance that moved as two clients: one that trusts
// the new root alone, one that trusts the old root alone.
func (r *fleetRun) verify(ctx context.Context) error {
	all, err := r.c.await(ctx, r.moved, newCA)
	if err != nil {
		return err
	}
	var pools [2]*x509.CertPool
	for n, ca := range []string{newCA, oldCA} {
		if pools[n], err = r.c.root(ctx, ca); err != nil {
			return err
		}
	}
	err = r.phase(func() error {
		return each(ctx, 2*r.moved, clients, func(ctx context.Context, n int) error {
			i := all[n/2]
			if err := handshake(ctx, i, pools[n%2]); err != nil {
				return fmt.Errorf("verify %s with one root: %w", i.Name, err)
			}
			return nil
		})
	})
	r.add(fmt.Sprintf("%d seen by clients of the new root alone and of the old alone", r.moved), seconds(r.wall), "", r.cost(2*r.moved), true)
	return err
}

// back looks at a server that was restarted with all of them.
func (r *fleetRun) back(ctx context.Context) error {
	ready := r.s.took
	var err error
	if r.c, err = newCaller(r.s, clients); err != nil {
		return err
	}
	first, err := r.c.await(ctx, r.moved, newCA)
	if err != nil {
		return err
	}
	all, err := r.c.list(ctx, 0, nil)
	if err != nil {
		return err
	}
	err = r.phase(func() error {
		return each(ctx, len(all), clients, func(ctx context.Context, n int) error {
			c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", all[n].endpoint())
			if err != nil {
				return fmt.Errorf("%s does not listen after a restart: %w", all[n].Name, err)
			}
			return c.Close()
		})
	})
	if err != nil {
		return err
	}
	pool, err := r.c.root(ctx, newCA)
	if err != nil {
		return err
	}
	err = each(ctx, len(first), clients, func(ctx context.Context, n int) error { return handshake(ctx, first[n], pool) })
	if err != nil {
		return fmt.Errorf("after a restart: %w", err)
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	mib, err := r.s.rss()
	r.add(fmt.Sprintf("restart with %d instances: all listen and it is ready", len(all)), seconds(ready), "", fmt.Sprintf("RSS at rest again %.0f MiB", mib), true)
	return err
}
