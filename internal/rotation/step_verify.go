package rotation

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/probe"
)

const (
	dialTimeout = 5 * time.Second
	lookAgain   = 50 * time.Millisecond // reloads are asynchronous
)

// verify looks at the wire as a client would: a new connection to the name and
// port that clients are told, the engine's own way into TLS, the new serial,
// and a chain that holds with each root alone.
func (r *Runner) verify(ctx context.Context, t *turn) (result, error) {
	roots, err := r.Authority.Roots(t.inst.Region, t.roots()...)
	if err != nil {
		return result{}, err
	}
	v := r.await(ctx, t.inst, Wanted{Serial: t.rot.Leaf.Serial, Old: t.rot.GoodSerial, Name: t.inst.Host, Roots: roots})
	if v.Reason != "" {
		return result{stuck: v}, nil
	}
	res := result{next: inventory.StepCommit, audit: "a handshake at " + Endpoint(t.inst) + " shows serial " + t.rot.Leaf.Serial}
	if t.rot.Watch.RollbackOn > 0 {
		t.rot.WatchTill = time.Now().Add(t.rot.Watch.For)
		res.next, res.kind, res.event = inventory.StepWatch, events.Maintenance, t.onTrial()
	}
	return res, nil
}

// Endpoint is where clients connect, host:port.
func Endpoint(i inventory.Instance) string { return net.JoinHostPort(i.Host, strconv.Itoa(i.Port)) }

// await dials until the handshake shows what is wanted or the grace is over.
func (r *Runner) await(ctx context.Context, i inventory.Instance, w Wanted) inventory.Stuck {
	return r.watch(ctx, i, func(s Sight) (inventory.Stuck, bool) { return Judge(s, w, time.Now()) })
}

// watch looks again and again until judge is content or has made up its mind,
// or the grace is over.
func (r *Runner) watch(ctx context.Context, i inventory.Instance, judge func(Sight) (v inventory.Stuck, final bool)) inventory.Stuck {
	deadline := time.Now().Add(r.Grace)
	for {
		v, final := judge(r.look(ctx, i))
		if final || v.Reason == "" || ctx.Err() != nil || time.Now().After(deadline) {
			return v
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// look makes one fresh handshake at the endpoint.
func (r *Runner) look(ctx context.Context, i inventory.Instance) Sight {
	e, ok := r.Engine(i.Engine)
	if !ok {
		return Sight{Err: errNoEngine(i.Engine)}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	target := probe.Target{Engine: e, Address: Endpoint(i)}
	if net.ParseIP(i.Host) == nil {
		target.ServerName = i.Host
	}
	obs, err := r.Dial(ctx, target)
	if err != nil {
		return Sight{Err: err}
	}
	return Sight{Chain: obs.Chain}
}

type errNoEngine string

func (e errNoEngine) Error() string { return "no engine " + strconv.Quote(string(e)) }

// Look compares what an instance serves with what is on record, without
// changing anything; an engine that comes up gets its grace. A zero Reason says
// that they agree. While a rotation is under way its new certificate is as good
// as the old.
func (r *Runner) Look(ctx context.Context, i inventory.Instance) inventory.Stuck {
	w, err := r.recorded(i)
	if err != nil {
		return inventory.Stuck{Reason: inventory.StuckChain, Detail: err.Error()}
	}
	v := r.await(ctx, i, w)
	rot, err := r.Store.Read(ctx).OpenRotation(i.ResourceID)
	if v.Reason == inventory.StuckWrongLeaf && err == nil && !rot.ActiveAt.IsZero() {
		return inventory.Stuck{} // its verify step judges
	}
	return v
}

// LookOnce is Look with one handshake and no patience.
func (r *Runner) LookOnce(ctx context.Context, i inventory.Instance) inventory.Stuck {
	w, err := r.recorded(i)
	if err != nil {
		return inventory.Stuck{Reason: inventory.StuckChain, Detail: err.Error()}
	}
	v, _ := Judge(r.look(ctx, i), w, time.Now())
	return v
}

// recorded is what a handshake must show when nothing is under way.
func (r *Runner) recorded(i inventory.Instance) (Wanted, error) {
	ids := []string{i.Leaf.CA}
	if i.Bridge.Covers(time.Now()) {
		ids = append(ids, i.Bridge.CA)
	}
	roots, err := r.Authority.Roots(i.Region, ids...)
	return Wanted{Serial: i.Leaf.Serial, Name: i.Host, Roots: roots}, err
}
