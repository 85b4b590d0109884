package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// ledger is files.json: what dbtls wrote, so that what somebody else wrote
// is told apart and left alone. A file has two entries only while it is being
// replaced (or when that was cut short): both contents are dbtls's then.
type ledger struct {
	Files map[string][]entry `json:"files"` // by path below the instance's directory
}

type entry struct {
	Digest     string `json:"digest"`               // of content or link target
	Generation string `json:"generation,omitempty"` // of the binding: the pair it names
}

// errDrift says that a file was changed by another hand.
var errDrift = errors.New("file was changed by another hand")

func (pl *place) ledgerPath() string { return filepath.Join(pl.root, "files.json") }

func (pl *place) readLedger() (ledger, error) {
	l := ledger{Files: map[string][]entry{}}
	b, err := hostfs.ReadFile(pl.ledgerPath(), maxJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	if err := decodeLedger(b, &l); err != nil {
		return l, fault.Wrap(err, fault.InvalidInstanceState, "%q cannot be read; put it back from a backup, or remove it and every file in conf that you did not change, and dbtls writes them anew", pl.ledgerPath())
	}
	return l, nil
}

func decodeLedger(b []byte, l *ledger) error {
	if err := json.Unmarshal(b, l); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if l.Files == nil {
		l.Files = map[string][]entry{}
	}
	return nil
}

// find returns the entry of rel with this digest.
func (l ledger) find(rel, digest string) (entry, bool) {
	for _, e := range l.Files[rel] {
		if e.Digest == digest {
			return e, true
		}
	}
	return entry{}, false
}

// foreign reports whether now, the digest of rel on disk, is another hand's
// work and not what is wanted there anyway.
func (l ledger) foreign(rel, now, want string) bool {
	_, ours := l.find(rel, now)
	return now != "" && now != want && !ours
}

// put makes path hold what write puts there, unless it already does or
// another hand changed it (errDrift). The ledger names both contents before
// the file changes, so that a crash at any point leaves no false drift.
func (pl *place) put(path, digest, generation string, write func() error) error {
	l, err := pl.readLedger()
	if err != nil {
		return err
	}
	rel, want := pl.rel(path), entry{Digest: digest, Generation: generation}
	now, err := digestOf(path)
	if err != nil {
		return err
	}
	old, ours := l.find(rel, now)
	if l.foreign(rel, now, digest) {
		return errDrift
	}
	if now == digest && slices.Equal(l.Files[rel], []entry{want}) {
		return nil
	}
	if now != digest {
		l.Files[rel] = []entry{want}
		if ours {
			l.Files[rel] = []entry{old, want}
		}
		if err := writeJSON(pl.ledgerPath(), l); err != nil {
			return err
		}
		if err := write(); err != nil {
			return err
		}
	}
	l.Files[rel] = []entry{want}
	return writeJSON(pl.ledgerPath(), l)
}

// putFile is put for a file. The engine's group reads it; the mode an engine
// proposes is not used, since who owns a file here is this package's matter.
func (pl *place) putFile(f engine.File, generation string) error {
	return pl.put(f.Path, contentDigest(f.Content), generation, func() error {
		return hostfs.WriteFile(f.Path, f.Content, pl.account.readOnlyFile(), -1, pl.account.gid)
	})
}

// checkDrift is putFile's refusal for all files before the first is written.
func (pl *place) checkDrift(files []engine.File) error {
	l, err := pl.readLedger()
	if err != nil {
		return err
	}
	for _, f := range files {
		now, err := digestOf(f.Path)
		if err != nil {
			return err
		}
		if l.foreign(pl.rel(f.Path), now, contentDigest(f.Content)) {
			return pl.drifted(f.Path, errDrift)
		}
	}
	return nil
}

func (pl *place) putLink(l engine.Link, generation string) error {
	return pl.put(l.Path, linkDigest(l.Target), generation, func() error {
		return hostfs.ReplaceLink(l.Path, l.Target)
	})
}

// digestOf is the digest of what is at path now, "" when nothing is.
func digestOf(path string) (string, error) {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("stat file: %w", err)
	}
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return "", fmt.Errorf("read link: %w", err)
		}
		return linkDigest(target), nil
	case st.Mode().IsRegular():
		b, err := hostfs.ReadFile(path, maxJSON)
		if err != nil {
			return "", err
		}
		return contentDigest(b), nil
	}
	return "neither a file nor a link", nil
}

func contentDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func linkDigest(target string) string {
	sum := sha256.Sum256([]byte(target))
	return "link-sha256:" + hex.EncodeToString(sum[:])
}
