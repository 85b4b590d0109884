package mysql

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

// product is what differs between the servers of this protocol. Code asks
// these fields, never a product's name.
type product struct {
	find        discover.Query
	programs    []string // base names of the server program
	dataFiles   []string // files in a data directory that hold its version, first found wins
	initialise  func(i engine.Install, s engine.Settings, dataDir string) []engine.Process
	initFile    func(s engine.Settings) string   // statements for every start, one a line
	options     func(s engine.Settings) []option // beside the common ones
	bind        func(p engine.PairPaths, s engine.Settings) engine.Binding
	effective   func(p engine.PairPaths, s engine.Settings) (engine.PairPaths, error)
	reload      string
	credential  func(password string) string // the clause after CREATE USER … IDENTIFIED
	masterGrant func(user string) []string
}

// major is the first two numbers of a version, which is how both products
// count: "10.11.19" is "10.11".
func major(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
