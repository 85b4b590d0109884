package local_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/local"
)

func TestCreateTouchesNoDirectoryThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"files without a marker":          {"data/VERSION": "15"},
		"a marker of another id":          {"instance.json": `{"id":"db-OTHER","engine":"fake"}`},
		"a marker of another engine":      {"instance.json": `{"id":"ID","engine":"other"}`},
		"a marker that cannot be read":    {"instance.json": `{"id":`},
		"an empty marker":                 {"instance.json": ``},
		"data of another major":           {"instance.json": `{"id":"ID","engine":"fake"}`, "data/VERSION": "14"},
		"a data directory without a mark": {"instance.json": `{"id":"ID","engine":"fake"}`, "data/precious": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			for path, text := range files {
				r.ok(os.MkdirAll(filepath.Dir(r.path(path)), 0o700))
				r.ok(os.WriteFile(r.path(path), []byte(strings.ReplaceAll(text, "ID", r.inst.ID)), 0o600))
			}
			before := tree(t, r.root())
			r.refused(r.Create(r.ctx(), r.inst, provider.Source{}), fault.InvalidInstanceState, r.root())
			if after := tree(t, r.root()); after != before {
				t.Errorf("the directory was touched:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

func TestCreateGoesOnWhereACrashLeftIt(t *testing.T) {
	t.Parallel()
	for name, crash := range map[string]func(r *rig) error{
		"before the directory got its name": func(r *rig) error {
			return os.MkdirAll(filepath.Join(r.dir, "db", ".new-"+filepath.Base(r.root()), "half"), 0o700)
		},
		"with an empty directory": func(r *rig) error { return os.Mkdir(r.root(), 0o700) },
		"while the data was made": func(r *rig) error {
			return errors.Join(r.Create(r.ctx(), r.inst, provider.Source{}), os.Rename(r.path("data"), r.path("data.new")),
				os.WriteFile(r.path("data.new", "half"), nil, 0o600))
		},
		"before the configuration": func(r *rig) error {
			return errors.Join(r.Create(r.ctx(), r.inst, provider.Source{}), os.RemoveAll(r.path("conf")), os.Remove(r.path("files.json")))
		},
		"between the ledger and a file": func(r *rig) error {
			return errors.Join(r.Create(r.ctx(), r.inst, provider.Source{}), os.Remove(r.path("conf", "fake.json")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.ok(crash(r))
			r.running()
			r.wantServed("g1")
			if o := r.observe(); len(o.Drift) != 0 {
				t.Errorf("drift: %v", o.Drift)
			}
			if _, err := os.Stat(r.path("data", "half")); err == nil {
				t.Error("the half-made data directory was used")
			}
		})
	}
}

func TestCreateSaysWhyTheEnginesCommandFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{version: []string{"0.0"}})
	r.inst.Version = "0.0"
	if err := r.Create(r.ctx(), r.inst, provider.Source{}); err == nil || !strings.Contains(err.Error(), "refusing on purpose") {
		t.Fatalf("error %v, want the command's output", err)
	}
	if r.observe().Exists {
		t.Error("a failed creation left a data directory")
	}
	r.inst.Version = "99.9"
	r.refused(r.Create(r.ctx(), r.inst, provider.Source{}), fault.InvalidParameter, "99.9", "15.1")
}

func TestStageNamesTheCheckThatFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(r *rig, chain *[][]byte, want *provider.Expect)
		says  string
	}{
		"a certificate of another key": {func(r *rig, chain *[][]byte, _ *provider.Expect) {
			*chain, _ = r.chain("other")
		}, "pair check"},
		"a root that signed nothing here": {func(r *rig, _ *[][]byte, want *provider.Expect) {
			want.Roots = append(want.Roots, r.certs.Roots["rds-ca-ecc384-g1"].Cert.Raw)
		}, "chain check"},
		"a missing intermediate": {func(_ *rig, chain *[][]byte, _ *provider.Expect) {
			*chain = (*chain)[:1]
		}, "chain check"},
		"a name that is not in the SAN": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Names = append(want.Names, "other.example")
		}, "other.example"},
		"no name at all":  {func(_ *rig, _ *[][]byte, want *provider.Expect) { want.Names = nil }, "name check"},
		"an expired leaf": {func(_ *rig, _ *[][]byte, want *provider.Expect) { want.Now = want.Now.Add(48 * time.Hour) }, "chain check"},
		"a time before the leaf": {func(_ *rig, _ *[][]byte, want *provider.Expect) {
			want.Now = want.Now.Add(-48 * time.Hour)
		}, "chain check"},
		"a key everyone can read": {func(r *rig, _ *[][]byte, _ *provider.Expect) {
			r.ok(os.Chmod(r.path("tls", "g1", "server.key"), 0o644))
		}, "mode check"},
		"a key of another owner": {func(r *rig, _ *[][]byte, _ *provider.Expect) {
			if os.Geteuid() != 0 {
				r.Skip("SKIPPED: only root can give a file away")
			}
			r.ok(os.Chown(r.path("tls", "g1", "server.key"), 54321, -1))
		}, "owner check"},
		"a damaged key": {func(r *rig, _ *[][]byte, _ *provider.Expect) {
			r.ok(os.Truncate(r.path("tls", "g1", "server.key"), 60))
		}, "server.key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
			chain, want := r.chain("g1")
			c.spoil(r, &chain, &want)
			r.refused(r.Stage(r.ctx(), r.inst, "g1", chain, want), fault.InvalidInstanceState, c.says)
			_, err := r.Activate(r.ctx(), r.inst, "g1")
			if fault.CodeOf(err) != fault.InvalidInstanceState {
				t.Errorf("what was refused can be activated: %v", err)
			}
		})
	}
}

