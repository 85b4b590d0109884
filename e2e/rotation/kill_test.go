package rotation_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// resumed is how long a rotation that a crash interrupted may take after the
// ready line: the engine's own recovery and one more key of RSA-4096, but no
// timeout (the shortest is 15 s). That there was no back-off is checked too.
const resumed = 8 * time.Second

// killedAt is the steps of a rotation, each of which is a state row: the kill
// comes when the row is there, so the step is under way or just done.
var killedAt = []string{"key", "issue", "stage", "activate", "verify", "commit"}

// TestKilledAtEachStep: dbtls dies at every step, once alone and once together
// with the engine. Afterwards the rotation is finished at once, and state,
// disk and wire agree.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	hit := map[string]int{}
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "kill-"+e, e)
		roots := map[string]string{caRSA2: s.Root(t, caRSA2), caRSA4: s.Root(t, caRSA4)}
		from := caRSA2
		for _, step := range killedAt {
			for _, engineToo := range []bool{false, true} {
				to := awayAndBack(from)
				name := fmt.Sprintf("%s at %s, engine killed too: %t", e, step, engineToo)
				at := d.killAt(t, to, step, engineToo)
				hit[step+" -> "+at]++
				d.judgeResumed(t, name, to, engineToo, roots[from], roots[to])
				from = to
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(hit)) {
		t.Logf("kill at %s: %d times", k, hit[k])
	}
}

// awayAndBack moves between the default CA and the one whose keys take a second
// to make, so that no overlap is ever left to a third CA.
func awayAndBack(from string) string {
	if from != caRSA2 {
		return caRSA2
	}
	return caRSA4
}

// killAt asks for a CA change and kills when the rotation's row says step. It
// returns the step that the row says when all is dead.
func (d *db) killAt(t *testing.T, to, step string, engineToo bool) string {
	t.Helper()
	before := d.mustLast(t)
	d.ask(t, to)
	var now rotation
	for end := time.Now().Add(20 * time.Second); ; {
		var err error
		if now, err = d.state.last(d.resource); err != nil {
			t.Fatal(err)
		}
		if now.ID != before.ID && (now.Step == step || passed(now, step)) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s: no rotation reached the step %s; the last is %+v", d.Name, step, now)
		}
	}
	d.srv.Kill(t) // first, or it starts the engine again
	if engineToo {
		d.kill(t)
		eventually(t, 5*time.Second, "the engine is gone", func() bool { return d.pid() == 0 })
	}
	now = d.mustLast(t)
	if now.Outcome != "" {
		return now.Outcome
	}
	return now.Step
}

// passed reports whether a rotation is beyond a step: some last less than the
// time between two looks.
func passed(r rotation, step string) bool {
	return r.Outcome != "" || slices.Index(killedAt, r.Step) > slices.Index(killedAt, step)
}

// ask asks for a CA change at once and does not wait.
func (d *db) ask(t *testing.T, to string) {
	t.Helper()
	if err := d.tryAsk(t, to); err != nil {
		t.Fatalf("ask for %s: %v", to, err)
	}
}

func (d *db) tryAsk(t *testing.T, to string) error {
	_, err := d.srv.RDS(t, "").ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: &d.Name, CACertificateIdentifier: &to, ApplyImmediately: aws.Bool(true)})
	return err
}

// judgeResumed starts dbtls again and checks that the work is done at once.
func (d *db) judgeResumed(t *testing.T, name, to string, engineToo bool, roots ...string) {
	t.Helper()
	pid := d.pid()
	d.srv.Restart(t)
	took := eventually(t, 30*time.Second, name+": committed", func() bool { return d.mustLast(t).Outcome == "committed" })
	r := d.mustLast(t)
	if took > resumed {
		t.Errorf("%s: the work was resumed and done after %s, want at most %s", name, took, resumed)
	}
	if r.Attempts != 0 || r.Stuck.Reason != "" {
		t.Errorf("%s: the rotation failed on the way: %+v", name, r)
	}
	if now := d.pid(); !engineToo && (now != pid || pid == 0) {
		t.Errorf("%s: the engine's process was %d and is %d: not adopted", name, pid, now)
	}
	if engineToo { // a rotation that was committed already waits for nothing
		eventually(t, 10*time.Second, name+": the engine serves again", func() bool { _, err := served(t.Context(), d.Instance); return err == nil })
	}
	d.agrees(t, name, to, roots...)
}

