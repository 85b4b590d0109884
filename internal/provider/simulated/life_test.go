package simulated_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

func TestOffersAreTheVersionsOfEnginesThatCanBePlayed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	want := "[{fake 1.0 false} {fake 2.0 true} {open 1.0 false} {open 2.0 true}]"
	if got := fmt.Sprint(r.Offers()); got != want {
		t.Errorf("offers %s, want %s", got, want)
	}
}

func TestAnInstanceFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if o := r.observe(); o.Exists || o.Running || o.Active != "" {
		t.Fatalf("before creation: %+v", o)
	}
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.unwritten("creating it again", func() { r.ok(r.Create(r.ctx(), r.inst, provider.Source{})) })
	if o := r.observe(); !o.Exists || o.Running || o.PID != 0 {
		t.Fatalf("created: %+v", o)
	}
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidInstanceState, "no certificate")
	if e := r.rotate(r.inst, "g1", pki.ECC256); e != engine.EffectNone {
		t.Errorf("activating on a stopped instance: %s", e)
	}
	began := time.Now().Add(-time.Second)
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.unwritten("starting it again", func() { r.ok(r.Power(r.ctx(), r.inst, true)) })
	r.wantServed("g1")
	o := r.observe()
	if !o.Running || o.PID < 1 || o.StartedAt.Before(began) || o.StartedAt.After(time.Now()) {
		t.Errorf("running: %+v", o)
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.unwritten("stopping it again", func() { r.ok(r.Power(r.ctx(), r.inst, false)) })
	r.restart()
	r.wantClosed()
	r.ok(r.Power(r.ctx(), r.inst, true))
	if again := r.observe(); again.PID == o.PID {
		t.Errorf("two starts have the process id %d", o.PID)
	}
	r.ok(r.Delete(r.ctx(), r.inst, ""))
	r.wantClosed()
	if o := r.observe(); o.Exists {
		t.Error("it is there after its deletion")
	}
	r.ok(r.Delete(r.ctx(), r.inst, ""))
	r.restart()
	if o := r.observe(); o.Exists {
		t.Error("it came back")
	}
}

func TestARotationChangesTheCertificateAndDropsNoSession(t *testing.T) {
	t.Parallel()
	for _, spec := range []pki.KeySpec{pki.ECC256, pki.ECC384, pki.RSA2048} {
		t.Run(string(spec), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start()
			s := r.dial()
			var keys [][]byte
			for _, g := range []string{"a", "b", "c"} {
				if e := r.rotate(r.inst, g, spec); e != engine.EffectReload {
					t.Errorf("effect %s", e)
				}
				r.wantServed(g)
				r.ok(r.Collect(r.ctx(), r.inst, []string{g}))
				leaf, err := x509.ParseCertificate(r.served())
				r.ok(err)
				if have, _ := pki.SpecOf(leaf.PublicKey); have != spec {
					t.Errorf("the key is %s, want %s", have, spec)
				}
				if len(keys) > 0 && bytes.Equal(keys[len(keys)-1], leaf.RawSubjectPublicKeyInfo) {
					t.Error("the new generation has the key of the one before")
				}
				keys = append(keys, leaf.RawSubjectPublicKeyInfo)
			}
			if s.ask("param mood") != "calm" {
				t.Error("the session did not live through the rotations")
			}
		})
	}
}

func TestAVersionThatCannotReloadServesTheNewPairAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inst.Version = "1.0"
	r.start()
	old, pid := r.served(), r.observe().PID
	want := func(effect engine.Effect, generation string) {
		t.Helper()
		if got, err := r.Activate(r.ctx(), r.inst, generation); err != nil || got != effect {
			t.Errorf("activate %s: %s, %v; want %s", generation, got, err, effect)
		}
	}
	r.rotate(r.inst, "g2", pki.ECC256)
	want(engine.EffectRestart, "g2")
	want(engine.EffectNone, "g1") // the way back needs no restart
	want(engine.EffectRestart, "g2")
	r.ok(r.Collect(r.ctx(), r.inst, []string{"g2"}))
	for _, after := range []string{"activation", "a restart of dbtls"} {
		if !bytes.Equal(r.served(), old) || r.observe().PID != pid || r.observe().Active != "g2" {
			t.Errorf("after %s the server is not the one that was", after)
		}
		r.restart()
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantServed("g2")
	if r.observe().PID == pid {
		t.Error("the process id did not change with the restart")
	}
	r.ok(r.Collect(r.ctx(), r.inst, nil))
	if _, err := r.Activate(r.ctx(), r.inst, "g1"); fault.CodeOf(err) != fault.InvalidInstanceState {
		t.Errorf("activating what was collected: %v", err)
	}
}

