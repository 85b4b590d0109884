package storefile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

func set(content string) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return []byte(content), nil }
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// only fails the test when dir holds other names than want.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range list {
		have = append(have, e.Name())
	}
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("%s holds %v, want %v", dir, have, want)
	}
}

func TestUpdateKeepsModeLinkAndBackup(t *testing.T) {
	t.Parallel()
	dir, links := t.TempDir(), t.TempDir()
	path, link := filepath.Join(dir, "cacerts"), filepath.Join(links, "cacerts")
	if changed, err := storefile.Update(t.Context(), path, storefile.Options{Mode: 0o644}, set("old")); err != nil || !changed {
		t.Fatalf("changed %v, %v", changed, err)
	}
	if err := errors.Join(os.Chmod(path, 0o640), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	o := storefile.Options{Mode: 0o600, Backup: ".bak"}
	if changed, err := storefile.Update(t.Context(), link, o, set("new")); err != nil || !changed {
		t.Fatalf("changed %v, %v", changed, err)
	}
	st, err := os.Lstat(link)
	if err != nil || st.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is now %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o640 || read(t, path) != "new" || read(t, path+".bak") != "old" {
		t.Errorf("content %q, mode %v, backup %q", read(t, path), st.Mode(), read(t, path+".bak"))
	}
	if changed, err := storefile.Update(t.Context(), path, o, set("new")); err != nil || changed {
		t.Errorf("the same content: changed %v, %v", changed, err)
	}
	if _, err := storefile.Update(t.Context(), path, o, set("newer")); fault.CodeOf(err) != fault.InvalidParameter || read(t, path) != "new" || read(t, path+".bak") != "old" {
		t.Errorf("a second backup of one name: %v", err)
	}
	only(t, dir, "cacerts", "cacerts.bak")
}

func TestAnErrorLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if _, err := storefile.Update(t.Context(), path, storefile.Options{Mode: 0o644}, set("old")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	_, err := storefile.Update(t.Context(), path, storefile.Options{}, func(old []byte) ([]byte, error) { return []byte("half"), boom })
	if !errors.Is(err, boom) || read(t, path) != "old" {
		t.Errorf("%v, content %q", err, read(t, path))
	}
	only(t, filepath.Dir(path), "f")
}

func TestTwoWritersBothCount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := storefile.Update(t.Context(), path, storefile.Options{Mode: 0o644}, func(old []byte) ([]byte, error) {
				return fmt.Appendf(old, "%02d ", i), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := strings.Fields(read(t, path)); len(got) != 20 {
		t.Errorf("%d of 20 writers' words are there", len(got))
	}
	only(t, filepath.Dir(path), "f")
}

func TestAWriterThatDoesNotLetGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = storefile.Update(ctx, filepath.Join(dir, "f"), storefile.Options{}, set("x"))
	if fault.CodeOf(err) != fault.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	only(t, dir)
}

// tmpfs mounts a small file system of its own, or skips the test.
func tmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", dir).Run(); err != nil {
		t.Skipf("SKIPPED: cannot mount a file system here (%v); run as root", err)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	return dir
}

func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t)
	path := filepath.Join(dir, "f")
	if _, err := storefile.Update(t.Context(), path, storefile.Options{Mode: 0o644}, set("old")); err != nil {
		t.Fatal(err)
	}
	_, err := storefile.Update(t.Context(), path, storefile.Options{}, set(strings.Repeat("x", 1<<20)))
	if fault.CodeOf(err) != fault.StorageShort || read(t, path) != "old" {
		t.Errorf("%v, content %q", err, read(t, path))
	}
	only(t, dir, "f")
}

func TestAReadOnlyDirectoryLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t)
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, err := storefile.Update(t.Context(), path, storefile.Options{}, set("new"))
	if fault.CodeOf(err) != fault.AccessDenied || !strings.Contains(fault.Public(err), "read-only") || read(t, path) != "old" {
		t.Errorf("%v, content %q", err, read(t, path))
	}
}

func TestReadFileRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, fifo, filepath.Join(dir, "absent"), "/dev/zero"} {
		if _, err := storefile.ReadFile(path); fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCacertsOfOldAndNewJava(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"lib/security", "jre/lib/security"} {
		home := t.TempDir()
		want := filepath.Join(home, dir, "cacerts")
		if err := errors.Join(os.MkdirAll(filepath.Dir(want), 0o755), os.WriteFile(want, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		if got, err := storefile.Cacerts(home); err != nil || got != want {
			t.Errorf("found %q, %v; want %q", got, err, want)
		}
	}
	if _, err := storefile.Cacerts(t.TempDir()); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("no Java: %v", err)
	}
}

func TestTheSystemTakesACertificateAndLetsItGo(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("update-ca-certificates"); err != nil {
		t.Skip("SKIPPED: update-ca-certificates is not installed")
	}
	root := t.TempDir()
	for _, dir := range []string{"usr/local/share/ca-certificates", "usr/share/ca-certificates", "etc/ssl/certs", "etc/ca-certificates/update.d"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/ca-certificates.conf"), []byte("# none\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	sys, err := storefile.FindSystem(root)
	if err != nil {
		t.Fatal(err)
	}
	h := pkitest.New(t, "us-east-1", time.Now())
	cert := h.Roots["rds-ca-2019"].Cert
	s, _, err := store.Store{Format: store.PKCS12Plain}.Add(h.TrustStore(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Add(t.Context(), s.Entries); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")
	if !bytes.Contains([]byte(read(t, bundle)), pki.EncodeCertsPEM(cert)) {
		t.Error("the system's bundle lacks the certificate")
	}
	have, err := sys.Read()
	if err != nil || len(have.Entries) != 4 || !have.Holds(cert) {
		t.Fatalf("read back %d entries, %v", len(have.Entries), err)
	}
	if err := sys.Remove(t.Context(), have.Entries[:3]); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(read(t, bundle), "BEGIN CERTIFICATE"); n != 1 {
		t.Errorf("the system's bundle has %d certificates, want 1", n)
	}
}
