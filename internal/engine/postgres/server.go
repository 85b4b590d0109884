package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

type server struct{ product product }

func (server) SystemUser() string { return "postgres" }

// Find looks where Debian, the PostgreSQL Global Development Group's RPMs and
// hand-made installs put the server. Versions older than 10 are left out:
// they cannot take a certificate without a restart.
func (server) Find(ctx context.Context) ([]engine.Install, error) {
	return discover.Find(ctx, discover.Query{
		Patterns: []string{
			"/usr/lib/postgresql/*/bin/postgres",
			"/usr/pgsql-*/bin/postgres",
			"/usr/local/pgsql/bin/postgres",
			"/opt/postgresql*/bin/postgres",
			"/opt/postgresql/*/bin/postgres",
		},
		Names:   []string{"postgres"},
		Needs:   []string{"initdb"},
		Version: func(line string) string { return supported(versionOf(line)) },
	})
}

// A released version only: "18beta1" and "19devel" are followed by no space.
var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+(?:\.\d+)+)(?: |$)`)

func versionOf(line string) string {
	if m := versionLine.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

func supported(version string) string {
	if !discover.AtLeast(version, "10") {
		return ""
	}
	return version
}

// Init makes the cluster with checksums, in UTF-8 with the C collation (no
// surprise when the C library changes its collation order). initdb's own
// pg_hba.conf is never used; "reject" makes sure that it lets nobody in if it
// ever were. A replica's is a copy of its primary's.
func (server) Init(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	if s.Primary != nil {
		return copyPrimary(i, s, dataDir)
	}
	return []engine.Process{{
		Path: filepath.Join(i.BinDir, "initdb"),
		Args: []string{
			"-D", dataDir, "-U", superRole, "-A", "reject",
			"-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
		},
		Dir: filepath.Dir(dataDir),
	}}
}

// Process names the configuration file and nothing else: a setting on the
// command line outranks every file, ALTER SYSTEM included, so TLS could not
// be changed by a reload.
func (server) Process(i engine.Install, s engine.Settings) engine.Process {
	return engine.Process{
		Path: i.Program,
		Args: []string{"-D", s.Data, "-c", "config_file=" + confFile(s)},
		Dir:  s.Data,
		Stop: syscall.SIGINT, // "fast"; SIGTERM waits for every client to leave
		// It asks with kill(pid, 0), which a zombie answers.
		LockFiles: []string{
			filepath.Join(s.Data, "postmaster.pid"),
			filepath.Join(s.Run, fmt.Sprintf(".s.PGSQL.%d.lock", s.Port)),
		},
	}
}

// Owns compares the arguments: the server's children write their own
// title over theirs ("postgres: checkpointer"). A child has its parent's
// arguments for the moment between fork and that; its parent matches too.
func (server) Owns(argv []string, s engine.Settings) bool {
	return len(argv) == 5 && filepath.Base(argv[0]) == "postgres" &&
		argv[1] == "-D" && argv[2] == s.Data &&
		argv[3] == "-c" && argv[4] == "config_file="+confFile(s)
}

// DataVersion reads PG_VERSION, which holds the major version.
func (server) DataVersion(data fs.FS) (string, error) {
	b, err := fs.ReadFile(data, "PG_VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read PG_VERSION: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
