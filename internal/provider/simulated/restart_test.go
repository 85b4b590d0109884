package simulated_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

func TestARestartOfTheProcessChangesNothingButTheSessions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	off := r.another()
	r.ok(r.Create(r.ctx(), off, provider.Source{}))
	before, leaf := r.observe(), r.served()
	r.unwritten("a restart", r.restart)
	after := r.observe()
	if after.PID != before.PID || !after.StartedAt.Equal(before.StartedAt) || !after.Running || after.Active != before.Active {
		t.Errorf("after %+v\nbefore %+v", after, before)
	}
	if !bytes.Equal(r.served(), leaf) {
		t.Error("another certificate is on the wire")
	}
	if o, err := r.Observe(r.ctx(), off); err != nil || !o.Exists || o.Running {
		t.Errorf("the one that was off: %+v, %v", o, err)
	}
}

func TestAnInstanceThatCannotListenAfterARestartIsDownAndStartsLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	pid := r.observe().PID
	r.Close()
	l, err := net.Listen("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)))
	r.ok(err)
	r.restart()
	if r.observe().Running || !r.log.has(r.inst.ID) {
		t.Fatal("it runs, or nobody was told")
	}
	r.ok(r.Watch(r.ctx(), r.inst))
	r.rotate(r.inst, "g2", pki.ECC256) // reads it when it starts, whenever that is
	r.ok(l.Close())
	r.restart()
	r.wantServed("g2")
	if r.observe().PID != pid {
		t.Error("the process id changed without a start")
	}
}

func TestAnInterruptedWriteLeavesTheOldInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	// What hostfs leaves when the machine stops before the rename.
	half := filepath.Join(filepath.Dir(r.file()), ".new-"+r.inst.ID+".json-ABC")
	whole := read(t, r.file())
	r.ok(os.WriteFile(half, whole[:len(whole)/2], 0o600))
	stranger := filepath.Join(filepath.Dir(r.file()), "notes.json")
	r.ok(errors.Join(os.WriteFile(stranger, []byte("mine"), 0o600), os.WriteFile(filepath.Join(r.dir, "simulated", "notes"), nil, 0o600)))
	r.restart()
	r.wantServed("g1")
	if _, err := os.Stat(half); err == nil {
		t.Error("the half-written file, which may hold a key, is still there")
	}
	if string(read(t, stranger)) != "mine" || r.log.has("notes") {
		t.Error("a file that is not ours was touched or taken for an instance")
	}
}

// TestACrashBetweenAnyTwoStepsIsGoneOnFrom ends the process after every write
// of a rotation, does the step before again, and goes on.
func TestACrashBetweenAnyTwoStepsIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	var chain [][]byte
	steps := []func(){
		func() { chain = r.issue(r.inst, "g2", pki.ECC256) },
		func() { r.ok(r.Stage(r.ctx(), r.inst, "g2", chain, r.expect(r.inst))) },
		func() { _, err := r.Activate(r.ctx(), r.inst, "g2"); r.ok(err) },
		func() { r.ok(r.Collect(r.ctx(), r.inst, []string{"g2"})) },
	}
	for n, step := range steps {
		step()
		served := r.served()
		r.restart()
		if !bytes.Equal(r.served(), served) {
			t.Errorf("step %d: the restart changed the certificate", n)
		}
		if n < 2 { // a chain that is in use is not issued again
			step()
		}
	}
	r.wantServed("g2")
}

func TestADamagedFileIsNotTouchedAndHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":                    "",
		"half":                     `{"id":`,
		"of another instance":      `{"id":"db-X","engine":"fake"}`,
		"on without a certificate": `{"id":"ID","engine":"fake","on":true}`,
		"active and not there":     `{"id":"ID","engine":"fake","active":"g1"}`,
		"a master without a hash":  `{"id":"ID","engine":"fake","master":{"user":"u"}}`,
		"too long":                 string(make([]byte, 2<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start()
			healthy := r.inst
			r.inst = r.another()
			r.start()
			text := bytes.ReplaceAll([]byte(text), []byte("ID"), []byte(r.inst.ID))
			r.ok(os.WriteFile(r.file(), text, 0o600))
			r.restart()
			_, err := r.Observe(r.ctx(), r.inst)
			r.refused(err, fault.InvalidInstanceState, r.file(), "restore it")
			for _, err := range []error{
				r.Create(r.ctx(), r.inst, provider.Source{}), r.Power(r.ctx(), r.inst, true), r.Delete(r.ctx(), r.inst, ""),
				second(r.CSR(r.ctx(), r.inst, "g2", pki.ECC256)),
			} {
				r.refused(err, fault.InvalidInstanceState, r.file())
			}
			if !bytes.Equal(read(t, r.file()), text) {
				t.Error("the file was touched")
			}
			r.inst = healthy
			r.wantServed("g1")
		})
	}
}

func TestTheFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	for path, want := range map[string]os.FileMode{
		r.file(): 0o600, filepath.Dir(r.file()): 0o700, filepath.Join(r.dir, "simulated"): 0o700,
	} {
		st, err := os.Stat(path)
		r.ok(err)
		if st.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, st.Mode().Perm(), want)
		}
	}
}

func TestWithoutRoomNothingChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	// A directory in the file's place cannot be replaced by a file.
	file, text := r.file(), read(t, r.file())
	r.ok(errors.Join(os.Remove(file), os.MkdirAll(filepath.Join(file, "x"), 0o700)))
	chain := [][]byte{r.certs.Issuers[caID].Cert.Raw}
	if _, err := r.CSR(r.ctx(), r.inst, "g2", pki.ECC256); err == nil {
		t.Error("a request for a key that was not kept")
	}
	r.refused(r.Stage(r.ctx(), r.inst, "g2", chain, r.expect(r.inst)), fault.InvalidInstanceState, "has no key")
	r.wantServed("g1")
	r.ok(errors.Join(os.RemoveAll(file), os.WriteFile(file, text, 0o600)))
	r.rotate(r.inst, "g2", pki.ECC256)
	r.wantServed("g2")
}
