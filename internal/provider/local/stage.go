package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// Stage writes the chain beside the generation's key. What the checks judge
// is read back from the disk, under another name: a server.crt that exists
// has passed them.
func (p *Provider) Stage(ctx context.Context, i provider.Instance, generation string, chain [][]byte, want provider.Expect) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	if err := pl.checkGeneration(generation); err != nil {
		return err
	}
	certs, err := provider.ParseDER(chain)
	if err != nil {
		return fmt.Errorf("stage generation %q of %q: %w", generation, i.ID, err)
	}
	roots, err := provider.ParseDER(want.Roots)
	if err != nil {
		return fmt.Errorf("read roots for generation %q of %q: %w", generation, i.ID, err)
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return err
	}
	defer done()
	if err := pl.mustExist(); err != nil {
		return err
	}
	return pl.stage(generation, pki.EncodeCertsPEM(certs...), roots, want)
}

func (pl *place) stage(generation string, text []byte, roots []*x509.Certificate, want provider.Expect) error {
	pair := pl.pair(generation)
	if err := pl.replaceable(generation, pair, text); err != nil {
		return err
	}
	if _, err := os.Lstat(pair.Key); errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.InvalidInstanceState, "generation %q of instance %q has no key; ask for its certificate request first", generation, pl.ID)
	}
	candidate := engine.PairPaths{Cert: pair.Cert + ".new", Key: pair.Key}
	if err := hostfs.WriteFile(candidate.Cert, text, pl.account.readOnlyFile(), -1, pl.account.gid); err != nil {
		return err
	}
	if err := pl.judge(candidate, roots, want); err != nil {
		_ = os.Remove(candidate.Cert)
		return err
	}
	if err := os.Rename(candidate.Cert, pair.Cert); err != nil {
		return fmt.Errorf("name staged certificate: %w", err)
	}
	return hostfs.SyncDir(filepath.Dir(pair.Cert))
}

// replaceable refuses to change the chain of the pair in use under a server
// that may read it at any time.
func (pl *place) replaceable(generation string, pair engine.PairPaths, text []byte) error {
	b, err := pl.bound()
	if err != nil || b.generation != generation {
		return err
	}
	have, err := hostfs.ReadFile(pair.Cert, maxPEM)
	if err == nil && string(have) == string(text) {
		return nil
	}
	return fault.New(fault.InvalidInstanceState, "generation %q of instance %q is in use, so its certificate is not replaced; stage a new generation", generation, pl.ID)
}

// judge is the pre-flight: everything a client or the server would refuse.
func (pl *place) judge(pair engine.PairPaths, roots []*x509.Certificate, want provider.Expect) error {
	chain, err := pl.inspect(pair)
	if err != nil {
		return err
	}
	return want.Check(pl.ID, chain, roots)
}

// inspect checks a pair as the server will find it: owner, mode, and that
// key and certificate belong together. It returns the chain, leaf first.
func (pl *place) inspect(pair engine.PairPaths) ([]*x509.Certificate, error) {
	for _, path := range []string{pair.Cert, pair.Key} {
		if err := pl.checkMode(path); err != nil {
			return nil, err
		}
	}
	text, err := hostfs.ReadFile(pair.Cert, maxPEM)
	if err != nil {
		return nil, err
	}
	chain, err := pki.ParseCertsPEM(text)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidInstanceState, "the certificate file %q is damaged; stage a new generation", pair.Cert)
	}
	key, err := readKey(pair.Key)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidInstanceState, "the key file %q is damaged; make a new generation", pair.Key)
	}
	if err := pki.CheckPair(chain[0], key.Public()); err != nil {
		return nil, fault.Wrap(err, fault.InvalidInstanceState, "the pair check failed: the certificate %q does not belong to the key %q; stage a new generation", pair.Cert, pair.Key)
	}
	return chain, nil
}

// checkMode refuses a file that somebody else could read, change, or that
// the server could not read.
func (pl *place) checkMode(path string) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.InvalidInstanceState, "%q of instance %q is missing; stage the generation again", path, pl.ID)
	}
	if err != nil {
		return fmt.Errorf("stat file: %w", err)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	mode, gid := pl.account.readOnlyFile(), pl.account.gid
	fix := fmt.Sprintf("run chown %d:%d %q and chmod %04o %q", os.Geteuid(), gid, path, mode, path)
	switch {
	case !st.Mode().IsRegular():
		return fault.New(fault.InvalidInstanceState, "%q is no regular file; stage a new generation", path)
	case !ok || int(sys.Uid) != os.Geteuid() || (pl.account.other && int(sys.Gid) != gid):
		return fault.New(fault.InvalidInstanceState, "the owner check of %q failed: it belongs to another user or group; %s", path, fix)
	case st.Mode().Perm() != mode:
		return fault.New(fault.InvalidInstanceState, "the mode check of %q failed: it is %04o and must be %04o; %s", path, st.Mode().Perm(), mode, fix)
	}
	return nil
}
