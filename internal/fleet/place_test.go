package fleet

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
)

// errInjected is a call that fails for no reason of the caller's.
var errInjected = errors.New("the machine stumbles")

// database is one server of a place.
type database struct {
	at       provider.Instance // as it was last told
	started  provider.Instance // as its process knows itself
	pid      int               // 0: it does not run
	pairs    map[string]*pair
	active   string // generation its configuration names
	loaded   string // generation its process serves
	replicas string // password its replicas log in with
	master   engine.Master
}

type pair struct {
	key   crypto.Signer
	chain [][]byte
}

// place is a provider in memory. Every call is noted, and one of them can be
// made to fail: before it has done anything, or after it has done everything,
// as a process that dies at that moment would see it.
type place struct {
	mu     sync.Mutex
	all    map[string]*database
	pids   int
	calls  []string
	failAt int // counts down with every call; the one that makes it 0 fails
	after  bool
	// refuse is a value ("depth=9") that a server neither starts with nor
	// takes while it runs.
	refuse string
	ports  map[string]bool // host:port that another program holds
	cold   bool            // certificates need a restart
	down   int             // the most servers that were down at the same time
}

func newPlace() *place { return &place{all: map[string]*database{}, ports: map[string]bool{}} }

// call notes a call and does it, unless it is the one that fails.
func (p *place) call(name string, i provider.Instance, do func(d *database) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, name)
	p.failAt--
	if p.failAt == 0 && !p.after {
		return errInjected
	}
	d := p.all[i.ID]
	if d == nil {
		d = &database{pairs: map[string]*pair{}}
	}
	err := do(d)
	if err == nil && p.failAt == 0 {
		err = errInjected
	}
	return err
}

func (p *place) see(id string) database {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.all[id]; d != nil {
		return *d
	}
	return database{}
}

// since returns the calls after the first n.
func (p *place) since(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls[n:])
}

func (p *place) count() int { return len(p.since(0)) }

// started counts the servers that were ever started.
func (p *place) started() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pids
}

// fail makes the n-th call from now fail, from 1; 0: none.
func (p *place) fail(n int, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failAt, p.after = n, after
}

// refuses reports whether a server would not have the parameters.
func (p *place) refuses(i provider.Instance) error {
	name, value, _ := strings.Cut(p.refuse, "=")
	if p.refuse != "" && i.Parameters[name] == value {
		return fault.New(fault.InvalidInstanceState, "the server does not take %s", p.refuse)
	}
	return nil
}

func (p *place) Offers() []provider.Offer {
	return []provider.Offer{{Engine: "plain", Version: "1.4", HotReload: true}, {Engine: "shared", Version: "1.4", HotReload: true}, {Engine: "cold", Version: "1.4"}}
}

func (p *place) CheckPort(address string, port int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ports[net.JoinHostPort(address, strconv.Itoa(port))] {
		return fault.New(fault.InvalidParameter, "port %d of %s is in use", port, address)
	}
	return nil
}

func (p *place) FreeBytes() (int64, error) { return 1 << 40, nil }

func (p *place) Create(_ context.Context, i provider.Instance, from provider.Source) error {
	return p.call("Create", i, func(d *database) error {
		if i.Primary != nil && (p.all[i.ID] == nil && from.Password == "") {
			return errors.New("a replica without its writer's password")
		}
		d.at = i
		p.all[i.ID] = d
		return nil
	})
}

func (p *place) SetUp(_ context.Context, i provider.Instance, m engine.Master) error {
	return p.call("SetUp", i, func(d *database) error { d.master = m; return nil })
}

func (p *place) AllowReplicas(_ context.Context, i provider.Instance, password string) error {
	return p.call("AllowReplicas", i, func(d *database) error { d.replicas = password; return nil })
}

func (p *place) Apply(_ context.Context, i provider.Instance) (engine.Effect, error) {
	effect := engine.EffectNone
	err := p.call("Apply", i, func(d *database) error {
		if err := p.refuses(i); err != nil {
			return err
		}
		if d.pid != 0 && !maps.Equal(d.started.Parameters, i.Parameters) {
			d.started.Parameters, effect = maps.Clone(i.Parameters), engine.EffectReload
		}
		d.at = i
		return nil
	})
	return effect, err
}

