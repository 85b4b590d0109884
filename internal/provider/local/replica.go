package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// secretMode is the only mode in which common client libraries read a password
// file; it has to be the engine's own.
const secretMode fs.FileMode = 0o600

// follow is what the engine is told of the primary of i.
func follow(i provider.Instance, l engine.Layout) *engine.Primary {
	if i.Primary == nil {
		return nil
	}
	return &engine.Primary{
		Address: i.Primary.Address, Port: i.Primary.Port, User: provider.ReplicaUser,
		Password: filepath.Join(l.Conf, "replica.pass"),
		Roots:    filepath.Join(l.Conf, "replica-roots.pem"),
	}
}

// replicas is the engine's ability to make read replicas.
func (pl *place) replicas() (*engine.Replicas, error) {
	if pl.engine.Replicas == nil {
		return nil, fault.New(fault.NotBuilt, "read replicas of engine %q are not built; create an instance of its own instead", pl.Engine)
	}
	return pl.engine.Replicas, nil
}

// mayFollow refuses a primary that the engine would not follow.
func (pl *place) mayFollow() error {
	if pl.Primary == nil {
		return nil
	}
	_, err := pl.replicas()
	return err
}

// putSource writes what a replica reaches its primary with. An empty Source
// keeps what an earlier one left.
func (pl *place) putSource(from provider.Source) error {
	if pl.Primary == nil {
		return nil
	}
	if from.Password == "" && len(from.Roots) == 0 {
		return pl.checkSource()
	}
	if from.Password == "" {
		return fault.New(fault.MissingParameter, "the password that replica %q logs in at its primary with is missing; send it", pl.ID)
	}
	roots, err := provider.ParseDER(from.Roots)
	if err != nil {
		return fmt.Errorf("read roots of the primary of %q: %w", pl.ID, err)
	}
	to := pl.set.Primary
	if err := pl.putFile(engine.File{Path: to.Roots, Content: pki.EncodeCertsPEM(roots...)}, ""); err != nil {
		return pl.drifted(to.Roots, err)
	}
	secret := pl.engine.Replicas.Credential(*to, from.Password)
	defer clear(secret)
	return pl.drifted(to.Password, pl.put(to.Password, contentDigest(secret), "", func() error {
		return hostfs.WriteFile(to.Password, secret, secretMode, pl.account.uid, pl.account.gid)
	}))
}

// checkSource makes sure that a replica can read what it reaches its primary
// with. dbtls does not have it a second time.
func (pl *place) checkSource() error {
	if pl.Primary == nil {
		return nil
	}
	for _, path := range pl.sourceFiles() {
		if !exists(path) {
			return fault.New(fault.InvalidInstanceState, "%q, with which replica %q reaches its primary, is missing; put it back, or create the replica again", path, pl.ID)
		}
	}
	path := pl.set.Primary.Password
	if err := pl.checkOwner(path, pl.account.uid); err != nil {
		return err
	}
	st, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("stat file: %w", err)
	}
	if st.Mode() != secretMode {
		return fault.New(fault.InvalidInstanceState, "%q is %v and must be a file with mode %04o, or it is not read; run chmod %04o %q", path, st.Mode(), secretMode, secretMode, path)
	}
	return nil
}

// sourceFiles are the files that only a Source can make.
func (pl *place) sourceFiles() []string {
	if pl.set.Primary == nil {
		return nil
	}
	return []string{pl.set.Primary.Password, pl.set.Primary.Roots}
}

// drifted turns errDrift into the fault that names the file.
func (pl *place) drifted(path string, err error) error {
	if errors.Is(err, errDrift) {
		return fault.New(fault.InvalidInstanceState, "%q of instance %q was changed by another hand, so dbtls does not replace it; put it back, or remove it and dbtls writes it anew", path, pl.ID)
	}
	return err
}
