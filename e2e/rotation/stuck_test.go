package rotation_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestStuck breaks rotations as a bad day would. Each time the rotation says
// STUCK and why, the last good leaf is served, sessions live on where the
// engine does, and the rotation comes through once the cause is gone.
func TestStuck(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "stuck-"+e, e)
		if e == "postgres" {
			t.Run("a setting made in the server outranks the file", d.testOutranked)
			t.Run("the binding file was changed by another hand", d.testDrift)
		}
		t.Run(e+": the staged key was replaced", func(t *testing.T) { d.testTampered(t, otherKey, "pair check failed", false) })
		t.Run(e+": the staged key can be read by all", func(t *testing.T) { d.testTampered(t, chmod, "mode check", true) })
		t.Run(e+": the staged key belongs to another", func(t *testing.T) { d.testTampered(t, chown, "owner check", true) })
		t.Run(e+": the engine is down and its port is taken", d.testPortTaken)
	}
}

// scene is an instance before something breaks.
type scene struct {
	good *x509.Certificate
	from string
	to   string
	held client
	id   int64
}

// begin holds a session and chooses the CA to ask for.
func (d *db) begin(t *testing.T) scene {
	t.Helper()
	from := d.row(t).CA
	c := scene{good: mustServe(t, d.Instance)[0], from: from, to: awayAndBack(from)}
	var err error
	if c.held, err = connect(t.Context(), d.Instance, pool(t, d.srv.Root(t, from))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.held.Close)
	if c.id, err = c.held.ID(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// alive: the session that was held is the same one.
func (c scene) alive(t *testing.T) {
	t.Helper()
	if id, err := c.held.ID(t.Context()); err != nil || id != c.id {
		t.Errorf("the session %d is now %d: %v", c.id, id, err)
	}
}

// stuck waits for STUCK and checks all that must be true then.
func (d *db) stuck(t *testing.T, c scene, reason, words string) {
	t.Helper()
	var detail string
	eventually(t, 30*time.Second, "STUCK with "+reason, func() bool {
		r := d.row(t).Rotation
		if r != nil {
			detail = r.Stuck + ": " + r.Detail
		}
		return r != nil && r.Stuck == reason
	})
	if !strings.Contains(detail, words) {
		t.Errorf("STUCK says %q, which does not name %q", detail, words)
	}
	_, metrics := d.srv.Get(t, "/metrics")
	if want := fmt.Sprintf(`dbtls_rotation_stuck_seconds{instance=%q,reason=%q`, d.Name, reason); !strings.Contains(string(metrics), want) {
		t.Errorf("the metrics have no %s", want)
	}
	if !d.told(t, "STUCK", reason) {
		t.Errorf("no event says STUCK and %s", reason)
	}
	status := "available" // for the database is
	if d.pid() == 0 {
		status = "failed"
	}
	if v := d.describe(t); aws.ToString(v.DBInstanceStatus) != status || aws.ToString(v.CACertificateIdentifier) != c.from {
		t.Errorf("DescribeDBInstances says %s with %s, want %s with %s", aws.ToString(v.DBInstanceStatus), aws.ToString(v.CACertificateIdentifier), status, c.from)
	}
}

// lastGood: the leaf from before is on the wire, and proven to be.
func (d *db) lastGood(t *testing.T, c scene) {
	t.Helper()
	eventually(t, 30*time.Second, "the last good leaf proven to be served", func() bool { r := d.row(t).Rotation; return r != nil && r.Proven })
	if leaf := mustServe(t, d.Instance)[0]; !leaf.Equal(c.good) {
		t.Errorf("serial %x is served, want the last good %x", leaf.SerialNumber, c.good.SerialNumber)
	}
}

// through waits until the rotation is done after all.
func (d *db) through(t *testing.T, c scene, limit time.Duration) {
	t.Helper()
	took := eventually(t, limit, "recovered", func() bool { r := d.row(t); return r.Rotation == nil && r.CA == c.to })
	t.Logf("recovered after %s", took.Round(100*time.Millisecond))
	d.agrees(t, "after recovery", c.to, d.srv.Root(t, c.from), d.srv.Root(t, c.to))
}

func (d *db) testOutranked(t *testing.T) {
	c := d.begin(t)
	gen := generations(t, d.home)[0]
	auto := filepath.Join(d.home, "data", "postgresql.auto.conf")
	was := read(t, auto)
	dir := filepath.Join(d.home, "tls", gen)
	write(t, auto, was+fmt.Sprintf("ssl_cert_file = '%s/server.crt'\nssl_key_file = '%s/server.key'\n", dir, dir))
	d.ask(t, c.to)
	d.stuck(t, c, "ActivationFailed", "ALTER SYSTEM")
	d.lastGood(t, c)
	c.alive(t)
	eventually(t, 15*time.Second, "tried a second time", func() bool { r := d.row(t).Rotation; return r.Tries > 1 && r.Proven })
	if g := generations(t, d.home); len(g) > 2 {
		t.Errorf("%d key pairs are on disk: failed tries leave theirs behind", len(g))
	}
	write(t, auto, was)
	d.ask(t, c.to)
	d.through(t, c, 30*time.Second)
	c.alive(t)
}

func (d *db) testDrift(t *testing.T) {
	c := d.begin(t)
	file := filepath.Join(d.home, "conf", "tls.conf")
	was := read(t, file)
	write(t, file, was+"# a note by somebody\n")
	d.ask(t, c.to)
	d.stuck(t, c, "ActivationFailed", "changed by another hand")
	if leaf := mustServe(t, d.Instance)[0]; !leaf.Equal(c.good) {
		t.Errorf("serial %x is served, want the last good %x", leaf.SerialNumber, c.good.SerialNumber)
	}
	if read(t, file) != was+"# a note by somebody\n" {
		t.Error("the file that somebody changed was overwritten")
	}
	write(t, file, was)
	d.through(t, c, 45*time.Second)
	c.alive(t)
}

// testTampered holds a rotation between its pre-flight and its activation by
// freezing it there, and spoils the key that is waiting.
func (d *db) testTampered(t *testing.T, spoil func(t *testing.T, d *db, key string), words string, askAgain bool) {
	if d.row(t).CA != caRSA2 {
		d.srv.Move(t, d.Name, caRSA2)
	}
	c := d.begin(t) // to the CA whose keys take a while
	before := generations(t, d.home)
	d.heldAtActivate(t, c.to)
	fresh := slices.DeleteFunc(generations(t, d.home), func(g string) bool { return slices.Contains(before, g) })
	if len(fresh) != 1 {
		t.Fatalf("the key pairs are %q, want one more than %q", generations(t, d.home), before)
	}
	spoil(t, d, filepath.Join(d.home, "tls", fresh[0], "server.key"))
	d.must(t, "unfreeze")
	d.stuck(t, c, "ActivationFailed", words)
	d.lastGood(t, c)
	c.alive(t)
	if askAgain {
		d.ask(t, c.to)
		if r := d.mustLast(t); r.Outcome == "" && r.DueAt.After(time.Now()) {
			t.Errorf("asked again, and the next try is in %s all the same", time.Until(r.DueAt))
		}
	}
	d.through(t, c, 30*time.Second) // the next try makes a key of its own
	c.alive(t)
}

// heldAtActivate asks for a CA change and freezes rotations while its key is
// being made: all steps before the activation are done, and no more.
func (d *db) heldAtActivate(t *testing.T, to string) {
	t.Helper()
	before := d.mustLast(t)
	d.ask(t, to)
	eventually(t, 5*time.Second, "a new rotation", func() bool { return d.mustLast(t).ID != before.ID })
	d.must(t, "freeze", "--reason", "a test")
	eventually(t, 20*time.Second, "held at its activation", func() bool {
		r := d.mustLast(t)
		if r.Outcome != "" {
			t.Fatalf("the key was made before the freeze came: %s", r.Outcome)
		}
		return r.Step == "activate"
	})
}

func otherKey(t *testing.T, d *db, key string) {
	info, err := os.Stat(key)
	if err != nil {
		t.Fatal(err)
	}
	own := info.Sys().(*syscall.Stat_t)
	write(t, key, newKeyPEM(t))
	if err := os.Chown(key, int(own.Uid), int(own.Gid)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, _ *db, key string) {
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
}

func chown(t *testing.T, _ *db, key string) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	if err := os.Chown(key, 65534, -1); err != nil {
		t.Fatal(err)
	}
}

// testPortTaken kills the engine and takes its port before it is back.
func (d *db) testPortTaken(t *testing.T) {
	c := d.begin(t)
	c.held.Close()
	d.kill(t)
	var squat net.Listener
	eventually(t, 20*time.Second, "the port taken away", func() bool {
		var err error
		if squat, err = net.Listen("tcp", endpoint(d.Instance)); err == nil {
			return true
		}
		if pid := d.pid(); pid != 0 { // it was quicker: once more
			syscall.Kill(pid, syscall.SIGKILL)
		}
		return false
	})
	defer squat.Close()
	d.ask(t, c.to)
	d.stuck(t, c, "RestartFailed", "port")
	if r := d.row(t).Rotation; r.Proven {
		t.Error("the last good leaf is called proven while nobody can connect")
	}
	squat.Close()
	d.through(t, c, 60*time.Second)
}
