package local_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/local"
)

const replicaPassword = "a-replicas-own-secret"

func (r *rig) source() provider.Source {
	return provider.Source{Password: replicaPassword, Roots: [][]byte{r.certs.Roots[caID].Cert.Raw}}
}

// newReplica is a rig for a replica that has its certificate and its copy.
func newReplica(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, &fakeEngine{})
	r.inst.Primary = &provider.Primary{Address: "127.9.9.9", Port: 1}
	for range 2 {
		r.ok(r.Create(r.ctx(), r.inst, r.source()))
	}
	r.stage("g1")
	r.ok(r.activate("g1", engine.EffectNone))
	return r
}

// holding lists the files below the rig's directory with this text in them.
func (r *rig) holding(text string) []string {
	r.Helper()
	var found []string
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	r.ok(err)
	return found
}

func TestAReplicaIsCopiedWithWhatItsSourceGave(t *testing.T) {
	t.Parallel()
	r := newReplica(t)
	b, err := os.ReadFile(r.path("data", "PRIMARY"))
	r.ok(err)
	if want := provider.ReplicaUser + "@127.9.9.9"; string(b) != want {
		t.Errorf("the copy was made as %q, want %q", b, want)
	}
	roots, err := os.ReadFile(r.path("conf", "replica-roots.pem"))
	r.ok(err)
	if string(roots) != string(pki.EncodeCertsPEM(r.certs.Roots[caID].Cert)) {
		t.Errorf("the roots are %q", roots)
	}
	for _, on := range []bool{true, false, true} {
		r.ok(r.Power(r.ctx(), r.inst, on))
	}
	if found := r.holding(replicaPassword); !slices.Equal(found, []string{r.path("conf", "replica.pass")}) {
		t.Errorf("the password is in %q", found)
	}
	if o := r.observe(); len(o.Drift) != 0 {
		t.Errorf("observed %+v", o)
	}
	r.ok(r.Delete(r.ctx(), r.inst, "final"))
	if found := r.holding(replicaPassword); len(found) != 0 {
		t.Errorf("the password is left in %q", found)
	}
}

func TestANewSourceReplacesTheOldOneAndNoneKeepsIt(t *testing.T) {
	t.Parallel()
	r := newReplica(t)
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	if found := r.holding(replicaPassword); len(found) != 1 {
		t.Errorf("the password is in %q", found)
	}
	next := r.source()
	next.Password = "another-secret"
	r.ok(r.Create(r.ctx(), r.inst, next))
	if found := append(r.holding(replicaPassword), r.holding(next.Password)...); len(found) != 1 {
		t.Errorf("the passwords are in %q", found)
	}
	if o := r.observe(); len(o.Drift) != 0 {
		t.Errorf("observed %+v", o)
	}
}

func TestAReplicaIsNotCreatedWithoutItsSource(t *testing.T) {
	t.Parallel()
	good := func(r *rig) provider.Source { return r.source() }
	for name, c := range map[string]struct {
		spoil func(s *provider.Source)
		code  fault.Code
	}{
		"nothing":        {func(s *provider.Source) { *s = provider.Source{} }, fault.InvalidInstanceState},
		"no password":    {func(s *provider.Source) { s.Password = "" }, fault.MissingParameter},
		"no roots":       {func(s *provider.Source) { s.Roots = nil }, fault.InvalidParameter},
		"a damaged root": {func(s *provider.Source) { s.Roots[0] = s.Roots[0][1:] }, fault.InvalidParameter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.inst.Primary = &provider.Primary{Address: "127.9.9.9", Port: 1}
			from := good(r)
			c.spoil(&from)
			err := r.Create(r.ctx(), r.inst, from)
			r.refused(err, c.code)
			if strings.Contains(err.Error(), replicaPassword) {
				t.Errorf("the password is in the error: %v", err)
			}
			if r.observe().Exists {
				t.Error("the data was made")
			}
			r.ok(r.Create(r.ctx(), r.inst, r.source()))
		})
	}
}

