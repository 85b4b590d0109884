package rotation

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

// rollback puts the last good pair back. Without one (a new instance), or with
// a compromised key, there is no way back: the next try goes forward.
func (r *Runner) rollback(ctx context.Context, t *turn) (result, error) {
	if t.rot.Good == "" || t.rot.NoWayBack {
		t.again(time.Now())
		return result{wait: Backoff(t.rot.Attempts)}, nil
	}
	p, at := r.Provider(t.inst), Place(t.inst)
	effect, err := p.Activate(ctx, at, t.rot.Good)
	if err != nil {
		// The good pair may never have left the wire; but until the files say
		// so too, a restart could bring the other one up.
		t.rot.Stuck.Proven = r.proof(ctx, t).Reason == ""
		return stuck(t.rot.Stuck.Reason, err.Error()), nil
	}
	res := result{next: inventory.StepProve, audit: "put back generation " + t.rot.Good}
	if effect == engine.EffectRestart && r.shows(ctx, t) {
		return res, nil // it never read the new pair
	}
	if effect == engine.EffectRestart {
		res.kind, res.event = events.Maintenance, "DB instance restarted to take its last good server certificate back into use"
		err = p.Power(ctx, at, false)
	}
	if err == nil && effect != engine.EffectReload {
		err = p.Power(ctx, at, true)
	}
	if err != nil {
		return stuck(t.rot.Stuck.Reason, err.Error()), nil
	}
	return res, nil
}

// shows reports whether the last good leaf is served at this moment.
func (r *Runner) shows(ctx context.Context, t *turn) bool {
	return t.isGood(r.look(ctx, t.inst))
}

// isGood reports whether a handshake shows the last good leaf. Its chain is not
// judged: it may be the very one that is to be replaced.
func (t *turn) isGood(s Sight) bool {
	if s.Err != nil || len(s.Chain) == 0 {
		return false
	}
	served := pki.SerialHex(s.Chain[0])
	if t.rot.GoodSerial == "" { // not on record: anything but the new one
		return served != t.rot.Leaf.Serial
	}
	return served == t.rot.GoodSerial
}

// prove sees the last good leaf on the wire. An unreachable port proves
// nothing: it is looked at again later, as often as it takes.
func (r *Runner) prove(ctx context.Context, t *turn) (result, error) {
	if v := r.proof(ctx, t); v.Reason != "" {
		if v.Reason != inventory.StuckUnreachable {
			t.rot.Step = inventory.StepRollback // not what was put back: put it back again
		}
		return result{stuck: v}, nil
	}
	t.rot.Stuck.Proven, t.rot.Stuck.WayBack = true, ""
	if t.rot.Stuck.Reason == inventory.StuckClients {
		return r.giveUp(ctx, t), nil
	}
	good := t.good()
	t.again(time.Now())
	return result{wait: Backoff(t.rot.Attempts), kind: events.Recovery, audit: "a handshake at " + Endpoint(t.inst) + " shows " + good,
		event: "The last good server certificate (" + good + ") is served again, seen by a handshake at " + Endpoint(t.inst)}, nil
}

// proof is empty when the last good leaf is served within the grace, else what
// was seen instead.
func (r *Runner) proof(ctx context.Context, t *turn) inventory.Stuck {
	return r.watch(ctx, t.inst, func(s Sight) (inventory.Stuck, bool) {
		if t.isGood(s) {
			return inventory.Stuck{}, true
		}
		v, _ := Judge(s, Wanted{Serial: t.rot.GoodSerial, Name: t.inst.Host}, time.Now())
		return v, false
	})
}

// good names the last good pair, for messages.
func (t *turn) good() string {
	if t.rot.GoodSerial == "" {
		return "generation " + t.rot.Good
	}
	return "serial " + t.rot.GoodSerial
}
