package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/backup"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

// state makes a state file with a value in it and returns its path.
func state(t *testing.T, value string) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta("k", []byte(value)) }); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// made is a backup of a running server's state.
func made(t *testing.T, master []byte) []byte {
	t.Helper()
	_, path := state(t, "value")
	out := filepath.Join(t.TempDir(), "b")
	if _, err := backup.Write(t.Context(), path, out, master, "v1", noon); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func anyKey(context.Context, string) error { return nil }

func TestABackupRestoresToTheSameState(t *testing.T) {
	t.Parallel()
	for sentence, master := range map[string][]byte{"without the master key": nil, "with the master key": []byte("key")} {
		c, err := backup.Read(bytes.NewReader(made(t, master)))
		if err != nil {
			t.Fatalf("%s: %v", sentence, err)
		}
		if string(c.Master) != string(master) || c.Manifest.Master != (master != nil) || !c.Manifest.Made.Equal(noon) || c.Manifest.Version != "v1" {
			t.Errorf("%s: %+v", sentence, c.Manifest)
		}
		data := filepath.Join(t.TempDir(), "new", "data")
		tried := ""
		err = backup.Restore(t.Context(), c, data, func(_ context.Context, path string) error { tried = path; return nil })
		if err != nil {
			t.Fatalf("%s: %v", sentence, err)
		}
		path := filepath.Join(data, "state.db")
		if v, err := store.PeekMeta(t.Context(), path, "k"); err != nil || string(v) != "value" {
			t.Errorf("%s: the restored state has %q, %v", sentence, v, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", sentence, info, err)
		}
		if tried == "" || tried == path {
			t.Errorf("%s: the master key was tried on %q", sentence, tried)
		}
		if left, _ := filepath.Glob(filepath.Join(data, ".restore*")); len(left) > 0 {
			t.Errorf("%s: left over are %v", sentence, left)
		}
	}
}

func TestABackupIsPrivateAndNothingElseIsLeft(t *testing.T) {
	t.Parallel()
	_, path := state(t, "value")
	dir := t.TempDir()
	if _, err := backup.Write(t.Context(), path, filepath.Join(dir, "b"), nil, "v1", noon); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "b" {
		t.Fatalf("%v, %v", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestABackupHasWhatIsStillInTheWriteAheadLog(t *testing.T) {
	t.Parallel()
	s, path := state(t, "old")
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta("k", []byte("newest")) }); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "b")
	if _, err := backup.Write(t.Context(), path, out, nil, "v1", noon); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(out)
	c, err := backup.Read(bytes.NewReader(b))
	if err != nil || !bytes.Contains(c.State, []byte("newest")) {
		t.Errorf("it is not in the backup: %v", err)
	}
}

func TestAnExistingFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	_, path := state(t, "value")
	out := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(out, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{out, dangling} {
		if _, err := backup.Write(t.Context(), path, o, nil, "v1", noon); fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%v", err)
		}
	}
	if b, _ := os.ReadFile(out); string(b) != "precious" {
		t.Errorf("it is %q now", b)
	}
}

func TestWithoutAStateThereIsNoBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := backup.Write(t.Context(), filepath.Join(dir, "state.db"), filepath.Join(dir, "b"), nil, "v1", noon)
	if fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("%v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left over are %v", files)
	}
}

