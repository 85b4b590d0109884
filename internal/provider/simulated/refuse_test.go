package simulated_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/simulated"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStageNamesTheCheckThatFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(r *rig, chain *[][]byte, want *provider.Expect)
		code  fault.Code
		says  string
	}{
		"a certificate of another key": {func(r *rig, chain *[][]byte, _ *provider.Expect) {
			*chain = r.issue(r.inst, "other", pki.ECC256)
		}, fault.InvalidInstanceState, "pair check"},
		"a root that signed nothing here": {func(r *rig, _ *[][]byte, want *provider.Expect) {
			want.Roots = append(want.Roots, r.certs.Roots["rds-ca-ecc384-g1"].Cert.Raw)
		}, fault.InvalidInstanceState, "chain check"},
		"a missing intermediate": {func(_ *rig, chain *[][]byte, _ *provider.Expect) {
			*chain = (*chain)[:1]
		}, fault.InvalidInstanceState, "chain check"},
		"a name that is not in the SAN": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Names = append(want.Names, "other.example")
		}, fault.InvalidInstanceState, "other.example"},
		"no name at all": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Names = nil
		}, fault.InvalidInstanceState, "name check"},
		"an expired leaf": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Now = want.Now.Add(48 * time.Hour)
		}, fault.InvalidInstanceState, "expired"},
		"a time before the leaf": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Now = want.Now.Add(-48 * time.Hour)
		}, fault.InvalidInstanceState, "chain check"},
		"no chain": {func(_ *rig, chain *[][]byte, _ *provider.Expect) {
			*chain = nil
		}, fault.InvalidParameter, "empty"},
		"no certificate": {func(_ *rig, chain *[][]byte, _ *provider.Expect) {
			*chain = [][]byte{[]byte("x")}
		}, fault.InvalidParameter, "certificate 1"},
		"no root": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Roots = nil
		}, fault.InvalidParameter, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
			chain, want := r.issue(r.inst, "g1", pki.ECC256), r.expect(r.inst)
			c.spoil(r, &chain, &want)
			before := string(read(t, r.file()))
			err := r.Stage(r.ctx(), r.inst, "g1", chain, want)
			if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v; want %s with %q", err, c.code, c.says)
			}
			if string(read(t, r.file())) != before {
				t.Error("the file was written")
			}
			if _, err := r.Activate(r.ctx(), r.inst, "g1"); fault.CodeOf(err) != fault.InvalidInstanceState {
				t.Errorf("what was refused was activated: %v", err)
			}
		})
	}
}

func TestWhatIsInUseIsNotReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	chain := r.issue(r.inst, "g1", pki.ECC256)
	r.refused(r.Stage(r.ctx(), r.inst, "g1", chain, r.expect(r.inst)), fault.InvalidInstanceState, "in use")
	_, err := r.CSR(r.ctx(), r.inst, "g1", pki.ECC384)
	r.refused(err, fault.InvalidInstanceState, "in use", "ECC384")
	r.ok(r.Collect(r.ctx(), r.inst, nil))
	r.wantServed("g1")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	change := func(f func(i *provider.Instance)) provider.Instance {
		i := r.inst
		f(&i)
		return i
	}
	missing := change(func(i *provider.Instance) { i.ID = "db-ELSEWHERE" })
	for name, c := range map[string]struct {
		err  error
		code fault.Code
		says string
	}{
		"an engine without a simulator": {r.Create(r.ctx(), change(func(i *provider.Instance) { i.Engine = "real" }), provider.Source{}), fault.InvalidParameter, `"real" cannot be simulated`},
		"a version nobody knows":        {r.Create(r.ctx(), change(func(i *provider.Instance) { i.Version = "3.0" }), provider.Source{}), fault.InvalidParameter, "1.0 2.0"},
		"an id that leads elsewhere":    {r.Create(r.ctx(), change(func(i *provider.Instance) { i.ID = "../x" }), provider.Source{}), fault.InvalidParameter, "../x"},
		"the id of another engine":      {r.Create(r.ctx(), change(func(i *provider.Instance) { i.Engine = "open" }), provider.Source{}), fault.InvalidInstanceState, "not of open"},
		"deleting another engine's":     {r.Delete(r.ctx(), change(func(i *provider.Instance) { i.Engine = "open" }), ""), fault.InvalidInstanceState, "not of open"},
		"starting what is not there":    {r.Power(r.ctx(), missing, true), fault.InstanceNotFound, "create it first"},
		"stopping what is not there":    {r.Power(r.ctx(), missing, false), fault.InstanceNotFound, "create it first"},
		"collecting from what is not":   {r.Collect(r.ctx(), missing, nil), fault.InstanceNotFound, "db-ELSEWHERE"},
		"replicas of what is not":       {r.AllowReplicas(r.ctx(), missing, ""), fault.InstanceNotFound, "db-ELSEWHERE"},
		"a generation with a path":      {second(r.Activate(r.ctx(), r.inst, "../g")), fault.InvalidParameter, "../g"},
		"a generation never asked for":  {r.Stage(r.ctx(), r.inst, "g9", [][]byte{r.certs.Issuers[caID].Cert.Raw}, r.expect(r.inst)), fault.InvalidInstanceState, "certificate request first"},
		"a final snapshot":              {r.Delete(r.ctx(), r.inst, "last"), fault.InvalidParameter, "--skip-final-snapshot"},
		"a key nobody makes":            {second(r.CSR(r.ctx(), r.inst, "g1", "DSA")), fault.Internal, "unknown key spec"},
		"a directory that is missing":   {second(simulated.New(simulated.Options{})), fault.MissingParameter, "--data"},
	} {
		if fault.CodeOf(c.err) != c.code || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: error %v; want %s with %q", name, c.err, c.code, c.says)
		}
	}
	if o := r.observe(); !o.Exists {
		t.Error("a deletion that was refused deleted it")
	}
	if has, err := r.HasSnapshot("last"); has || err != nil {
		t.Errorf("a snapshot: %v, %v", has, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestACallThatIsNotItsTurnEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	over, cancel := context.WithCancel(r.ctx())
	cancel()
	// The pool has no key of this size yet, so this one waits and holds the turn.
	if _, err := r.CSR(over, r.inst, "g1", pki.RSA4096); err == nil {
		t.Error("a key without waiting for one")
	}
	_, err := r.CSR(r.ctx(), r.inst, "g1", pki.ECC256)
	r.ok(err)
}

func TestNothingStartsAfterClose(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	s := r.dial()
	s.ask("hello")
	r.Close()
	if s.ask("hello") != "" {
		t.Error("a session lives after Close")
	}
	r.wantClosed()
	r.refused(r.Power(r.ctx(), r.inst, true), fault.Unavailable, "shutting down")
	r.wantClosed()
}
