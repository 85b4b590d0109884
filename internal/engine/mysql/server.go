package mysql

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

type server struct{ product product }

func (server) SystemUser() string { return "mysql" }

func (v server) Find(ctx context.Context) ([]engine.Install, error) {
	return discover.Find(ctx, v.product.find)
}

func (v server) Init(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	return v.product.initialise(i, s, dataDir)
}

// Process names the option file and nothing else. It must be the first
// argument, and keeps every other option file of the machine out.
func (v server) Process(i engine.Install, s engine.Settings) engine.Process {
	p := engine.Process{Path: i.Program, Args: []string{"--defaults-file=" + confFile(s)}, Dir: s.Data}
	if v.product.lockFiles != nil {
		p.LockFiles = v.product.lockFiles(s)
	}
	return p
}

// Owns: the server is one process and keeps its arguments.
func (v server) Owns(argv []string, s engine.Settings) bool {
	return len(argv) == 2 && slices.Contains(v.product.programs, filepath.Base(argv[0])) &&
		argv[1] == "--defaults-file="+confFile(s)
}

func (v server) DataVersion(data fs.FS) (string, error) { return v.product.dataVersion(data) }
