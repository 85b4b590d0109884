package local_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// own makes the rig's real server ready for clients and returns its master.
func (r *rig) own(p product) string {
	r.Helper()
	user := p.engine.Spec.MasterUser
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: user, Password: realPassword, Database: "app"}))
	return user
}

// plain reports whether a login without TLS is let in.
func (r *rig) plain(p product, user string) bool {
	s, err := p.dial(r, user, nil)
	if err != nil {
		return false
	}
	r.ok(s.close())
	return true
}

func TestARealServerTakesParametersAndKeepsItsSessions(t *testing.T) {
	t.Parallel()
	for name, p := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, p).running()
			user := r.own(p)
			r.apply(r.set(p.force, "0"), engine.EffectReload)
			if !r.plain(p, user) {
				t.Fatal("a plain login is refused although TLS is not forced")
			}
			held, err := p.dial(r, user, nil)
			r.ok(err)
			defer held.close()
			var before, after int
			r.ok(held.ask(p.number, &before))
			r.inst = r.set(p.force, "1")
			r.apply(r.inst, engine.EffectReload)
			if r.plain(p, user) {
				t.Error("a plain login is let in although TLS is forced")
			}
			r.ok(held.ask(p.number, &after))
			if before != after {
				t.Errorf("session %d became %d", before, after)
			}
			r.ok(p.open(r, user).close())
			r.ok(r.Power(r.ctx(), r.inst, false))
			r.ok(r.Power(r.ctx(), r.inst, true))
			if r.plain(p, user) {
				t.Error("a plain login is let in after a restart")
			}
		})
	}
}

func TestAValueThatARealServerRefusesIsNoOutage(t *testing.T) {
	t.Parallel()
	for name, p := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, p).running()
			user := r.own(p)
			r.inst = r.set(p.force, "1")
			r.apply(r.inst, engine.EffectReload)
			before := r.conf()
			r.Provider = r.provider()
			if _, err := r.Apply(r.ctx(), r.set(p.force, "1", p.bad[0], p.bad[1])); err == nil {
				t.Fatalf("the server is said to take %q", p.bad)
			}
			if after := r.conf(); !maps.Equal(after, before) {
				t.Errorf("the files are %v, before %v", after, before)
			}
			if r.plain(p, user) {
				t.Error("TLS is no longer forced")
			}
			r.wantWire("g1")
			r.ok(r.Power(r.ctx(), r.inst, false))
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.wantWire("g1")
		})
	}
}

func TestASettingThatOutranksParametersIsNamedAndTheFilesGoBack(t *testing.T) {
	t.Parallel()
	p := products()["postgres"]
	r := newReal(t, p).running()
	// What ALTER SYSTEM leaves behind. The settings before are outranked as well.
	auto := r.path("data", "postgresql.auto.conf")
	text, err := os.ReadFile(auto)
	r.ok(err)
	r.ok(os.WriteFile(auto, append(text, "ssl_min_protocol_version = 'TLSv1.3'\n"...), 0o600))
	before := r.conf()
	_, err = r.Apply(r.ctx(), r.set(p.force, "0"))
	r.refused(err, fault.InvalidInstanceState, "ssl_min_protocol_version", "ALTER SYSTEM")
	if after := r.conf(); !maps.Equal(after, before) {
		t.Errorf("the files are %v, before %v", after, before)
	}
	r.ok(os.WriteFile(auto, text, 0o600))
	r.apply(r.set(p.force, "0"), engine.EffectReload)
}

func TestARealServerListensOnFurtherAddressesAfterARestart(t *testing.T) {
	t.Parallel()
	for name, p := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, p).running()
			r.own(p)
			alone := r.inst
			r.inst.Also = []string{loopback(t), loopback(t)}
			for range 2 {
				r.apply(r.inst, engine.EffectRestart)
				r.Provider = r.provider()
				r.ok(r.CheckPort(r.inst.Also[0], r.inst.Port))
			}
			r.ok(r.Power(r.ctx(), r.inst, false))
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.wantWire("g1")
			for _, address := range r.inst.Also {
				r.handshakeAt(address)
			}
			r.apply(r.inst, engine.EffectReload)
			r.apply(alone, engine.EffectRestart)
		})
	}
}

