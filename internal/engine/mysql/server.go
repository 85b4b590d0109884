package mysql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

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
	return engine.Process{Path: i.Program, Args: []string{"--defaults-file=" + confFile(s)}, Dir: s.Data}
}

// Owns: the server is one process and keeps its arguments.
func (v server) Owns(argv []string, s engine.Settings) bool {
	return len(argv) == 2 && slices.Contains(v.product.programs, filepath.Base(argv[0])) &&
		argv[1] == "--defaults-file="+confFile(s)
}

var leadingVersion = regexp.MustCompile(`^\d+\.\d+`)

// DataVersion reads the file that says which version last upgraded the
// system tables; the install program writes it too.
func (v server) DataVersion(data fs.FS) (string, error) {
	for _, name := range v.product.dataFiles {
		b, err := fs.ReadFile(data, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		return leadingVersion.FindString(strings.TrimSpace(string(b))), nil
	}
	return "", nil
}

func (v server) Bind(p engine.PairPaths, s engine.Settings) engine.Binding {
	return v.product.bind(p, s)
}
