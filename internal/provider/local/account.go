package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// account is the operating-system user a server runs as.
type account struct {
	name   string
	uid    int
	gid    int
	groups []int // supplementary ones, gid included
	other  bool  // it is not the current user, so processes switch to it
}

// accountFor looks name up when running as root; otherwise servers run as
// the current user whatever the engine's usual user is.
func accountFor(name string) (account, error) {
	if os.Geteuid() != 0 {
		return account{name: "uid " + strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, fault.Wrap(err, fault.InvalidParameter, "the system user %q, which this engine runs as, does not exist; install the engine's package or make the user", name)
	}
	a := account{name: name, other: true}
	if a.uid, err = strconv.Atoi(u.Uid); err != nil {
		return account{}, fmt.Errorf("read uid of user %q: %w", name, err)
	}
	if a.gid, err = strconv.Atoi(u.Gid); err != nil {
		return account{}, fmt.Errorf("read gid of user %q: %w", name, err)
	}
	if a.uid == 0 {
		return account{}, fault.New(fault.InvalidParameter, "the system user %q is root; a database server never runs as root", name)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return account{}, fmt.Errorf("read groups of user %q: %w", name, err)
	}
	for _, id := range ids {
		if gid, err := strconv.Atoi(id); err == nil {
			a.groups = append(a.groups, gid)
		}
	}
	return a, nil
}

// reaches reports why the account cannot enter dir.
func (a account) reaches(dir string) error {
	err := hostfs.Traversable(dir, a.uid, append([]int{a.gid}, a.groups...))
	var f *fault.Error
	if errors.As(err, &f) {
		return fault.New(f.Code, "the system user %q, which an installed engine runs as, cannot use the data directory: %s", a.name, f.Message)
	}
	return err
}

// sysProc makes a command run as the account in a session of its own, so
// that neither a terminal's signals nor dbtls's end reach it.
func (a account) sysProc() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !a.other {
		return attr
	}
	groups := make([]uint32, 0, len(a.groups))
	for _, g := range a.groups {
		groups = append(groups, uint32(g))
	}
	attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: groups}
	return attr
}

// readOnlyFile is the mode of files the engine reads and must not write, and
// readOnlyDir that of the directories that hold them. Their owner is the
// current user, their group the account's.
func (a account) readOnlyFile() fs.FileMode {
	if a.other {
		return 0o640
	}
	return 0o600
}

func (a account) readOnlyDir() fs.FileMode {
	if a.other {
		return 0o750
	}
	return 0o700
}

// ensureDir makes path a directory with this owner (-1: leave) and mode. Its
// parent must be one that only the current user writes in.
func ensureDir(path string, uid, gid int, mode fs.FileMode) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		if errors.Is(err, syscall.ENOSPC) {
			return hostfs.Full(path, err)
		}
		return fmt.Errorf("make directory: %w", err)
	}
	st, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("stat directory: %w", err)
	}
	if !st.IsDir() {
		return fault.New(fault.InvalidInstanceState, "%q is no directory; it was changed by another hand, move it away", path)
	}
	if uid != -1 || gid != -1 {
		if err := os.Lchown(path, uid, gid); err != nil {
			return fmt.Errorf("set owner of %q: %w", path, err)
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("set mode of %q: %w", path, err)
	}
	return nil
}
