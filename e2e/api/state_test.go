package api_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to age a state file

	"github.com/dbtls/dbtls/e2e/harness"
)

// fingerprint is every file of a data directory with a hash of its content:
// what a refused start must not change.
func fingerprint(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, name := range entries(t, dir) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err != nil || info.IsDir() || name == "lock" || strings.HasPrefix(name, "state.db-") { // who tried; SQLite's own, empty
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %x", name, sha256.Sum256(text)))
	}
	return all
}

// wantNoStart starts a server that must end at once, naming why, with the data
// directory as it was.
func wantNoStart(t *testing.T, dir string, args []string, parts ...string) {
	t.Helper()
	before := fingerprint(t, dir)
	stderr, code := harness.Serve(t, dir, args...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			t.Errorf("it said %q, want %q in it", stderr, part)
		}
	}
	if after := fingerprint(t, dir); !slices.Equal(before, after) {
		t.Errorf("the data directory was changed from\n%v\nto\n%v", before, after)
	}
}

func TestAServerThatMustNotStartDoesNot(t *testing.T) {
	t.Parallel()
	dir := harness.Data(t)
	s := harness.Start(t, dir)
	if _, err := s.AWS(t, "rds", "describe-certificates"); err != nil {
		t.Fatal(err)
	}
	t.Run("two on one directory: the second names the first", func(t *testing.T) {
		stderr, code := harness.Serve(t, dir)
		if want := fmt.Sprintf("pid %d", s.Pid()); code != 1 || !strings.Contains(stderr, want) || !strings.Contains(stderr, dir) {
			t.Errorf("exit code %d, %q, want 1 and %q", code, stderr, want)
		}
		if got := string(get(t, s, "/healthz")); got != "ok\n" {
			t.Errorf("afterwards the first says %q", got)
		}
	})
	s.Stop(t)
	master := filepath.Join(dir, "master.key")
	other := filepath.Join(t.TempDir(), "other.key")
	writeFile(t, other, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))+"\n", 0o600)
	t.Run("a wrong master key", func(t *testing.T) {
		wantNoStart(t, dir, []string{"--master-key-file", other}, "master key", other, "does not open", "Nothing was changed")
	})
	t.Run("a master key that others can read", func(t *testing.T) {
		if err := os.Chmod(other, 0o644); err != nil {
			t.Fatal(err)
		}
		wantNoStart(t, dir, []string{"--master-key-file", other}, "0644", "chmod 600")
	})
	t.Run("a master key that is none", func(t *testing.T) {
		short := filepath.Join(t.TempDir(), "short.key")
		writeFile(t, short, "c2hvcnQ=\n", 0o600)
		wantNoStart(t, dir, []string{"--master-key-file", short}, "32 bytes")
	})
	t.Run("a named master key that is not there", func(t *testing.T) {
		wantNoStart(t, dir, []string{"--master-key-file", "/nonexistent/key"}, "/nonexistent/key")
	})
	t.Run("the default master key moved away, then named", func(t *testing.T) {
		moved := filepath.Join(t.TempDir(), "moved.key")
		text, err := os.ReadFile(master)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, moved, string(text), 0o600)
		if err := os.Remove(master); err != nil {
			t.Fatal(err)
		}
		wantNoStart(t, dir, nil, "master key", "missing", "--master-key-file", "Nothing was changed")
		again := harness.Start(t, dir, "--master-key-file", moved)
		if again.Client.SecretAccessKey != s.Client.SecretAccessKey {
			t.Error("after the start with the moved key the API secret is another one")
		}
		again.Stop(t)
		writeFile(t, master, string(text), 0o600)
	})
	t.Run("a state of a newer dbtls", func(t *testing.T) { newerState(t, dir) })
	t.Run("a state file that is none", func(t *testing.T) {
		writeFile(t, filepath.Join(dir, "state.db"), strings.Repeat("not a database ", 500), 0o600)
		wantNoStart(t, dir, nil, "state.db")
	})
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func newerState(t *testing.T, dir string) {
	set := func(v int) int {
		db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var was int
		if err := db.QueryRow("PRAGMA user_version").Scan(&was); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(fmt.Sprintf("PRAGMA user_version = %d", v)); err != nil {
			t.Fatal(err)
		}
		return was
	}
	was := set(999)
	stderr, code := harness.Serve(t, dir)
	if code != 1 || !strings.Contains(stderr, "999") || !strings.Contains(stderr, "newer dbtls") {
		t.Errorf("exit code %d, %q, want 1 and the two schemas named", code, stderr)
	}
	if got := set(was); got != 999 {
		t.Errorf("the refused start set the schema to %d", got)
	}
	harness.Start(t, dir).Stop(t)
}

func TestADirectoryThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	harness.Engines(t)
	t.Run("the engines' users cannot enter its parent", func(t *testing.T) {
		parent := harness.Data(t)
		if err := os.Chmod(parent, 0o700); err != nil {
			t.Fatal(err)
		}
		stderr, code := harness.Serve(t, filepath.Join(parent, "d"))
		if code != 1 || !strings.Contains(stderr, fmt.Sprintf("cannot enter %q", parent)) || !strings.Contains(stderr, "chmod o+x") {
			t.Errorf("exit code %d, %q, want 1, the directory %s and the fix", code, stderr, parent)
		}
	})
	t.Run("it is a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		writeFile(t, path, "", 0o600)
		if s := tryStart(t, path); !strings.Contains(s, path) {
			t.Errorf("it said %q, want %s", s, path)
		}
	})
	for name, args := range map[string][]string{
		"an unknown region":     {"--region", "moon-1"},
		"a provider nobody has": {"--provider", "agent"},
		"an account of letters": {"--account", "me"},
		"no parallel work":      {"--parallel", "0"},
		"a life below 0":        {"--ca-2019-life", "-1h"},
		"a listener of no port": {"--listen", "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := harness.Data(t)
			stderr, code := harness.Serve(t, dir, args...)
			if code != 1 || !strings.Contains(stderr, strings.TrimLeft(args[0], "-")) {
				t.Errorf("exit code %d, %q, want 1 and the flag named", code, stderr)
			}
			if left := entries(t, dir); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// A directory too long for sockets is refused at the start, not by the first
// instance.
func TestADirectoryTooLongForSocketsIsNamed(t *testing.T) {
	t.Parallel()
	said := tryStart(t, filepath.Join(harness.Data(t), strings.Repeat("x", 80)))
	if !strings.Contains(said, "at most 71 characters") {
		t.Errorf("it said %q, which does not name the limit", said)
	}
}

// tryStart is what a start that must fail says.
func tryStart(t *testing.T, dir string) string {
	t.Helper()
	stderr, code := harness.Serve(t, dir)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	return stderr
}