func TestACutBackupIsRefused(t *testing.T) {
	t.Parallel()
	whole := made(t, []byte("key"))
	for n := 0; n < len(whole); n += 97 {
		if _, err := backup.Read(bytes.NewReader(whole[:n])); fault.CodeOf(err) != fault.InvalidParameter {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for _, less := range []int{1, 4, 8, 9} { // the checksum at the very end
		if _, err := backup.Read(bytes.NewReader(whole[:len(whole)-less])); err == nil {
			t.Errorf("without its last %d bytes it is whole", less)
		}
	}
}

func TestAnAlteredBackupIsRefused(t *testing.T) {
	t.Parallel()
	whole := made(t, nil)
	for n := 10; n < len(whole); n += 211 { // behind gzip's header, whose fields mean nothing
		altered := bytes.Clone(whole)
		altered[n] ^= 0x10
		if _, err := backup.Read(bytes.NewReader(altered)); err == nil {
			t.Fatalf("altered at byte %d of %d it is whole", n, len(whole))
		}
	}
}

func TestAFlippedBitInThePackedMasterKeyIsNoticed(t *testing.T) {
	t.Parallel()
	master := bytes.Repeat([]byte("K7"), 20)
	whole := made(t, master)
	z, err := gzip.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(plain, master, bytes.Replace(master, []byte("K7"), []byte("J7"), 1), 1)
	packed := gzipped(altered)
	copy(packed[len(packed)-8:], whole[len(whole)-8:]) // the checksum is of what it was
	if _, err := backup.Read(bytes.NewReader(packed)); err == nil {
		t.Error("it is whole")
	}
}

type file struct {
	name string
	text []byte
}

// packed is an archive that some other hand made.
func packed(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.text))})); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func manifest(t testing.TB, m backup.Manifest) file {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return file{"manifest.json", text}
}

const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestWhatIsNotABackupIsRefusedSayingWhy(t *testing.T) {
	t.Parallel()
	ok := backup.Manifest{Format: 1, State: emptyDigest}
	for sentence, c := range map[string]struct {
		raw  []byte
		says string
	}{
		"nothing":             {nil, "not a whole dbtls backup"},
		"text":                {[]byte("-----BEGIN CERTIFICATE-----"), "not a whole dbtls backup"},
		"gzip of no archive":  {gzipped([]byte("hello")), "not a whole dbtls backup"},
		"an empty archive":    {packed(t), "no manifest"},
		"no manifest":         {packed(t, file{"state.db", []byte("s")}), "no manifest"},
		"a manifest of noise": {packed(t, file{"manifest.json", []byte("{")}), "not a whole dbtls backup"},
		"another digest":      {packed(t, manifest(t, ok), file{"state.db", []byte("altered")}), "digest"},
		"a newer format":      {packed(t, manifest(t, backup.Manifest{Format: 2, State: emptyDigest})), "newer dbtls"},
		"no state":            {packed(t, manifest(t, ok)), "not a whole dbtls backup"},
		"a promised key missing": {packed(t, manifest(t, backup.Manifest{Format: 1, State: emptyDigest, Master: true}), file{"state.db", nil}),
			"not a whole dbtls backup"},
	} {
		_, err := backup.Read(bytes.NewReader(c.raw))
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: %v, want %q", sentence, err, c.says)
		}
	}
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{})
	f.Add(packed(f, manifest(f, backup.Manifest{Format: 1, State: emptyDigest}), file{"state.db", nil}))
	f.Add(packed(f, file{"manifest.json", []byte("{}")}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := backup.Read(bytes.NewReader(raw))
		if err == nil && c.Manifest.Format != 1 {
			t.Fatalf("taken with format %d", c.Manifest.Format)
		}
	})
}

func TestRestoreRefusesAndLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	good, err := backup.Read(bytes.NewReader(made(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	noState := good
	noState.State = []byte(strings.Repeat("no database ", 200))
	refuse := errors.New("wrong master key")
	for sentence, c := range map[string]struct {
		contents backup.Contents
		before   string // what state.db is before, "" for none
		try      func(context.Context, string) error
		want     string
	}{
		"there is a state":              {good, "precious", anyKey, "has a state already"},
		"the master key does not fit":   {good, "", func(context.Context, string) error { return refuse }, "wrong master key"},
		"it is no state at all":         {noState, "", anyKey, "state"},
		"it is of a newer dbtls's kind": {newer(t, good), "", anyKey, "newer dbtls"},
	} {
		data := t.TempDir()
		final := filepath.Join(data, "state.db")
		if c.before != "" {
			if err := os.WriteFile(final, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := backup.Restore(t.Context(), c.contents, data, c.try)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", sentence, err, c.want)
		}
		if b, _ := os.ReadFile(final); string(b) != c.before {
			t.Errorf("%s: state.db is %q now", sentence, b)
		}
		if left, _ := filepath.Glob(filepath.Join(data, ".restore*")); len(left) > 0 {
			t.Errorf("%s: left over are %v", sentence, left)
		}
		if err := os.Remove(final); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := backup.Restore(t.Context(), good, data, anyKey); err != nil {
			t.Errorf("%s: afterwards a good one is refused: %v", sentence, err)
		}
	}
}

// newer is a backup whose state has a schema from the future.
func newer(t *testing.T, c backup.Contents) backup.Contents {
	t.Helper()
	state := bytes.Clone(c.State)
	copy(state[60:64], []byte{0, 0, 4, 0}) // the user version of SQLite's header
	c.State = state
	return c
}

func TestALogOfAnotherStateIsNotReplayed(t *testing.T) {
	t.Parallel()
	c, err := backup.Read(bytes.NewReader(made(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s, path := state(t, "foreign")
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "state.db-wal"), wal, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := backup.Restore(t.Context(), c, data, anyKey); err != nil {
		t.Fatal(err)
	}
	if v, err := store.PeekMeta(t.Context(), filepath.Join(data, "state.db"), "k"); err != nil || string(v) != "value" {
		t.Errorf("the restored state has %q, %v", v, err)
	}
}

func TestTwoRestoresAtATimeAreRefused(t *testing.T) {
	t.Parallel()
	c, err := backup.Read(bytes.NewReader(made(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	err = backup.Restore(t.Context(), c, data, func(ctx context.Context, _ string) error {
		if err := backup.Restore(ctx, c, data, anyKey); err == nil {
			t.Error("a second one began beside the first")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestABackupHasWhatIsKnownOfClients(t *testing.T) {
	t.Parallel()
	_, path := state(t, "value")
	known := filepath.Join(filepath.Dir(path), "evidence.db")
	e, err := store.OpenEvidence(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Add(t.Context(), store.EvidenceBatch{Database: "db-1", Marks: map[string][]byte{"log": []byte("here")}}); err != nil {
		t.Fatal(err)
	}
	back := func(t *testing.T, data string) string {
		out := filepath.Join(t.TempDir(), "b")
		if _, err := backup.Write(t.Context(), path, out, nil, "v1", noon); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		c, err := backup.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := backup.Restore(t.Context(), c, data, anyKey); err != nil {
			t.Fatal(err)
		}
		restored, err := store.OpenEvidence(t.Context(), filepath.Join(data, "evidence.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer restored.Close()
		mark, err := restored.Mark(t.Context(), "db-1", "log")
		if err != nil {
			t.Fatal(err)
		}
		return string(mark)
	}
	if got := back(t, t.TempDir()); got != "here" {
		t.Errorf("restored is %q", got)
	}
	newer := t.TempDir()
	n, err := store.OpenEvidence(t.Context(), filepath.Join(newer, "evidence.db"))
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	if got := back(t, newer); got != "" {
		t.Errorf("what was there is replaced by %q", got)
	}
}

func TestEvidenceThatCannotBeReadKeepsNoBackupFromBeingMade(t *testing.T) {
	t.Parallel()
	_, path := state(t, "value")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "evidence.db"), bytes.Repeat([]byte("no database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "b")
	m, err := backup.Write(t.Context(), path, out, nil, "v1", noon)
	if err != nil || m.Evidence != "" || !strings.Contains(m.Lacks, "clients") {
		t.Fatalf("%+v, %v", m, err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := backup.Read(bytes.NewReader(b)); err != nil || c.Evidence != nil || len(c.State) == 0 {
		t.Errorf("%v", err)
	}
}
