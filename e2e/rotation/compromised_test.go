package rotation_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestKeyCompromised: a new key at once, no path back to before, nobody left
// on a session that began under the old key, and no copy of that key.
func TestKeyCompromised(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "leaked-"+e, e)
		t.Run(e, d.testCompromised)
	}
}

func (d *db) testCompromised(t *testing.T) {
	d.srv.Move(t, d.Name, caECC) // an overlap with the default CA begins
	old := mustServe(t, d.Instance)
	oldKey, err := os.ReadFile(filepath.Join(d.home, "tls", generations(t, d.home)[0], "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	held, err := connect(t.Context(), d.Instance, pool(t, d.srv.Root(t, caECC)))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()

	_, stderr, code := d.srv.CLI(t, "rotate", d.Name, "--reason", "key-compromised")
	if code == 0 || !strings.Contains(stderr, "--drop-cover") || !strings.Contains(stderr, caRSA2) {
		t.Fatalf("inside an overlap, without consent: exit code %d: %q, want a refusal that names --drop-cover and %s", code, stderr, caRSA2)
	}
	if now := mustServe(t, d.Instance)[0]; !now.Equal(old[0]) {
		t.Fatal("what was refused was done all the same")
	}
	d.must(t, "rotate", d.Name, "--reason", "key-compromised", "--drop-cover")

	now := mustServe(t, d.Instance)
	if bytes.Equal(now[0].RawSubjectPublicKeyInfo, old[0].RawSubjectPublicKeyInfo) {
		t.Error("the new certificate has the compromised key")
	}
	d.noBridge(t, now, caECC, caRSA2)
	if id, err := held.ID(t.Context()); err == nil {
		t.Errorf("session %d, begun under the compromised key, is still open", id)
	}
	d.agrees(t, "after the replacement", caECC, d.srv.Root(t, caECC))
	noCopy(t, d.srv.Dir, oldKey)
	if !d.told(t, "compromised", "no CRL") {
		t.Error("no event says that the old certificate cannot be revoked")
	}
}

// noBridge: leaf and issuing CA only, which one root verifies and another does
// not.
func (d *db) noBridge(t *testing.T, chain []*x509.Certificate, ca, not string) {
	t.Helper()
	if len(chain) != 2 {
		t.Errorf("%d certificates are served, want leaf and issuing CA", len(chain))
	}
	if err := verifies(chain, d.srv.Root(t, ca), d.Address); err != nil {
		t.Errorf("verify-full with %s alone: %v", ca, err)
	}
	if err := cli(t, d.Instance, d.srv.Root(t, ca)); err != nil {
		t.Errorf("the engine's client with %s alone: %v", ca, err)
	}
	if err := verifies(chain, d.srv.Root(t, not), d.Address); err == nil {
		t.Errorf("verify-full with %s alone still passes", not)
	}
	if err := cli(t, d.Instance, d.srv.Root(t, not)); err == nil {
		t.Errorf("the engine's client still passes with %s alone", not)
	}
}

// noCopy looks through every small file for the bytes of a key.
func noCopy(t *testing.T, dir string, key []byte) {
	t.Helper()
	middle := bytes.Split(key, []byte("\n"))[2] // a line of base64 in the key's middle
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // an engine's file that was just removed
		}
		if info, err := e.Info(); err != nil || info.Size() > 1<<20 {
			return nil //nolint:nilerr // the same
		}
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, middle) {
			t.Errorf("%q still holds the compromised key", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
