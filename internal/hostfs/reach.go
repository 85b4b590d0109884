package hostfs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dbtls/dbtls/internal/fault"
)

// Traversable returns nil when a process of this user and these groups (the
// primary one included) can enter dir, judged by the mode bits of every
// directory on the way, both as written and with links resolved. Otherwise it
// is a fault with code InvalidParameter that names the first directory in the
// way. Access control lists are not read: one that grants more is reported as
// refused all the same, one that takes away is not seen.
func Traversable(dir string, uid int, gids []int) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find directory %q: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return fmt.Errorf("resolve directory %q: %w", dir, err)
	}
	for _, path := range slices.Compact([]string{abs, real}) {
		if err := walk(path, uid, gids); err != nil {
			return err
		}
	}
	return nil
}

func walk(abs string, uid int, gids []int) error {
	for _, part := range parents(abs) {
		st, err := os.Stat(part)
		if err != nil {
			return fmt.Errorf("stat %q: %w", part, err)
		}
		if !st.IsDir() {
			return fmt.Errorf("enter %q: it is no directory", part)
		}
		if !enters(st, uid, gids) {
			return fault.New(fault.InvalidParameter, "uid %d cannot enter %q (mode %04o), which is on the way to %q; run chmod o+x %q or choose a directory that the user can reach", uid, part, st.Mode().Perm(), abs, part)
		}
	}
	return nil
}

// parents lists an absolute path's directories from the root down to itself.
func parents(abs string) []string {
	list := []string{"/"}
	at := "/"
	for part := range strings.SplitSeq(strings.TrimPrefix(abs, "/"), "/") {
		if part != "" {
			at = filepath.Join(at, part)
			list = append(list, at)
		}
	}
	return list
}

// enters applies the kernel's rule: the first class that fits decides alone.
func enters(st fs.FileInfo, uid int, gids []int) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || uid == 0 {
		return uid == 0
	}
	mode := st.Mode().Perm()
	switch {
	case int(sys.Uid) == uid:
		return mode&0o100 != 0
	case slices.Contains(gids, int(sys.Gid)):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