// agrees: status, disk and wire say the same, and each root alone verifies.
func (d *db) agrees(t *testing.T, name, ca string, roots ...string) {
	t.Helper()
	chain := mustServe(t, d.Instance)
	for _, i := range d.srv.Status(t).Instances {
		if i.Name != d.Name {
			continue
		}
		if !sameSerial(chain[0], i.Serial) {
			t.Errorf("%s: status says serial %s, the wire %x", name, i.Serial, chain[0].SerialNumber)
		}
		if ca != "" && i.CA != ca {
			t.Errorf("%s: status says %s, want %s", name, i.CA, ca)
		}
		if i.Rotation != nil {
			t.Errorf("%s: a rotation is still open: %+v", name, *i.Rotation)
		}
	}
	for _, root := range roots {
		if err := verifies(chain, root, d.Address); err != nil {
			t.Errorf("%s: verify-full with %q alone: %v", name, readCert(t, root).Subject.CommonName, err)
		}
	}
	if g, want := generations(t, d.home), d.state.generation(t, d.resource); len(g) != 1 || g[0] != want {
		t.Errorf("%s: key pairs on disk: %q, want only %q", name, g, want)
	}
}

// TestKillStorm kills dbtls at random times while both engines change CAs.
func TestKillStorm(t *testing.T) {
	t.Parallel()
	const kills = 25
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	var all []*db
	pids := map[string]int{}
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "storm-"+e, e)
		all, pids[d.Name] = append(all, d), d.pid()
	}
	hit := map[string]int{}
	for range kills {
		for _, d := range all {
			err := d.tryAsk(t, d.other(t))
			if err != nil && errorCode(err) != "InvalidDBInstanceState" {
				t.Fatalf("ask %s: %v", d.Name, err)
			}
		}
		pause(time.Duration(random.IntN(150)) * time.Millisecond)
		s.Kill(t)
		for _, d := range all {
			r := d.mustLast(t)
			hit[strings.TrimSpace(r.Step+" "+r.Outcome)]++
		}
		s.Restart(t)
	}
	roots := []string{s.Root(t, caRSA2), s.Root(t, caECC)}
	for _, d := range all {
		eventually(t, 10*time.Second, d.Name+" settled", func() bool { return d.settled(t) })
		d.agrees(t, "after the storm, "+d.Name, "", roots...)
		if now := d.pid(); now != pids[d.Name] || now == 0 {
			t.Errorf("%s: the engine's process was %d and is %d", d.Name, pids[d.Name], now)
		}
		d.noneFailed(t)
	}
	t.Logf("steps at the kills: %v", hit)
}

// other is the one of two CAs that an instance does not have.
func (d *db) other(t *testing.T) string {
	for _, i := range d.srv.Status(t).Instances {
		if i.Name == d.Name && i.CA == caRSA2 {
			return caECC
		}
	}
	return caRSA2
}

func (d *db) settled(t *testing.T) bool {
	for _, i := range d.srv.Status(t).Instances {
		if i.Name == d.Name {
			return i.Rotation == nil && i.Pending == "" && i.Status == "available"
		}
	}
	return false
}

// noneFailed: a kill is no failure of a rotation.
func (d *db) noneFailed(t *testing.T) {
	t.Helper()
	var n int
	if err := d.state.db.QueryRow(`SELECT count(*) FROM rotations WHERE resource_id=? AND (stuck=1 OR json_extract(doc,'$.Attempts')>0)`, d.resource).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		t.Errorf("%s: %d rotations failed on the way", d.Name, n)
	}
}
