package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// systemTrust is how a report names the system's roots.
const systemTrust = "system"

// probeTrust is where the CAs come from that dbtls probe trusts.
type probeTrust struct {
	ca, wallet string
	pass       secretFlags
}

func (t *probeTrust) flags(c *cobra.Command) {
	c.Flags().StringVar(&t.ca, "ca", "", "trust store with the CAs, in any format of dbtls truststore; - is standard input")
	c.Flags().StringVar(&t.wallet, "wallet", "", "directory of an Oracle wallet with the CAs (its cwallet.sso)")
	t.pass.flags(c, "ca-password", "password of the trust store")
}

func (t *probeTrust) usesStdin() bool { return t.ca == "-" || t.pass.file == "-" }

func (t *probeTrust) read(c *cobra.Command) (*probe.Trust, error) {
	path := t.ca
	switch {
	case t.ca != "" && t.wallet != "":
		return nil, usageError{errors.New("give one of --ca and --wallet")}
	case t.ca == "-" && t.pass.file == "-":
		return nil, usageError{errors.New("standard input can be the CAs or the password, one of them")}
	case t.wallet != "":
		path = filepath.Join(t.wallet, "cwallet.sso")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.InvalidParameter, "%q has no cwallet.sso, which is read without a password; make one with dbtls wallet, or give the CAs with --ca", t.wallet)
		}
	case t.ca == "":
		return systemRoots()
	}
	password, err := t.pass.get(c)
	if err != nil {
		return nil, err
	}
	s, err := readInput(c, path, password)
	if err != nil {
		return nil, err
	}
	return probe.NewTrust(path, s.Certs()), nil
}

// systemRoots reads the file in which the system keeps its roots. A system
// without any trusts nobody, and the report says so.
func systemRoots() (*probe.Trust, error) {
	for _, path := range storefile.SystemRoots() {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the system's roots: %w", err)
		}
		s, err := store.Decode(data, "")
		if err != nil {
			return nil, about(path, err)
		}
		return probe.NewTrust(systemTrust, s.Certs()), nil
	}
	return probe.NewTrust(systemTrust, []*x509.Certificate(nil)), nil
}
