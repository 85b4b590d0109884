package local

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// maxPEM bounds a key or chain file read back, in bytes.
const maxPEM = 1 << 18

// CSR returns a request for the generation's key. The key is made here and
// stays here; a key that is there and of this spec is used again.
func (p *Provider) CSR(ctx context.Context, i provider.Instance, generation string, spec pki.KeySpec) ([]byte, error) {
	pl, err := p.place(i)
	if err != nil {
		return nil, err
	}
	if err := pl.checkGeneration(generation); err != nil {
		return nil, err
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := pl.mustExist(); err != nil {
		return nil, err
	}
	key, err := pl.key(generation, spec)
	if err != nil {
		return nil, err
	}
	return pki.NewCSR(key, i.ID)
}

// key returns the generation's key, made when it is missing or of another
// spec. The key of the pair in use is never replaced.
func (pl *place) key(generation string, spec pki.KeySpec) (crypto.Signer, error) {
	pair := pl.pair(generation)
	key, err := readKey(pair.Key)
	switch {
	case err == nil:
		if have, _ := pki.SpecOf(key.Public()); have == spec {
			return key, nil
		}
	case !errors.Is(err, fs.ErrNotExist) && fault.CodeOf(err) == fault.Internal:
		return nil, err
	}
	b, err := pl.bound()
	if err != nil {
		return nil, err
	}
	if b.generation == generation {
		return nil, fault.New(fault.InvalidInstanceState, "generation %q is in use and its key %q is missing, damaged or not %s; a key in use is never replaced, make a new generation", generation, pair.Key, spec)
	}
	return pl.newKey(generation, spec)
}

func (pl *place) newKey(generation string, spec pki.KeySpec) (crypto.Signer, error) {
	pair := pl.pair(generation)
	if err := ensureDir(filepath.Dir(pair.Key), -1, pl.account.gid, pl.account.readOnlyDir()); err != nil {
		return nil, err
	}
	if err := hostfs.SyncDir(pl.set.TLS); err != nil {
		return nil, err
	}
	// A certificate of the key that is being replaced would be half a pair.
	if err := os.Remove(pair.Cert); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove certificate of another key: %w", err)
	}
	key, err := pki.GenerateKey(spec)
	if err != nil {
		return nil, err
	}
	text, err := pki.EncodeKeyPEM(key)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return key, hostfs.WriteFile(pair.Key, text, pl.account.readOnlyFile(), -1, pl.account.gid)
}

// readKey reads a key file; its errors hold none of the content.
func readKey(path string) (crypto.Signer, error) {
	text, err := hostfs.ReadFile(path, maxPEM)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	key, err := pki.ParseKeyPEM(text)
	if err != nil {
		return nil, fmt.Errorf("read key %q: %w", path, err)
	}
	return key, nil
}
