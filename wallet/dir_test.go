//go:build linux

package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

var open12 = Access{Password: fixturePassword, Machine: here}

// addRoot is an edit that adds a new root.
func addRoot(t *testing.T, name string) func(*Wallet) error {
	ca := newCA(t, name, nil)
	return func(w *Wallet) error { _, err := w.AddTrusted(ca.cert.Raw, w.FreeAlias(ca.cert)); return err }
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		out[e.Name()] = string(must[[]byte](t)(os.ReadFile(filepath.Join(dir, e.Name()))))
	}
	return out
}

func TestWalletDirectoriesOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Format{
		"password":              {},
		"password, 3DES":        {Body: TripleDES},
		"auto-login":            {Login: AutoLogin},
		"auto-login, 11g":       {Login: AutoLogin, Body: TripleDES, Header: HeaderDES},
		"auto-login-only":       {Login: AutoLoginOnly},
		"auto-login-only, 3DES": {Login: AutoLoginOnly, Body: TripleDES},
		"auto-login-local":      {Login: AutoLoginLocal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, dir := t.Context(), filepath.Join(t.TempDir(), "made", "here")
			if err := Create(ctx, dir, open12, f); err != nil {
				t.Fatal(err)
			}
			wantKind(t, Create(ctx, dir, open12, f), ErrExists)
			for _, root := range []string{"One", "Two"} {
				if err := Update(ctx, dir, open12, addRoot(t, root)); err != nil {
					t.Fatal(err)
				}
			}
			hasP12, hasSSO := f.Login != AutoLoginOnly, f.Login != 0
			for _, a := range []Access{open12, {Machine: here}} {
				o, err := Read(dir, a)
				if a.Password == "" && !hasSSO {
					wantKind(t, err, ErrPassword)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(o.Wallet.Trusted()) != 2 || o.P12 != hasP12 || o.SSO != hasSSO || o.Login != f.Login || o.Format.Body != f.Body {
					t.Errorf("reads as %+v with %d certificates", o, len(o.Wallet.Trusted()))
				}
				if o.From == FileSSO && o.Format.Header != f.Header {
					t.Errorf("header %v, want %v", o.Format.Header, f.Header)
				}
			}
			names := files(t, dir)
			if _, ok := names[FileP12]; ok != hasP12 || len(names) != btoi(hasP12)+btoi(hasSSO) {
				t.Errorf("files %v", len(names))
			}
			for n := range names {
				if st := must[fs.FileInfo](t)(os.Stat(filepath.Join(dir, n))); st.Mode() != 0o600 {
					t.Errorf("%s has mode %v, want 0600", n, st.Mode())
				}
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEditsThatMustNotHappenLeaveTheFilesAlone(t *testing.T) {
	t.Parallel()
	copied := func(fixture string) func(*testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			for n, content := range files(t, "testdata/"+fixture) {
				if err := os.WriteFile(filepath.Join(dir, n), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
	}
	mixed := func(t *testing.T) string {
		dir := copied("o23_self")(t)
		if err := os.WriteFile(filepath.Join(dir, FileSSO), []byte(files(t, "testdata/o23_trusted1")[FileSSO]), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	failing := func(*Wallet) error { return errors.ErrUnsupported }
	for name, r := range map[string]struct {
		dir  func(*testing.T) string
		a    Access
		edit func(*Wallet) error
		kind error
		says string
	}{
		"no password":                   {copied("o23_trusted1"), Access{}, nil, ErrPassword, "with its password"},
		"a wrong password":              {copied("o23_trusted1"), Access{Password: "Wrong-12345"}, nil, ErrPassword, "wrong password"},
		"an edit that fails":            {copied("o23_trusted1"), open12, failing, errors.ErrUnsupported, ""},
		"an edit of a lone file fails":  {copied("o23_only"), open12, failing, errors.ErrUnsupported, ""},
		"a local twin of release 23":    {copied("o23_local"), open12, nil, ErrLocal, "auto-login"},
		"a local twin of another host":  {copied("o19_local"), open12, nil, ErrLocal, "auto-login"},
		"twins that hold other things":  {mixed, open12, nil, ErrInvalid, "different things"},
		"a directory without a wallet":  {func(t *testing.T) string { return t.TempDir() }, open12, nil, ErrNotFound, "no wallet"},
		"a directory that is not there": {func(t *testing.T) string { return "/nonexistent/wallet" }, open12, nil, ErrNotFound, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := r.dir(t)
			before := map[string]string{}
			if _, err := os.Stat(dir); err == nil {
				before = files(t, dir)
			}
			edit := r.edit
			if edit == nil {
				edit = addRoot(t, "New")
			}
			wantKind(t, Update(t.Context(), dir, r.a, edit), r.kind, r.says)
			if len(before) > 0 && fmt.Sprint(files(t, dir)) != fmt.Sprint(before) {
				t.Error("the files changed")
			}
		})
	}
}

func TestALocalTwinIsReplacedByAnAutoLoginOne(t *testing.T) {
	t.Parallel()
	for _, fixture := range []string{"o23_local", "o19_local"} {
		dir := t.TempDir()
		for n, content := range files(t, "testdata/"+fixture) {
			if err := os.WriteFile(filepath.Join(dir, n), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Read(dir, Access{Machine: here})
		wantKind(t, err, ErrLocal)
		wantKind(t, SetLogin(t.Context(), dir, open12, Format{Login: AutoLoginOnly}), ErrInvalid)
		if err := SetLogin(t.Context(), dir, open12, Format{Login: AutoLogin}); err != nil {
			t.Fatal(err)
		}
		if err := Update(t.Context(), dir, open12, addRoot(t, "New")); err != nil {
			t.Fatal(err)
		}
		if o := must[*Opened](t)(Read(dir, Access{})); len(o.Wallet.Trusted()) != 2 || o.Login != AutoLogin {
			t.Errorf("reads as %+v", o)
		}
		if files(t, dir)[FileP12] == files(t, "testdata/"+fixture)[FileP12] {
			t.Error("ewallet.p12 did not change with its twin")
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), t.Context()
	if err := Create(ctx, dir, open12, Format{Login: AutoLogin}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, ChangePassword(ctx, dir, open12, "short"), ErrInvalid)
	wantKind(t, ChangePassword(ctx, dir, Access{Password: "Wrong-12345"}, "Other-12345"), ErrPassword)
	if err := ChangePassword(ctx, dir, open12, "Grüße-12345"); err != nil {
		t.Fatal(err)
	}
	_, err := Read(dir, open12)
	wantKind(t, err, ErrPassword)
	must[*Opened](t)(Read(dir, Access{Password: "Grüße-12345"}))
	must[*Opened](t)(Read(dir, Access{}))
	only := t.TempDir()
	if err := Create(ctx, only, Access{}, Format{Login: AutoLoginOnly}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, ChangePassword(ctx, only, open12, "Other-12345"), ErrNotFound)
	wantKind(t, Create(ctx, t.TempDir(), Access{Password: "short"}, Format{}), ErrInvalid)
}

func TestWritersComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Create(t.Context(), dir, open12, Format{Login: AutoLogin}); err != nil {
		t.Fatal(err)
	}
	const writers = 6
	var all sync.WaitGroup
	for i := range writers {
		edit := addRoot(t, fmt.Sprint("Root ", i))
		all.Go(func() {
			if err := Update(t.Context(), dir, open12, edit); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, a := range []Access{open12, {}} {
		if n := len(must[*Opened](t)(Read(dir, a)).Wallet.Trusted()); n != writers {
			t.Errorf("%d certificates, want %d", n, writers)
		}
	}
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
}

func TestAWriterWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Create(t.Context(), dir, open12, Format{}); err != nil {
		t.Fatal(err)
	}
	err := Update(t.Context(), dir, open12, func(*Wallet) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := Update(ctx, dir, open12, addRoot(t, "New"))
		wantKind(t, err, ErrBusy, dir)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAWriterWithoutLocksIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Create(t.Context(), dir, open12, Format{Login: AutoLogin}); err != nil {
		t.Fatal(err)
	}
	theirs := []byte("written by orapki meanwhile")
	err := Update(t.Context(), dir, open12, func(w *Wallet) error {
		if err := addRoot(t, "New")(w); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, FileSSO), theirs, 0o600)
	})
	wantKind(t, err, ErrBusy, "try again")
	if got := files(t, dir); len(got) != 2 || got[FileSSO] != string(theirs) {
		t.Errorf("files %d, cwallet.sso %q", len(got), got[FileSSO])
	}
}

func TestOwnersAndModesStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Create(t.Context(), dir, Access{}, Format{Login: AutoLoginOnly}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileSSO)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	root := os.Geteuid() == 0
	if root {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	check := func(mode fs.FileMode) {
		t.Helper()
		st := must[fs.FileInfo](t)(os.Stat(path))
		if st.Mode() != mode || root && st.Sys().(*syscall.Stat_t).Uid != 65534 {
			t.Errorf("mode %v, %+v; want %v and the owner it had", st.Mode(), st.Sys(), mode)
		}
	}
	if err := Update(t.Context(), dir, Access{}, addRoot(t, "New")); err != nil {
		t.Fatal(err)
	}
	check(0o644) // trust alone may be read, but written by nobody else
	if err := Update(t.Context(), dir, Access{}, func(w *Wallet) error {
		_, err := w.NewRequest(Request{Subject: "CN=a", Curve: "p256"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	check(0o640) // a private key, by nobody but the group that was let in
}

func TestOddFilesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, FileP12), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Read(dir, open12)
	wantKind(t, err, ErrInvalid, "no regular file")
	wantKind(t, Create(t.Context(), dir, open12, Format{}), ErrInvalid, "no regular file")
	linked, target := t.TempDir(), filepath.Join(t.TempDir(), "real")
	if err := os.WriteFile(target, must[[]byte](t)(os.ReadFile("testdata/o23_only/cwallet.sso")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(linked, FileSSO)); err != nil {
		t.Fatal(err)
	}
	must[*Opened](t)(Read(linked, Access{})) // reading follows it
	wantKind(t, Update(t.Context(), linked, Access{}, addRoot(t, "New")), ErrInvalid, "symbolic link")
	_, err = Read(t.TempDir(), open12)
	wantKind(t, err, ErrNotFound)
}

func TestAFullDiskLeavesTheOldWallet(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("needs root, to mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a file system here: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, 0) }()
	if err := Create(t.Context(), dir, open12, Format{Login: AutoLogin}); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	before := files(t, dir)
	err := Update(t.Context(), dir, open12, addRoot(t, "New"))
	if !errors.Is(err, syscall.ENOSPC) || !bytes.Contains([]byte(err.Error()), []byte("the old wallet is as it was")) {
		t.Fatalf("error %v", err)
	}
	if fmt.Sprint(files(t, dir)) != fmt.Sprint(before) {
		t.Error("files changed or were left behind")
	}
}

func TestADirectoryThatCannotBeWrittenLeavesTheOldWallet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Create(t.Context(), dir, open12, Format{Login: AutoLogin}); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // root writes anywhere but on a read-only file system
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
			t.Skipf("cannot mount here: %v", err)
		}
		defer func() { _ = syscall.Unmount(dir, 0) }()
		if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Skipf("cannot mount here: %v", err)
		}
	} else if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	err := Update(t.Context(), dir, open12, addRoot(t, "New"))
	wantKind(t, err, ErrInvalid, "the old wallet is as it was", FileP12)
	if fmt.Sprint(files(t, dir)) != fmt.Sprint(before) {
		t.Error("files changed")
	}
}