func TestAKeyIsKeptUntilAnotherSpecIsAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	read := func() string {
		b, err := os.ReadFile(r.path("tls", "g1", "server.key"))
		r.ok(err)
		return string(b)
	}
	r.stage("g1")
	first := read()
	r.chain("g1")
	if read() != first {
		t.Error("a second request made another key")
	}
	_, err := r.CSR(r.ctx(), r.inst, "g1", pki.ECC384)
	r.ok(err)
	if read() == first {
		t.Error("the key is not of the new spec")
	}
	if _, err := os.Stat(r.path("tls", "g1", "server.crt")); err == nil {
		t.Error("the certificate of the old key is still there")
	}
	r.stage("g2")
	r.ok(r.activate("g2", engine.EffectNone))
	_, err = r.CSR(r.ctx(), r.inst, "g2", pki.ECC384)
	r.refused(err, fault.InvalidInstanceState, "in use")
	chain, want := r.chain("g2")
	r.refused(r.Stage(r.ctx(), r.inst, "g2", chain, want), fault.InvalidInstanceState, "in use")
}

func TestFilesAreTheCurrentUsersAndNotTheEngines(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: without root there is one user only")
	}
	out, err := exec.Command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh", "-c",
		`find "$0" ! -path "$0/data*" ! -path "$0/run*" -writable ! -type l`, r.root()).CombinedOutput()
	r.ok(err)
	if got := strings.TrimSpace(string(out)); got != r.path("log", "engine.log") {
		t.Errorf("the engine's user can write %q", got)
	}
}

func TestDriftIsReportedAndNotOverwritten(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	bind := r.path("conf", "pair.json")
	mine, err := os.ReadFile(bind)
	r.ok(err)
	theirs := append(mine, ' ')
	r.ok(os.WriteFile(bind, theirs, 0o640))
	if o := r.observe(); len(o.Drift) != 1 || !strings.Contains(o.Drift[0], bind) || o.Active != "" {
		t.Fatalf("observed %+v", o)
	}
	r.stage("g2")
	_, err = r.Activate(r.ctx(), r.inst, "g2")
	r.refused(err, fault.InvalidInstanceState, bind)
	r.refused(r.Collect(r.ctx(), r.inst, nil), fault.InvalidInstanceState, bind)
	if now, _ := os.ReadFile(bind); string(now) != string(theirs) {
		t.Fatal("the changed file was overwritten")
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true)) // a hand-made binding is respected
	r.ok(os.Remove(bind))
	if o := r.observe(); len(o.Drift) != 1 {
		t.Errorf("a removed file is no drift: %+v", o)
	}
	r.ok(r.activate("g2", engine.EffectReload))
	r.wantServed("g2")
	if o := r.observe(); len(o.Drift) != 0 || o.Active != "g2" {
		t.Errorf("observed %+v", o)
	}
	r.ok(os.Chmod(r.path("tls", "g2", "server.key"), 0o604))
	if o := r.observe(); len(o.Drift) != 1 || !strings.Contains(o.Drift[0], "mode") {
		t.Errorf("a readable key is no drift: %+v", o)
	}
}