func TestAReplicaThatCannotReachItsPrimaryIsNotStarted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(pass, roots string) error
		says  []string
	}{
		"no password":           {func(pass, _ string) error { return os.Remove(pass) }, []string{"replica.pass", "missing"}},
		"no roots":              {func(_, roots string) error { return os.Remove(roots) }, []string{"replica-roots.pem", "missing"}},
		"a readable password":   {func(pass, _ string) error { return os.Chmod(pass, 0o640) }, []string{"replica.pass", "chmod 0600"}},
		"another's password":    {func(pass, _ string) error { return os.Chown(pass, 12345, -1) }, []string{"replica.pass", "chown"}},
		"a link for a password": {func(pass, _ string) error { return errors.Join(os.Remove(pass), os.Symlink("/dev/null", pass)) }, []string{"replica.pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "another's password" && os.Geteuid() != 0 {
				t.Skip("SKIPPED: only root can give a file away")
			}
			r := newReplica(t)
			r.ok(c.spoil(r.path("conf", "replica.pass"), r.path("conf", "replica-roots.pem")))
			r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidInstanceState, c.says...)
		})
	}
}

func TestAChangedPasswordFileIsDriftAndNotOverwritten(t *testing.T) {
	t.Parallel()
	r := newReplica(t)
	pass := r.path("conf", "replica.pass")
	r.ok(os.WriteFile(pass, []byte("theirs"), 0o600))
	if o := r.observe(); len(o.Drift) != 1 || !strings.Contains(o.Drift[0], pass) {
		t.Errorf("observed %+v", o)
	}
	r.refused(r.Create(r.ctx(), r.inst, r.source()), fault.InvalidInstanceState, pass)
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.ok(os.Remove(pass))
	if o := r.observe(); len(o.Drift) != 1 || !strings.Contains(o.Drift[0], "put it back") {
		t.Errorf("observed %+v", o)
	}
	r.ok(r.Create(r.ctx(), r.inst, r.source())) // a running replica gets it anew
	st, err := os.Stat(pass)
	r.ok(err)
	if st.Mode() != 0o600 || (os.Geteuid() == 0) == (st.Sys().(*syscall.Stat_t).Uid == 0) {
		t.Errorf("the password file is %v of uid %d", st.Mode(), st.Sys().(*syscall.Stat_t).Uid)
	}
}

func TestAnEngineWithoutReplicasSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{lone: true}).running()
	r.refused(r.AllowReplicas(r.ctx(), r.inst, "x"), fault.NotBuilt, `"fake"`)
	r.inst.Primary = &provider.Primary{Address: "127.9.9.9", Port: 1}
	_, err := r.Apply(r.ctx(), r.inst)
	r.refused(err, fault.NotBuilt, `"fake"`)
	r.refused(r.Create(r.ctx(), r.inst, r.source()), fault.NotBuilt, `"fake"`)
	if !r.observe().Running { // what only looks or ends is not held up
		t.Error("the server is not seen")
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.refused(r.Power(r.ctx(), r.inst, true), fault.NotBuilt, `"fake"`)
}

func TestAllowReplicasAsksARunningServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.refused(r.AllowReplicas(r.ctx(), r.inst, replicaPassword), fault.InstanceNotFound, r.inst.ID)
	r.running()
	r.ok(r.AllowReplicas(r.ctx(), r.inst, replicaPassword))
	b, err := os.ReadFile(r.path("log", "engine.log"))
	r.ok(err)
	if !strings.Contains(string(b), "allowed "+provider.ReplicaUser) {
		t.Errorf("the server was not asked: %s", b)
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.refused(r.AllowReplicas(r.ctx(), r.inst, replicaPassword), fault.InvalidInstanceState, "start it")
}

func TestTwoEnginesOfOneServerProgram(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	second := r.eng
	second.Spec.Names = []string{"fake-clustered"}
	p, err := local.New(local.Options{Dir: r.dir, Engines: []engine.Engine{r.eng, second}})
	r.ok(err)
	r.Provider = p
	var offered []string
	for _, o := range r.Offers() {
		offered = append(offered, o.Engine+" "+o.Version)
	}
	if want := []string{"fake 15.1", "fake-clustered 15.1"}; !slices.Equal(offered, want) {
		t.Errorf("offers %q, want %q", offered, want)
	}
	r.running()
	first := r.inst
	t.Cleanup(func() { r.inst = first })
	r.inst.ID, r.inst.Engine, r.inst.Address = "db-SECOND2SECOND2SECOND2SECON", "fake-clustered", loopback(t)
	r.running()
	r.ok(r.Delete(r.ctx(), r.inst, ""))
	if o, err := r.Observe(r.ctx(), first); err != nil || !o.Running {
		t.Errorf("observed %+v, %v of the other engine's instance", o, err)
	}
	if list, _ := filepath.Glob(filepath.Join(r.dir, "db", "*")); len(list) != 1 {
		t.Errorf("directories are left: %v", list)
	}
}