// newRealReplica is a replica of r in the same provider, with its certificate.
func newRealReplica(t *testing.T, r *rig) *rig {
	t.Helper()
	replica := *r
	replica.T = t
	replica.inst.ID = "db-R" + r.inst.ID[4:]
	replica.inst.Address = loopback(t)
	replica.inst.Primary = &provider.Primary{Address: r.inst.Address, Port: r.inst.Port}
	t.Cleanup(func() { replica.ok(replica.Delete(replica.ctx(), replica.inst, "")) })
	return &replica
}

func TestARealReplicaFollowsItsPrimary(t *testing.T) {
	t.Parallel()
	p := products()["postgres"]
	r := newReal(t, p).running()
	user := r.own(p)
	for range 2 {
		r.ok(r.AllowReplicas(r.ctx(), r.inst, replicaPassword))
	}
	replica := newRealReplica(t, r)
	wrong := replica.source()
	wrong.Password = "not-the-password"
	if err := replica.Create(r.ctx(), replica.inst, wrong); err == nil || replica.observe().Exists {
		t.Fatalf("a copy was made with a wrong password: %v", err)
	}
	for range 2 {
		r.ok(replica.Create(r.ctx(), replica.inst, replica.source()))
	}
	replica.stage("g1")
	r.ok(replica.activate("g1", engine.EffectNone))
	r.ok(replica.Power(r.ctx(), replica.inst, true))
	replica.wantWire("g1")

	write, read := p.open(r, user), p.open(replica, user)
	defer write.close()
	defer read.close()
	var n int
	r.ok(write.do("CREATE TABLE t AS SELECT 7 AS n"))
	until(t, "the row to come to the replica", func() bool { return read.ask("SELECT n FROM t", &n) == nil && n == 7 })

	// Its parameters are its own, and a restart of everything keeps it following.
	replica.apply(replica.inst, engine.EffectReload)
	replica.refused(replica.SetUp(r.ctx(), replica.inst, engine.Master{User: user, Password: realPassword}), fault.InvalidInstanceState)
	replica.Provider = r.provider()
	r.ok(replica.Power(r.ctx(), replica.inst, false))
	r.ok(replica.Power(r.ctx(), replica.inst, true))
	again := p.open(replica, user)
	defer again.close()
	r.ok(write.do("UPDATE t SET n = 8"))
	until(t, "the change to come to the replica", func() bool { return again.ask("SELECT n FROM t", &n) == nil && n == 8 })
	if found := r.holding(replicaPassword); !slices.Equal(found, []string{replica.path("conf", "replica.pass")}) {
		t.Errorf("the replica's password is in %q", found)
	}
}

func TestARealReplicaVerifiesItsPrimary(t *testing.T) {
	t.Parallel()
	p := products()["postgres"]
	r := newReal(t, p)
	r.inst.Also = []string{loopback(t)} // not in the leaf
	r.running()
	r.own(p)
	r.ok(r.AllowReplicas(r.ctx(), r.inst, replicaPassword))
	for name, c := range map[string]struct {
		spoil func(i *provider.Instance, s *provider.Source)
		says  string
	}{
		"roots that did not issue it": {func(_ *provider.Instance, s *provider.Source) {
			s.Roots = [][]byte{r.certs.Roots["rds-ca-ecc384-g1"].Cert.Raw}
		}, "certificate verify failed"},
		"a name that its leaf lacks": {func(i *provider.Instance, _ *provider.Source) {
			i.Primary = &provider.Primary{Address: r.inst.Also[0], Port: i.Port}
		}, "does not match host name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replica := newRealReplica(t, r)
			from := replica.source()
			c.spoil(&replica.inst, &from)
			err := replica.Create(r.ctx(), replica.inst, from)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), replicaPassword) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
			if replica.observe().Exists {
				t.Error("there is a copy of a server that was not verified")
			}
		})
	}
}