func TestAStaticFileIsRewrittenOnlyWhenItIsDbtlsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.inst.Address = loopback(t) // its own file is brought up to date
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.ok(r.CheckPort(r.inst.Address, r.inst.Port+1))
	r.refused(r.CheckPort(r.inst.Address, r.inst.Port), fault.InvalidParameter, strconv.Itoa(r.inst.Port))
	conf := r.path("conf", "fake.json")
	b, err := os.ReadFile(conf)
	r.ok(err)
	r.ok(os.WriteFile(conf, append(b, '\n'), 0o640))
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	if now, _ := os.ReadFile(conf); string(now) != string(b)+"\n" {
		t.Error("the changed file was overwritten")
	}
}

func TestPowerSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InstanceNotFound, r.inst.ID)
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidInstanceState, "no certificate")
	r.stage("g1")
	r.ok(r.activate("g1", engine.EffectNone))
	l, err := net.Listen("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)))
	r.ok(err)
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidParameter, strconv.Itoa(r.inst.Port))
	r.ok(l.Close())
	r.ok(os.Chmod(r.path("tls", "g1", "server.key"), 0o666))
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidInstanceState, "server.key", "chmod")
	r.ok(os.Remove(r.path("tls", "g1", "server.key")))
	r.refused(r.Power(r.ctx(), r.inst, true), fault.InvalidInstanceState, "server.key")
	if o := r.observe(); o.Running {
		t.Errorf("observed %+v", o)
	}
}

func TestAServerThatEndsAtOnceIsReportedWithItsWords(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{fakeConf: fakeConf{Refuse: true}})
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.stage("g1")
	r.ok(r.activate("g1", engine.EffectNone))
	err := r.Power(r.ctx(), r.inst, true)
	r.refused(err, fault.InvalidInstanceState, r.path("log", "engine.log"))
	if !strings.Contains(err.Error(), "refusing to start on purpose") {
		t.Errorf("%v does not hold the log's end", err)
	}
}

func TestActivateOnAnEngineThatCannotReloadSaysRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{cold: true}).running()
	r.stage("g2")
	r.ok(r.activate("g2", engine.EffectRestart))
	r.wantServed("g1")
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantServed("g2")
}

func TestActivateNamesASettingThatOutranksIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{fakeConf: fakeConf{Outrank: "/elsewhere"}})
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.stage("g1")
	r.ok(r.activate("g1", engine.EffectNone))
	r.ok(r.Power(r.ctx(), r.inst, true))
	_, err := r.Activate(r.ctx(), r.inst, "g1")
	r.refused(err, fault.InvalidInstanceState, "/elsewhere/server.crt", r.path("tls", "g1", "server.crt"))
}

func TestNewNamesADirectoryTheEnginesUserCannotReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: without root the servers run as the current user")
	}
	dir := openDir(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := local.New(local.Options{Dir: dir, Engines: []engine.Engine{(&fakeEngine{}).engine()}})
	(&rig{T: t}).refused(err, fault.InvalidParameter, `"nobody"`, dir, "chmod o+x")
}

func TestAnEngineWithoutItsUserIsNotOffered(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: without root the servers run as the current user")
	}
	r := newRig(t, &fakeEngine{user: "no-such-user-here"})
	if o := r.Offers(); len(o) != 0 {
		t.Errorf("offers %v", o)
	}
	r.refused(r.Create(r.ctx(), r.inst, provider.Source{}), fault.InvalidParameter, `"no-such-user-here"`)
}

func TestADataDirectoryTooLongForSocketsIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	dir := filepath.Join(r.dir, strings.Repeat("x", 80))
	_, err := local.New(local.Options{Dir: dir})
	r.refused(err, fault.InvalidParameter, dir, "107", "--data")
}

func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{link: true})
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	for _, gen := range []string{"", ".", "..", "../x", "a/b", "current", "-x", strings.Repeat("x", 65)} {
		_, err := r.CSR(r.ctx(), r.inst, gen, pki.ECC256)
		r.refused(err, fault.InvalidParameter)
	}
	for _, name := range []string{".", "..", "a/b", ".x"} {
		_, err := r.HasSnapshot(name)
		r.refused(err, fault.InvalidParameter)
		r.refused(r.Delete(r.ctx(), r.inst, name), fault.InvalidParameter)
	}
	i := r.inst
	for _, id := range []string{"", "db-", "..", "../../etc"} {
		i.ID = id
		r.refused(r.Create(r.ctx(), i, provider.Source{}), fault.InvalidParameter)
	}
}
