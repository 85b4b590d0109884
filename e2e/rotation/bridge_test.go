package rotation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestBridgeEnds: after the overlap the chain goes without its cross, with no
// hand at work.
func TestBridgeEnds(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--overlap", "6s")
	st := openState(t, s.Dir)
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "bridge-"+e, e)
		t.Run(e, func(t *testing.T) {
			t.Parallel()
			s.Move(t, d.Name, caECC)
			during := mustServe(t, d.Instance)
			d.judgeBridged(t, during)
			until := d.row(t).Until
			if left := time.Until(until); left > 6*time.Second || left < 0 {
				t.Errorf("the bridge is up for %s more, want at most the overlap of 6 s", left)
			}
			d.judgeEnded(t, during[0].SerialNumber.String(), until)
		})
	}
}

func (d *db) judgeBridged(t *testing.T, chain []*x509.Certificate) {
	t.Helper()
	if len(chain) != 3 {
		t.Errorf("%d certificates are served in the overlap, want 3", len(chain))
	}
	for _, ca := range []string{caRSA2, caECC} {
		if err := verifies(chain, d.srv.Root(t, ca), d.Address); err != nil {
			t.Errorf("in the overlap, with %s alone: %v", ca, err)
		}
	}
}

// judgeEnded waits for the end of the overlap and a little.
func (d *db) judgeEnded(t *testing.T, serial string, until time.Time) {
	t.Helper()
	eventually(t, time.Until(until)+5*time.Second, "the chain without its cross", func() bool { return len(mustServe(t, d.Instance)) == 2 })
	if late := time.Since(until); late < 0 {
		t.Errorf("the bridge went down %s before its time", -late)
	} else {
		t.Logf("the bridge went down %s after its time", late.Round(time.Millisecond))
	}
	eventually(t, 5*time.Second, "committed", func() bool { return d.row(t).Rotation == nil })
	after := mustServe(t, d.Instance)
	if after[0].SerialNumber.String() == serial {
		t.Error("the same leaf is served")
	}
	d.noBridge(t, after, caECC, caRSA2)
	if !d.told(t, "overlap is over", caECC) {
		t.Error("no event says that the overlap is over")
	}
	d.agrees(t, "after the overlap", caECC, d.srv.Root(t, caECC))
}

// TestNoBridge: --overlap 0 turns it off.
func TestNoBridge(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--overlap", "0")
	st := openState(t, s.Dir)
	d := create(t, s, st, "nobridge", harness.Engines(t)[0])
	s.Move(t, d.Name, caECC)
	d.noBridge(t, mustServe(t, d.Instance), caECC, caRSA2)
	if b := d.row(t).Bridge; b != "" {
		t.Errorf("status says that %s is covered", b)
	}
	s.Move(t, d.Name, caRSA4) // no overlap, so nobody's consent is needed
	d.noBridge(t, mustServe(t, d.Instance), caRSA4, caECC)
}

// TestBridgeEndsWithItsRoot: a bridge from a root that ends soon ends with it.
func TestBridgeEndsWithItsRoot(t *testing.T) {
	t.Parallel()
	const life = 20 * time.Second
	s := harness.Start(t, harness.Data(t), "--ca-2019-life", life.String())
	st := openState(t, s.Dir)
	name := "short"
	i := s.Create(t, name, harness.Engines(t)[0], func(in *rds.CreateDBInstanceInput) { in.CACertificateIdentifier = aws.String(ca2019) })
	id := st.resource(t, name)
	d := &db{Instance: i, srv: s, state: st, resource: id, home: home(s.Dir, id)}
	file := s.Root(t, ca2019)
	root := readCert(t, file)
	if leaf := mustServe(t, i)[0]; leaf.NotAfter.After(root.NotAfter) {
		t.Errorf("the leaf lives until %s, its root until %s", leaf.NotAfter, root.NotAfter)
	}
	s.Move(t, name, caECC)
	chain := mustServe(t, i)
	if err := verifies(chain, file, d.Address); err != nil {
		t.Errorf("the bridge does not hold: %v", err)
	}
	until := d.row(t).Until
	if until.After(root.NotAfter) {
		t.Errorf("the bridge is up until %s, its root until %s", until, root.NotAfter)
	}
	eventually(t, time.Until(until)+5*time.Second, "the chain without its cross", func() bool { return len(mustServe(t, i)) == 2 })
	eventually(t, 5*time.Second, "committed", func() bool { return d.row(t).Rotation == nil })
	d.agrees(t, "after the root's end", caECC, s.Root(t, caECC))
}