func TestEachStepOfARotationWritesOnceAndRepeatsWithoutWriting(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	chain := r.issue(r.inst, "g2", pki.ECC256)
	steps := map[string]func(){
		"CSR":      func() { _, err := r.CSR(r.ctx(), r.inst, "g2", pki.ECC256); r.ok(err) },
		"Stage":    func() { r.ok(r.Stage(r.ctx(), r.inst, "g2", chain, r.expect(r.inst))) },
		"Activate": func() { _, err := r.Activate(r.ctx(), r.inst, "g2"); r.ok(err) },
		"Collect":  func() { r.ok(r.Collect(r.ctx(), r.inst, []string{"g2"})) },
	}
	for _, name := range []string{"CSR", "Stage", "Activate", "Collect"} {
		steps[name]()
		r.unwritten("a repeated "+name, steps[name])
	}
	r.unwritten("staging what is in use", steps["Stage"])
}

func TestTheRequestOfAGenerationStaysTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	key := func(spec pki.KeySpec) []byte {
		der, err := r.CSR(r.ctx(), r.inst, "g1", spec)
		r.ok(err)
		csr, err := x509.ParseCertificateRequest(der)
		r.ok(err)
		return csr.RawSubjectPublicKeyInfo
	}
	first := key(pki.ECC256)
	r.restart()
	if !bytes.Equal(first, key(pki.ECC256)) {
		t.Error("another key for the same generation")
	}
	if bytes.Equal(first, key(pki.ECC384)) {
		t.Error("a key of another spec was used")
	}
}

func TestWatchEndsWithTheServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(r.Watch(r.ctx(), r.inst)) // nothing there
	r.start()
	short, cancel := context.WithTimeout(r.ctx(), 10*time.Millisecond)
	defer cancel()
	if err := r.Watch(short, r.inst); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("watching a server that runs: %v", err)
	}
	end, ctx := make(chan error), &asked{Context: r.ctx(), done: make(chan struct{})}
	go func() { end <- r.Watch(ctx, r.inst) }()
	<-ctx.done
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(<-end)
	r.ok(r.Watch(r.ctx(), r.inst))
}

// asked is a context that tells when somebody begins to wait for it.
type asked struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func (c *asked) Done() <-chan struct{} {
	c.once.Do(func() { close(c.done) })
	return c.Context.Done()
}

func TestEndSessionsCutsWhatBeganBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.EndSessions(r.ctx(), r.inst, time.Now()); fault.CodeOf(err) != fault.InstanceNotFound {
		t.Errorf("nobody there: %v", err)
	}
	r.start()
	before := time.Now()
	old := r.dial()
	old.ask("hello")
	between := time.Now()
	young := r.dial()
	young.ask("hello")
	for _, c := range []struct {
		t    time.Time
		want int
	}{{before, 0}, {between, 1}} {
		if n, err := r.EndSessions(r.ctx(), r.inst, c.t); err != nil || n != c.want {
			t.Fatalf("ended %d, %v; want %d", n, err, c.want)
		}
	}
	if old.ask("hello") != "" {
		t.Error("the older session lives")
	}
	if young.ask("hello") == "" {
		t.Error("the younger session was ended")
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	if young.ask("hello") != "" {
		t.Error("a session lived through the stop")
	}
	if n, err := r.EndSessions(r.ctx(), r.inst, time.Now()); n != 0 || err != nil {
		t.Errorf("stopped: %d, %v", n, err)
	}
}

