package local_test

import (
	"crypto/tls"
	"net"
	"strconv"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

func TestWhatOnlyAStartTakesIsReportedUntilIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(i *provider.Instance, fresh string){
		"another address":       func(i *provider.Instance, fresh string) { i.Address = fresh },
		"one more address":      func(i *provider.Instance, fresh string) { i.Also = append(i.Also, fresh) },
		"one address less":      func(i *provider.Instance, _ string) { i.Also = nil },
		"another port":          func(i *provider.Instance, _ string) { i.Port++ },
		"a static parameter":    func(i *provider.Instance, _ string) { i.Parameters = map[string]string{"size": "2"} },
		"one that is taken out": func(i *provider.Instance, _ string) { i.Parameters = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.inst.Also = []string{loopback(t)}
			r.inst.Parameters = map[string]string{"size": "5"}
			r.running()
			was := r.inst
			r.apply(r.inst, engine.EffectReload)
			change(&r.inst, loopback(t))
			r.apply(r.inst, engine.EffectRestart)
			r.Provider = r.provider() // dbtls restarts
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.apply(r.inst, engine.EffectRestart)
			r.apply(was, engine.EffectReload) // taken back
			r.apply(r.inst, engine.EffectRestart)
			r.ok(r.Power(r.ctx(), r.inst, false))
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.apply(r.inst, engine.EffectReload)
		})
	}
}

func TestTheOrderOfAddressesIsNoChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	a, b := loopback(t), loopback(t)
	r.inst.Also = []string{a, b}
	r.running()
	r.inst.Also = []string{b, a}
	r.apply(r.inst, engine.EffectReload)
}

// wantListening dials every address.
func (r *rig) wantListening(addresses ...string) {
	r.Helper()
	for _, a := range addresses {
		c, err := tls.Dial("tcp", net.JoinHostPort(a, strconv.Itoa(r.inst.Port)), &tls.Config{RootCAs: r.pool(), ServerName: r.inst.Address})
		if err != nil {
			r.Errorf("nobody serves TLS on %s: %v", a, err)
			continue
		}
		_ = c.Close()
	}
}

func TestFurtherAddressesAreListenedOnAndCheckedBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.inst.Also = []string{loopback(t), loopback(t)}
	r.running()
	r.wantListening(append(r.inst.Also, r.inst.Address)...)
	r.ok(r.Power(r.ctx(), r.inst, false))
	l, err := net.Listen("tcp", net.JoinHostPort(r.inst.Also[1], strconv.Itoa(r.inst.Port)))
	r.ok(err)
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidParameter, r.inst.Also[1])
	r.ok(l.Close())
	r.ok(r.Power(r.ctx(), r.inst, true))
}

func TestARenamedInstanceIsManagedUnderBothAddresses(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	old, pid := r.inst, r.observe().PID
	renamed := old
	renamed.Address, renamed.Port = loopback(t), old.Port+1
	for _, i := range []provider.Instance{old, renamed, old} {
		o, err := r.Observe(r.ctx(), i)
		r.ok(err)
		if o.PID != pid || o.Active != "g1" || len(o.Drift) != 0 {
			t.Errorf("observed %+v under %s; the pid was %d", o, i.Address, pid)
		}
		got, err := r.Activate(r.ctx(), i, "g1")
		r.ok(err)
		if got != engine.EffectReload {
			t.Errorf("effect %q under %s", got, i.Address)
		}
		_, err = r.EndSessions(r.ctx(), i, r.certs.Now)
		r.ok(err)
		r.ok(r.SetUp(r.ctx(), i, engine.Master{User: "x"}))
		r.ok(r.AllowReplicas(r.ctx(), i, "x"))
		r.ok(r.Power(r.ctx(), i, true)) // adopted as it is
	}
	r.ok(r.Power(r.ctx(), renamed, false))
	if o, err := r.Observe(r.ctx(), old); err != nil || o.Running {
		t.Fatalf("observed %+v, %v after the stop", o, err)
	}
	r.ok(r.Power(r.ctx(), renamed, true))
	r.inst = renamed
	r.wantListening() // the name in the leaf is still the old one's
	c, err := net.Dial("tcp", net.JoinHostPort(renamed.Address, strconv.Itoa(renamed.Port)))
	r.ok(err)
	r.ok(c.Close())
	r.ok(r.CheckPort(old.Address, old.Port))
	r.ok(r.Power(r.ctx(), old, false)) // a caller that is behind
	if r.observe().Running {
		t.Error("the old instance did not stop the server")
	}
}
