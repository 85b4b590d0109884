package rotation_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestBackup makes a backup while serving, loses the state, and gets it back:
// beside the databases that run on, and on a machine that has nothing.
func TestBackup(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	var all []*db
	for _, e := range harness.Engines(t) {
		all = append(all, create(t, s, st, "saved-"+e, e))
	}
	file := filepath.Join(t.TempDir(), "dbtls.backup")
	all[0].must(t, "backup", "--out", file)
	for name, broken := range spoiled(t, file) {
		refused(t, name, s.Dir+"/master.key", broken, "not a whole dbtls backup")
	}
	refused(t, "another master key", writeTemp(t, strings.Repeat("QUJD", 10)+"QUI="), file, "master key")
	before := saved{thumbs: thumbprints(t, s), root: s.Root(t, caRSA2), key: writeTemp(t, read(t, s.Dir+"/master.key"))}
	restoredBesideRunning(t, s, all, file, before)
	s.Kill(t)
	for _, d := range all {
		d.kill(t)
		eventually(t, 10*time.Second, "the engine is gone", func() bool { return len(harness.Processes(d.home)) == 0 })
	}
	restoredAlone(t, all, file, before)
}

// saved is what must be the same afterwards.
type saved struct {
	thumbs map[string]string
	root   string // file
	key    string // file with the master key
}

func restoredBesideRunning(t *testing.T, s *harness.Server, all []*db, file string, before saved) {
	s.Move(t, all[0].Name, caECC) // the backup does not know this one
	unknown := mustServe(t, all[0].Instance)[0]
	pids := map[*db]int{}
	for _, d := range all {
		pids[d] = d.pid()
	}
	s.Kill(t)
	for _, d := range all {
		d.state.db.Close()
	}
	for _, f := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		if err := os.Remove(filepath.Join(s.Dir, f)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if out, code := restore(t, s.Dir, file, ""); code != 0 {
		t.Fatalf("restore beside running engines: exit code %d: %s", code, out)
	}
	s.Restart(t)
	st := openState(t, s.Dir)
	sameThumbprints(t, before.thumbs, thumbprints(t, s))
	for _, d := range all {
		d.state = st
		eventually(t, 10*time.Second, d.Name+" agrees with the restored state", func() bool {
			r := d.row(t)
			return r.Rotation == nil && sameSerial(mustServe(t, d.Instance)[0], r.Serial)
		})
		if now := d.pid(); now != pids[d] || now == 0 {
			t.Errorf("%s: the engine's process was %d and is %d: not adopted", d.Name, pids[d], now)
		}
	}
	// One that is of our own CAs is put on record: replacing it by one of the
	// CA on record would cut off clients that know only the newer.
	chain := mustServe(t, all[0].Instance)
	if !chain[0].Equal(unknown) || all[0].row(t).CA != caECC {
		t.Errorf("the leaf that the backup does not know (%x) was replaced by %x of %s", unknown.SerialNumber, chain[0].SerialNumber, all[0].row(t).CA)
	}
	for _, root := range []string{before.root, s.Root(t, caECC)} {
		if err := verifies(chain, root, all[0].Address); err != nil {
			t.Errorf("after the restore, with %q alone: %v", readCert(t, root).Subject.CommonName, err)
		}
	}
	if !all[0].told(t, "is on record now") {
		t.Error("no event says that the leaf was taken over")
	}
	for _, d := range all {
		back := caECC
		if d == all[0] {
			back = caRSA2
		}
		s.Move(t, d.Name, back)
		d.agrees(t, "moved after the restore", back, before.root, s.Root(t, caECC))
	}
}

func restoredAlone(t *testing.T, all []*db, file string, before saved) {
	dir := harness.Data(t)
	if out, code := restore(t, dir, file, before.key); code != 0 {
		t.Fatalf("restore on an empty machine: exit code %d: %s", code, out)
	}
	s := harness.Start(t, dir, "--master-key-file", before.key)
	sameThumbprints(t, before.thumbs, thumbprints(t, s))
	st := openState(t, dir)
	d := create(t, s, st, "fresh", harness.Engines(t)[0])
	if err := verifies(mustServe(t, d.Instance), before.root, d.Address); err != nil {
		t.Errorf("a new instance, with the old root: %v", err)
	}
	if err := cli(t, d.Instance, before.root); err != nil {
		t.Errorf("a new instance, the engine's client with the old root: %v", err)
	}
	for _, lost := range all {
		l := &db{Instance: lost.Instance, srv: s, state: st, resource: lost.resource, home: home(dir, lost.resource)}
		eventually(t, 10*time.Second, l.Name+" reported as failed", func() bool { return aws.ToString(l.describe(t).DBInstanceStatus) == "failed" })
		if !l.told(t, "could not be started") {
			t.Errorf("%s: no event says that it could not be started", l.Name)
		}
		if _, err := os.Stat(filepath.Join(l.home, "data")); err == nil {
			t.Errorf("%s: a database was made where one was lost", l.Name)
		}
	}
}

// restore runs dbtls restore.
func restore(t *testing.T, dir, file, key string) (out string, code int) {
	t.Helper()
	args := []string{"restore", "--data", dir, "--in", file}
	if key != "" {
		args = append(args, "--master-key-file", key)
	}
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), args...)
	b, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// refused: a restore that cannot be right leaves nothing behind.
func refused(t *testing.T, what, key, file, words string) {
	t.Helper()
	dir := t.TempDir()
	out, code := restore(t, dir, file, key)
	if code == 0 || !strings.Contains(out, words) {
		t.Errorf("restore with %s: exit code %d: %q, want a refusal that says %q", what, code, out, words)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if f.Name() != "lock" {
			t.Errorf("restore with %s left %q behind", what, f.Name())
		}
	}
}

// spoiled are copies of a backup that are not whole.
func spoiled(t *testing.T, file string) map[string]string {
	whole := []byte(read(t, file))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0x10
	return map[string]string{
		"a truncated backup":  writeTemp(t, string(whole[:len(whole)/2])),
		"a truncated end":     writeTemp(t, string(whole[:len(whole)-9])),
		"a flipped bit":       writeTemp(t, string(flipped)),
		"a file of nothing":   writeTemp(t, ""),
		"a file of something": writeTemp(t, "-- PostgreSQL database dump"),
	}
}

func writeTemp(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, text)
	return file
}

// thumbprints are those of DescribeCertificates by CA.
func thumbprints(t *testing.T, s *harness.Server) map[string]string {
	t.Helper()
	out, err := s.RDS(t, "").DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, c := range out.Certificates {
		all[aws.ToString(c.CertificateIdentifier)] = aws.ToString(c.Thumbprint)
	}
	return all
}

func sameThumbprints(t *testing.T, before, after map[string]string) {
	t.Helper()
	if len(after) != 4 {
		t.Errorf("there are %d CAs, want 4", len(after))
	}
	for ca, thumb := range before {
		if after[ca] != thumb {
			t.Errorf("the root of %s was %s and is %s", ca, thumb, after[ca])
		}
	}
}