func TestParametersHoldForNewClientsAndAddressesFromTheNextStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	old := r.dial()
	apply := func(want engine.Effect) {
		t.Helper()
		if got, err := r.Apply(r.ctx(), r.inst); err != nil || got != want {
			t.Errorf("apply: %s, %v; want %s", got, err, want)
		}
	}
	apply(engine.EffectNone)
	r.inst.Parameters = map[string]string{"mood": "grim"}
	apply(engine.EffectReload)
	r.unwritten("applying it again", func() { apply(engine.EffectNone) })
	if old.ask("param mood") != "calm" || r.dial().ask("param mood") != "grim" {
		t.Error("the new value is for new clients")
	}
	other := loopback()
	r.inst.Also = []string{other, r.inst.Address}
	apply(engine.EffectRestart)
	r.restart()
	apply(engine.EffectRestart)
	if _, err := r.dialAt(other); err == nil {
		t.Error("it listens at an address it was not started with")
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	s, err := r.dialAt(other)
	r.ok(err)
	if got, want := s.ask("where"), other+" "+strconv.Itoa(r.inst.Port)+" 2.0 0"; got != want {
		t.Errorf("the client is at %q, want %q", got, want)
	}
	apply(engine.EffectNone)
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.inst.Parameters, r.inst.Also = nil, nil
	apply(engine.EffectNone)
	r.ok(r.Power(r.ctx(), r.inst, true))
	if r.dial().ask("param mood") != "calm" {
		t.Error("the value is not back at its default")
	}
}

func TestOnlyTheMasterLogsIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := engine.Master{User: "admin", Password: "hunter2-hunter2"}
	r.start()
	if r.dial().ask("login admin hunter2-hunter2") != "no" {
		t.Error("somebody logged in before there was a master")
	}
	r.ok(r.SetUp(r.ctx(), r.inst, m))
	r.unwritten("setting it up again", func() { r.ok(r.SetUp(r.ctx(), r.inst, m)) })
	r.restart()
	for line, want := range map[string]string{
		"login admin hunter2-hunter2": "yes", "login admin hunter2-hunter": "no", "login root hunter2-hunter2": "no", "login Admin hunter2-hunter2": "no",
	} {
		if got := r.dial().ask(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if b := read(t, r.file()); bytes.Contains(b, []byte("hunter2")) {
		t.Error("the file holds the password")
	}
	r.refused(r.SetUp(r.ctx(), r.inst, engine.Master{User: "admin"}), fault.MissingParameter, "password")
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.refused(r.SetUp(r.ctx(), r.inst, m), fault.InvalidInstanceState, "start it")
	r.ok(r.AllowReplicas(r.ctx(), r.inst, "x"))
}

func TestNoPasswordIsKeptForAnEngineThatAsksForNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inst.Engine = "open"
	r.start()
	r.unwritten("setting it up", func() {
		r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "admin", Password: "hunter2-hunter2"}))
	})
}

func TestSessionsAreListedPerInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "admin", Password: "pw"}))
	a, b := r.dial(), r.dial()
	a.ask("login admin pw")
	b.ask("login admin pw")
	where := r.inst.Address + " " + strconv.Itoa(r.inst.Port) + " 2.0 "
	if got := r.dial().ask("where"); got != where+"2" {
		t.Errorf("%q", got)
	}
	r.ok(a.Close())
	r.eventually("one session less", func() bool { return r.dial().ask("where") == where+"1" })
}

func TestCheckPort(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(r.CheckPort(r.inst.Address, r.inst.Port))
	r.start()
	r.refused(r.CheckPort(r.inst.Address, r.inst.Port), fault.InvalidParameter, r.inst.Address, "in use")
	r.refused(r.CheckPort("192.0.2.1", r.inst.Port), fault.InvalidParameter, "192.0.2.1", "no address of this machine")
	r.refused(r.CheckPort("nonsense.invalid", r.inst.Port), fault.InvalidParameter, "nonsense.invalid")
	if n, err := r.FreeBytes(); err != nil || n < 1 {
		t.Errorf("free bytes %d, %v", n, err)
	}
}

func TestAStartThatCannotListenSaysWhyAndLeavesItStopped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.ok(r.Power(r.ctx(), r.inst, false))
	l, err := net.Listen("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)))
	r.ok(err)
	pid := func() bool { return r.observe().Running }
	r.unwritten("a start that failed", func() {
		r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidParameter, r.inst.Address)
	})
	r.inst.Also = []string{l.Addr().(*net.TCPAddr).IP.String()}
	r.inst.Address = loopback()
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidParameter)
	if pid() {
		t.Error("it runs")
	}
	r.ok(r.CheckPort(r.inst.Address, r.inst.Port)) // the listener that was opened is closed again
	r.ok(l.Close())
}
