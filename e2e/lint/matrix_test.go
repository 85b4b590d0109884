package lint_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	cc "github.com/dbtls/dbtls/internal/clientconfig"
)

// measured is what a cell did.
type measured struct {
	*cell
	encrypts cc.Encrypts
	verifies cc.Verifies
	trials   map[variant]outcome
}

// stageFor opens the server of a variant for one cell.
func (w *world) stageFor(t *testing.T, c *cell, v variant) *stage {
	t.Helper()
	pair := w.pairs[v.chain()]
	switch c.engine {
	case postgres:
		return open(t, postgresStage(v, pair, w.databases[postgres]))
	case mariadb, mysql:
		return open(t, mysqlStage(v, pair, w.databases[c.engine]))
	}
	return open(t, simulatedStage(t, c.engine, v, pair))
}

// has reports whether there is a server of the engine: simulated ones always are.
func (w *world) has(engine string) bool {
	_, real := w.databases[engine]
	return real || engine != postgres && engine != mariadb && engine != mysql
}

// run brings every cell to every variant, by its program.
func run(t *testing.T, w *world, by program, list []*cell) []measured {
	var trials []trial
	var stages []*stage
	for _, c := range list {
		for _, v := range variants() {
			host, port, s := "127.0.0.1", 0, (*stage)(nil)
			if db, real := w.databases[c.engine]; v == offers && real && c.host == "" {
				host, port = db.Address, db.Port
			} else {
				s = w.stageFor(t, c, v)
				port = s.port
			}
			if c.host != "" {
				host = c.host
			}
			trials, stages = append(trials, w.trial(c, host, port)), append(stages, s)
		}
	}
	results := by(t, w, trials)
	all := make([]measured, len(list))
	for n, c := range list {
		m := measured{cell: c, trials: map[variant]outcome{}}
		for k, v := range variants() {
			at := n*len(variants()) + k
			m.trials[v] = settle(c, v, results[at], stages[at])
		}
		m.judge()
		all[n] = m
	}
	return all
}

func (w *world) trial(c *cell, host string, port int) trial {
	home := w.empty
	if c.home == "trusting" {
		home = w.trusting
	}
	one := trial{cell: c, text: w.at(c.text, host, strconv.Itoa(port), home), env: []string{"HOME=" + home}}
	for _, e := range c.env {
		one.env = append(one.env, w.at(e, host, strconv.Itoa(port), home))
	}
	return one
}

// settle says what the session was: by the engine's word where the session ends
// there, by what the wire carried else. Whether a certificate was taken is the
// wire's to say: a session of SQL Server can be plain after a login that is not.
func settle(c *cell, v variant, o outcome, s *stage) outcome {
	if s == nil || !o.connected {
		return o
	}
	own := o.session != "" && c.engine != postgres && (v == offers || v == forced)
	switch {
	case own:
	case s.encrypted.Load():
		o.session = "tls"
	default:
		o.session = "plain"
	}
	return o
}

// judge reads a cell's trials.
func (m *measured) judge() {
	tls := func(v variant) bool { return m.trials[v].connected && m.trials[v].session == "tls" }
	m.encrypts, m.verifies = cc.EncryptsUnknown, cc.VerifiesUnknown
	switch {
	case !m.trials[offers].connected:
		return // it connects to nobody: this says nothing about it
	case !tls(offers) && !tls(forced):
		m.encrypts, m.verifies = cc.EncryptsNever, cc.VerifiesNothing
		return
	case !tls(forced):
		return // the control: the right certificate has to be accepted
	case m.trials[plain].connected:
		m.encrypts = cc.EncryptsMaybe
	default:
		m.encrypts = cc.EncryptsAlways
	}
	switch {
	case tls(expired):
		m.verifies = cc.VerifiesNothing
	case tls(stranger):
		m.verifies = cc.VerifiesDates
	case tls(misnamed):
		m.verifies = cc.VerifiesChain
	default:
		m.verifies = cc.VerifiesName
	}
}

func TestTheLinterSaysWhatTheDriversDo(t *testing.T) {
	w := start(t)
	all, versions := measure(t, w)
	if path := os.Getenv("DBTLS_LINT_TABLE"); path != "" {
		table(t, path, all, versions)
	}
	covered := compare(t, w, all, versions)
	rules(t, covered, versions)
}

// measure runs every cell whose program is on this machine. The programs run at
// the same time.
func measure(t *testing.T, w *world) (all []measured, versions map[string]string) {
	t.Helper()
	byProgram := runners(t, w)
	versions = map[string]string{}
	var mu sync.Mutex
	var running sync.WaitGroup
	for name, r := range byProgram {
		mine := slices.DeleteFunc(cells(), func(c *cell) bool { return c.by != name })
		running.Go(func() {
			t.Run(name, func(t *testing.T) {
				found := r.versions(t)
				got := run(t, w, r.run, slices.DeleteFunc(mine, func(c *cell) bool { return found[c.kind] == "" || !w.has(c.engine) }))
				mu.Lock()
				defer mu.Unlock()
				all = append(all, got...)
				for kind, v := range found {
					versions[name+" "+kind] = v
				}
			})
		})
	}
	running.Wait()
	return all, versions
}

// table writes what was measured, for people.
func table(t *testing.T, path string, all []measured, versions map[string]string) {
	t.Helper()
	lines := []string{"| driver | version | configuration | encrypts | verifies | what each server saw |", "|---|---|---|---|---|---|"}
	for _, m := range all {
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", m.driver, versions[m.by+" "+m.kind], m.cell, m.encrypts, m.verifies, m.seen()))
	}
	slices.Sort(lines[2:])
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
