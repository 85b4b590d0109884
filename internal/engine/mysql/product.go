package mysql

import (
	"context"
	"io/fs"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/pki"
)

// product is what differs between the servers of this protocol. Code asks
// these fields, never a product's name.
type product struct {
	find        discover.Query
	programs    []string // base names of the server program
	traits      func(version string) traits
	dataVersion func(data fs.FS) (string, error)
	initialise  func(i engine.Install, s engine.Settings, dataDir string) []engine.Process
	initFile    func(version string, s engine.Settings) string // statements for every start, one a line
	options     []option                                       // beside the common ones
	manyListen  string                                         // version since which bind-address takes several
	lockFiles   func(s engine.Settings) []string               // nil: none
	privileges  []string                                       // of the management account, after the set-up
	reload      func(ctx context.Context, a *admin) error
	// apply puts the dynamic parameters among values in force.
	apply       func(ctx context.Context, a *admin, values map[string]string) error
	credential  func(password string) string // the clause after CREATE USER … IDENTIFIED
	masterGrant func(user string) []string
}

// major is the first two numbers of a version, which is how all of them
// count: "10.11.19" is "10.11".
func major(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// withoutECC is the CAs of the major version old: all but the one with keys
// on an elliptic curve. That is dbtls's choice, not the product's: AWS has
// engine versions that lack a CA, and this is the one to see such a version by.
func withoutECC(old string) func(version string) []string {
	return func(version string) []string {
		if major(version) != old {
			return nil
		}
		var ids []string
		for _, p := range pki.Profiles() {
			if p.Key != pki.ECC384 {
				ids = append(ids, p.ID)
			}
		}
		return ids
	}
}

// modes are those that DMS has for every product of this protocol.
func modes() []pki.SSLMode {
	return []pki.SSLMode{pki.SSLNone, pki.SSLVerifyCA, pki.SSLVerifyFull}
}
