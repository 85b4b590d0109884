package wallet

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// The files of a wallet directory.
const (
	FileP12 = "ewallet.p12"
	FileSSO = "cwallet.sso"
)

// Access is what opens a wallet directory.
type Access struct {
	// Password opens ewallet.p12; "" when it is not known.
	Password string
	// Machine opens and makes local wallets; see ThisMachine.
	Machine Machine
}

// Opened is a wallet directory that was read.
type Opened struct {
	Wallet *Wallet
	From   string // the file the content was read from
	P12    bool   // there is an ewallet.p12
	SSO    bool   // there is a cwallet.sso
	Login  Login  // the kind of the cwallet.sso; 0 when there is none
	Format Format // of the file it was read from
}

// Read opens a wallet directory: ewallet.p12 when a password is given and the
// file is there, else cwallet.sso. It changes nothing and takes no lock.
func Read(dir string, a Access) (*Opened, error) {
	s, err := load(func(name string) (*os.File, error) {
		return os.OpenFile(filepath.Join(dir, name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, err
	}
	o := &Opened{P12: s.p12 != nil, SSO: s.sso != nil, Login: loginOf(s.sso)}
	switch {
	case s.p12 != nil && a.Password != "":
		o.From = FileP12
		o.Wallet, o.Format, err = ParseP12(s.p12, a.Password)
	case s.sso != nil:
		o.From = FileSSO
		o.Wallet, o.Format, err = ParseSSO(s.sso, a.Machine)
	case s.p12 != nil:
		return nil, fail(ErrPassword, "the wallet in %q has no auto-login file; it needs its password", dir)
	default:
		return nil, fail(ErrNotFound, "there is no wallet in %q: neither %s nor %s", dir, FileP12, FileSSO)
	}
	if err != nil {
		return nil, because(err, kindOf(err), "open %q", filepath.Join(dir, o.From))
	}
	return o, nil
}

// kindOf keeps the kind of an error that gets more words.
func kindOf(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ErrInvalid
}

// snapshot is the content of both files; nil for one that is not there.
type snapshot struct{ p12, sso []byte }

// load reads both files with open.
func load(open func(name string) (*os.File, error)) (snapshot, error) {
	var s snapshot
	var err error
	if s.p12, err = readFile(open, FileP12); err != nil {
		return s, err
	}
	s.sso, err = readFile(open, FileSSO)
	return s, err
}

// readFile reads a regular file of at most MaxSize bytes, nil for none.
func readFile(open func(name string) (*os.File, error), name string) ([]byte, error) {
	f, err := open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, because(err, ErrInvalid, "read wallet")
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, because(err, ErrInvalid, "read wallet")
	}
	if !st.Mode().IsRegular() {
		return nil, fail(ErrInvalid, "read wallet: %q is no regular file", f.Name())
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, because(err, ErrInvalid, "read wallet")
	}
	if b == nil {
		b = []byte{}
	}
	return b, nil
}

// loginOf is the kind a cwallet.sso says it is, 0 for none or an unknown one.
func loginOf(sso []byte) Login {
	if len(sso) < 4 {
		return 0
	}
	switch l := Login(sso[3]); l {
	case AutoLogin, AutoLoginOnly, AutoLoginLocal:
		return l
	}
	return 0
}

// Update lets edit change the wallet in dir and writes what comes out: both
// files when both are there, each in the format it has. It takes the
// directory's lock and waits for it as long as ctx allows, so that two
// writers come one after the other. When edit fails or changes nothing, nothing is
// written.
//
// An ewallet.p12 needs its password, even when the auto-login file beside it
// opens without. That file must hold the same, and be of a kind that can be
// written here; SetLogin makes it anew.
func Update(ctx context.Context, dir string, a Access, edit func(*Wallet) error) error {
	return locked(ctx, dir, func(d *directory) error {
		if d.was.p12 == nil && d.was.sso == nil {
			return fail(ErrNotFound, "there is no wallet in %q; create one first", dir)
		}
		if d.was.p12 == nil {
			return d.updateAlone(a, edit)
		}
		w, f, err := d.openP12(a.Password)
		if err != nil {
			return err
		}
		twin, err := d.twin(w, a)
		if err != nil {
			return err
		}
		if changed, err := w.edited(edit); !changed {
			return err
		}
		return d.write(w, a, a.Password, f, twin)
	})
}

// edited runs edit and says whether it succeeded and changed anything.
func (w *Wallet) edited(edit func(*Wallet) error) (bool, error) {
	before := slices.Clone(w.bags)
	if err := edit(w); err != nil {
		return false, err
	}
	return !slices.Equal(before, w.bags), nil
}

func (d *directory) updateAlone(a Access, edit func(*Wallet) error) error {
	w, f, err := ParseSSO(d.was.sso, a.Machine)
	if err != nil {
		return because(err, kindOf(err), "open %q", d.path(FileSSO))
	}
	if changed, err := w.edited(edit); !changed {
		return err
	}
	sso, err := w.SSO(f, a.Machine, nil)
	if err != nil {
		return err
	}
	return d.commit(snapshot{sso: sso}, len(w.keys()) > 0)
}

// ChangePassword writes ewallet.p12 under another password, and its twin anew.
func ChangePassword(ctx context.Context, dir string, a Access, password string) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	return locked(ctx, dir, func(d *directory) error {
		if d.was.p12 == nil {
			return fail(ErrNotFound, "there is no %s in %q, so there is no password to change", FileP12, dir)
		}
		w, f, err := d.openP12(a.Password)
		if err != nil {
			return err
		}
		twin, err := d.twin(w, a)
		if err != nil {
			return err
		}
		return d.write(w, a, password, f, twin)
	})
}

// Create makes an empty wallet in dir, which is made (mode 0700) when it is
// not there. With f.Login AutoLoginOnly it is a cwallet.sso alone; else an
// ewallet.p12 under a.Password, with a cwallet.sso beside it when f.Login is
// not 0. It never touches a wallet that is there (ErrExists).
func Create(ctx context.Context, dir string, a Access, f Format) error {
	if f.Login != AutoLoginOnly {
		if err := CheckPassword(a.Password); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return because(err, ErrInvalid, "create wallet")
	}
	return locked(ctx, dir, func(d *directory) error {
		if d.was.p12 != nil || d.was.sso != nil {
			return fail(ErrExists, "there is a wallet in %q already; it stays as it is", dir)
		}
		if f.Login == AutoLoginOnly {
			sso, err := New().SSO(f, a.Machine, nil)
			if err != nil {
				return err
			}
			return d.commit(snapshot{sso: sso}, false)
		}
		twin := &f
		if f.Login == 0 {
			twin = nil
		}
		return d.write(New(), a, a.Password, f, twin)
	})
}

// SetLogin writes the cwallet.sso of an ewallet.p12 that is there, in the
// format f, in place of any other: it makes a wallet auto-login, changes the
// kind, and brings a twin that differs back in line.
func SetLogin(ctx context.Context, dir string, a Access, f Format) error {
	if f.Login == AutoLoginOnly {
		return fail(ErrInvalid, "a wallet with an %s is auto-login or auto-login-local, not auto-login-only", FileP12)
	}
	return locked(ctx, dir, func(d *directory) error {
		if d.was.p12 == nil {
			return fail(ErrNotFound, "there is no %s in %q to make an auto-login file from", FileP12, dir)
		}
		w, _, err := d.openP12(a.Password)
		if err != nil {
			return err
		}
		sso, err := w.SSO(f, a.Machine, nil)
		if err != nil {
			return err
		}
		return d.commit(snapshot{p12: d.was.p12, sso: sso}, len(w.keys()) > 0)
	})
}

func (d *directory) openP12(password string) (*Wallet, Format, error) {
	if password == "" {
		return nil, Format{}, fail(ErrPassword, "the wallet in %q is changed with its password", d.dir)
	}
	w, f, err := ParseP12(d.was.p12, password)
	if err != nil {
		return nil, f, because(err, kindOf(err), "open %q", d.path(FileP12))
	}
	return w, f, nil
}

// twin is the format of the cwallet.sso beside an ewallet.p12 with content w,
// nil when there is none. One that holds something else, or that could not be
// written again, stops the edit: it would be lost.
func (d *directory) twin(w *Wallet, a Access) (*Format, error) {
	if d.was.sso == nil {
		return nil, nil
	}
	other, f, err := ParseSSO(d.was.sso, a.Machine)
	if err != nil {
		return nil, because(err, kindOf(err), "open %q, which has to change together with %s (or is made anew from it, by creating the wallet again as auto-login)", d.path(FileSSO), FileP12)
	}
	if !w.SameContent(other) {
		return nil, fail(ErrInvalid, "%s and %s in %q hold different things, and writing one would lose the other's; look at both, then make %s anew by creating the wallet again as auto-login", FileP12, FileSSO, d.dir, FileSSO)
	}
	return &f, nil
}

// write encodes and commits the files of a wallet with a password.
func (d *directory) write(w *Wallet, a Access, password string, f Format, twin *Format) error {
	var out snapshot
	var err error
	if out.p12, err = w.P12(password, f, nil); err != nil {
		return err
	}
	if twin != nil {
		if out.sso, err = w.SSO(*twin, a.Machine, nil); err != nil {
			return err
		}
	}
	return d.commit(out, len(w.keys()) > 0)
}

func (w *Wallet) keys() []*bag {
	var out []*bag
	for _, b := range w.bags {
		if b.privateKey() != nil {
			out = append(out, b)
		}
	}
	return out
}