func (p *place) Power(_ context.Context, i provider.Instance, on bool) error {
	return p.call(map[bool]string{true: "on ", false: "off "}[on]+i.Address, i, func(d *database) error {
		switch {
		case !on:
			d.pid, d.loaded = 0, ""
			p.countDown()
			return nil
		case d.pid != 0:
			return nil
		}
		if err := p.refuses(i); err != nil {
			return err
		}
		p.pids++
		d.pid, d.at, d.started, d.loaded = p.pids, i, i, d.active
		return nil
	})
}

func (p *place) countDown() {
	n := 0
	for _, d := range p.all {
		if d.pid == 0 {
			n++
		}
	}
	p.down = max(p.down, n)
}

func (p *place) Observe(_ context.Context, i provider.Instance) (o provider.Observation, err error) {
	err = p.call("Observe", i, func(d *database) error {
		o = provider.Observation{Exists: p.all[i.ID] != nil, Running: d.pid != 0, PID: d.pid, Active: d.active}
		return nil
	})
	return o, err
}

func (p *place) Watch(ctx context.Context, _ provider.Instance) error { <-ctx.Done(); return ctx.Err() }

func (p *place) HasSnapshot(string) (bool, error) { return false, nil }

func (p *place) Delete(_ context.Context, i provider.Instance, _ string) error {
	return p.call("Delete", i, func(*database) error { delete(p.all, i.ID); return nil })
}

func (p *place) CSR(_ context.Context, i provider.Instance, g string, _ pki.KeySpec) (csr []byte, err error) {
	err = p.call("CSR", i, func(d *database) error {
		if d.pairs[g] == nil {
			key, err := pki.GenerateKey(pki.ECC256)
			if err != nil {
				return err
			}
			d.pairs[g] = &pair{key: key}
		}
		csr, err = pki.NewCSR(d.pairs[g].key, "x")
		return err
	})
	return csr, err
}

func (p *place) Stage(_ context.Context, i provider.Instance, g string, chain [][]byte, _ provider.Expect) error {
	return p.call("Stage", i, func(d *database) error {
		if d.pairs[g] == nil {
			return fmt.Errorf("no key of generation %q", g)
		}
		d.pairs[g].chain = chain
		return nil
	})
}

func (p *place) Activate(_ context.Context, i provider.Instance, g string) (effect engine.Effect, err error) {
	err = p.call("Activate", i, func(d *database) error {
		if d.pairs[g] == nil || d.pairs[g].chain == nil {
			return fmt.Errorf("generation %q is not staged", g)
		}
		d.active, effect = g, engine.EffectNone
		switch {
		case d.pid != 0 && p.cold:
			effect = engine.EffectRestart
		case d.pid != 0:
			d.loaded, effect = g, engine.EffectReload
		}
		return nil
	})
	return effect, err
}

func (p *place) Collect(_ context.Context, i provider.Instance, keep []string) error {
	return p.call("Collect", i, func(d *database) error {
		maps.DeleteFunc(d.pairs, func(g string, _ *pair) bool { return !slices.Contains(keep, g) && g != d.loaded })
		return nil
	})
}

func (p *place) EndSessions(context.Context, provider.Instance, time.Time) (int, error) {
	return 0, nil
}

// dial is a handshake: what is served at an address by whoever listens there.
func (p *place) dial(_ context.Context, t probe.Target) (*probe.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.all {
		own := net.JoinHostPort(d.started.Address, strconv.Itoa(d.started.Port))
		if d.pid == 0 || own != t.Address {
			continue
		}
		o := &probe.Observation{}
		for _, der := range d.pairs[d.loaded].chain {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, err
			}
			o.Chain = append(o.Chain, c)
		}
		return o, nil
	}
	return nil, fmt.Errorf("connect to %s: connection refused", t.Address)
}

func (p *place) Look(context.Context, provider.Instance) (engine.Look, error) {
	return engine.Look{}, nil
}

func (p *place) Logins(context.Context, provider.Instance, provider.LogPosition, int) (provider.LogBatch, error) {
	return provider.LogBatch{}, nil
}
