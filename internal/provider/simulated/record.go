package simulated

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/hostfs"
)

const (
	suffix = ".json"
	// maxRecord bounds a file read back, in bytes; a real one is some 6 KiB.
	maxRecord = 1 << 20
)

// record is an instance as its file has it. A record is a value: what its
// maps and slices hold is never changed, only replaced.
type record struct {
	ID      string `json:"id"`
	Engine  string `json:"engine"`
	Version string `json:"version"`

	// What the running server was started with, or the next one will be.
	Address    string            `json:"address"`
	Port       int               `json:"port"`
	Also       []string          `json:"also,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`

	On        bool      `json:"on"`
	Starts    int       `json:"starts"` // grows with every start: the process id
	StartedAt time.Time `json:"startedAt,omitzero"`
	Master    *master   `json:"master,omitempty"`

	Generations map[string]keyChain `json:"generations,omitempty"`
	Active      string              `json:"active,omitempty"` // what the configuration names
	Loaded      string              `json:"loaded,omitempty"` // what the running server has read
}

// keyChain is what a generation is: a key and, once it is staged, its chain.
type keyChain struct {
	Key   []byte   `json:"key"`             // PKCS #8
	Chain [][]byte `json:"chain,omitempty"` // DER, leaf first
}

// decode reads a record and refuses one that could not have been written here.
func decode(b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		// The decoder's text may quote what it read, which holds keys.
		return record{}, errors.New("decode instance: it is no JSON of an instance")
	}
	return r, r.check()
}

func (r record) check() error {
	switch {
	case !plain(r.ID) || r.Engine == "" || r.Starts < 0:
		return errors.New("decode instance: it names no instance")
	case r.On && r.Loaded == "":
		return errors.New("decode instance: it is on and has no certificate loaded")
	}
	for _, name := range []string{r.Active, r.Loaded} {
		if g := r.Generations[name]; name != "" && (len(g.Key) == 0 || len(g.Chain) == 0) {
			return fmt.Errorf("decode instance: generation %q is in use and is not there whole", name)
		}
	}
	return r.Master.check()
}

func (r record) encode() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode instance %q: %w", r.ID, err)
	}
	return append(b, '\n'), nil
}

// inUse reports whether the generation's pair is served or will be after the
// next start.
func (r record) inUse(generation string) bool {
	return generation != "" && (generation == r.Active || generation == r.Loaded)
}

// path is where the instance's file is. One directory of ten thousand files
// would be synced as a whole with each of them on some file systems.
func (p *Provider) path(id string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(p.dir, hex.EncodeToString(sum[:1]), id+suffix)
}

// write puts the record on disk.
func (p *Provider) write(r record) error {
	b, err := r.encode()
	if err != nil {
		return err
	}
	defer clear(b)
	return hostfs.WriteFile(p.path(r.ID), b, 0o600, -1, -1)
}

// ensureDir makes a directory for the current user alone, durably.
func ensureDir(path string) error {
	switch err := os.Mkdir(path, 0o700); {
	case err == nil:
		return hostfs.SyncDir(filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return hostfs.Full(path, err)
	default:
		return fmt.Errorf("make directory: %w", err)
	}
}

// plain reports whether s is safe as one component of a path.
func plain(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
