// Package backup writes and reads backups: the whole state, with every CA and
// its sealed key, and what is known of databases' clients, in one file. The
// databases themselves are not in it, and the master key only when it is asked
// for.
package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// Names in the archive, in their order.
const (
	manifestName = "manifest.json"
	stateName    = "state.db"
	masterName   = "master.key"
	evidenceName = "evidence.db"
)

// Manifest says what a backup is.
type Manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	State   string    `json:"state_sha256"`
	Master  bool      `json:"has_master_key"`
	Version string    `json:"dbtls"`
	// Evidence is the digest of what is known of clients, "" when it is not in
	// there; Lacks says why.
	Evidence string `json:"evidence_sha256,omitempty"`
	Lacks    string `json:"lacks,omitempty"`
}

const format = 1

// Write makes a backup of the state at statePath, running server or not, and
// moves it to out when it is complete. An existing file is not replaced.
func Write(ctx context.Context, statePath, out string, master []byte, version string, now time.Time) (Manifest, error) {
	m := Manifest{Format: format, Made: now.UTC().Truncate(time.Second), Master: master != nil, Version: version}
	if _, err := os.Lstat(out); err == nil {
		return m, fault.New(fault.InvalidParameter, "%q exists; choose another --out, backups are not overwritten", out)
	}
	s, err := store.OpenReadOnly(statePath)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fault.New(fault.InvalidParameter, "there is no state at %q; give the --data of a server", statePath)
	}
	if err != nil {
		return m, err
	}
	defer s.Close()
	tmp, err := os.MkdirTemp(filepath.Dir(out), ".dbtls-backup-")
	if err != nil {
		return m, fmt.Errorf("make backup: %w", err)
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, stateName)
	if err := s.SnapshotTo(ctx, copied); err != nil {
		return m, err
	}
	state, err := os.ReadFile(copied)
	if err != nil {
		return m, fmt.Errorf("make backup: %w", err)
	}
	m.State = digest(state)
	clients := filepath.Join(tmp, evidenceName)
	if m.Evidence, err = copyEvidence(ctx, filepath.Join(filepath.Dir(statePath), evidenceName), clients); err != nil {
		m.Lacks = "what is known of databases' clients: " + err.Error()
	}
	whole := filepath.Join(tmp, "backup")
	if err := pack(whole, m, state, master, clients); err != nil {
		return m, fmt.Errorf("make backup: %w", err)
	}
	return m, publish(whole, out)
}

// copyEvidence copies what is known of clients and returns the copy's digest, ""
// when there is none. It can be large, so it is never in memory. A copy that
// fails keeps no backup from being made: the CAs are what a backup is for.
func copyEvidence(ctx context.Context, path, to string) (sum string, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	e, err := store.OpenEvidenceReadOnly(path)
	if err != nil {
		return "", err
	}
	defer e.Close()
	if err := e.SnapshotTo(ctx, to); err != nil {
		return "", err
	}
	f, err := os.Open(to)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func pack(path string, m Manifest, state, master []byte, clients string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	t := tar.NewWriter(z)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	add := func(name string, b []byte) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: m.Made}); err != nil {
			return err
		}
		_, err := t.Write(b)
		return err
	}
	if err := errors.Join(add(manifestName, text), add(stateName, state)); err != nil {
		return err
	}
	if master != nil {
		if err := add(masterName, master); err != nil {
			return err
		}
	}
	if m.Evidence != "" {
		if err := packFile(t, m, evidenceName, clients); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close(), f.Sync())
}

func packFile(t *tar.Writer, m Manifest, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: m.Made}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

// publish gives a finished file its name; link(2) refuses an existing one.
func publish(whole, out string) error {
	if err := os.Link(whole, out); err != nil {
		return fmt.Errorf("make backup %q: %w", out, err)
	}
	d, err := os.Open(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Contents is an opened backup.
type Contents struct {
	Manifest Manifest
	State    []byte
	Master   []byte // nil when it has none
	Evidence []byte // nil when it has none
}

// maxState bounds what is unpacked.
const maxState = 4 << 30

// Read opens a backup and checks that it is whole.
func Read(r io.Reader) (Contents, error) {
	var c Contents
	z, err := gzip.NewReader(r)
	if err != nil {
		return c, damaged(err)
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return c, damaged(err)
		}
		b, err := io.ReadAll(io.LimitReader(t, maxState))
		if err != nil {
			return c, damaged(err)
		}
		if err := c.take(h.Name, b); err != nil {
			return c, err
		}
	}
	// The archive ends before the compressed stream does, whose checksum is last.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return c, damaged(err)
	}
	return c, c.check()
}

func (c *Contents) take(name string, b []byte) error {
	switch name {
	case manifestName:
		if err := json.Unmarshal(b, &c.Manifest); err != nil {
			return damaged(err)
		}
	case stateName:
		c.State = b
	case masterName:
		c.Master = b
	case evidenceName:
		c.Evidence = b
	}
	return nil
}

func (c *Contents) check() error {
	switch {
	case c.Manifest.Format == 0:
		return damaged(errors.New("it has no manifest"))
	case c.Manifest.Format > format:
		return fault.New(fault.InvalidParameter, "the backup has format %d, this dbtls reads up to %d: restore it with the newer dbtls that made it", c.Manifest.Format, format)
	case len(c.State) == 0:
		return damaged(errors.New("it has no state"))
	case c.Manifest.Master && c.Master == nil:
		return damaged(errors.New("its manifest names a master key that is not there"))
	case c.Manifest.Evidence != "" && digest(c.Evidence) != c.Manifest.Evidence:
		return damaged(errors.New("what is known of clients does not have the digest of its manifest"))
	case digest(c.State) != c.Manifest.State:
		return damaged(errors.New("its state does not have the digest of its manifest"))
	}
	return nil
}

func damaged(err error) error {
	return fault.Wrap(err, fault.InvalidParameter, "this is not a whole dbtls backup: %v", err)
}
