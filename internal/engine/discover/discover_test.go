package discover_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/discover"
)

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put := func(dir, script string, others ...string) {
		t.Helper()
		for _, name := range append(others, "server") {
			path := filepath.Join(root, dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("9", "echo v9.6", "init")
	put("10", "echo v10.2", "init")
	put("10-again", "echo v10.2", "init")
	put("no-init", "echo v11.1")
	put("fails", "echo v12.1; exit 1", "init")
	put("another", "echo hello", "init")
	if err := os.Symlink(filepath.Join(root, "10"), filepath.Join(root, "linked")); err != nil {
		t.Fatal(err)
	}
	q := discover.Query{
		Patterns: []string{filepath.Join(root, "*", "server")},
		Needs:    []string{"init"},
		Version: func(line string) string {
			v, ok := strings.CutPrefix(line, "v")
			if !ok {
				return ""
			}
			return v
		},
	}
	found, err := discover.Find(t.Context(), q)
	if err != nil || len(found) != 2 || found[0].Version != "9.6" || found[1].Version != "10.2" {
		t.Fatalf("Find = %+v, %v; want 9.6 and 10.2 in this order", found, err)
	}
	if found[1].Program != filepath.Join(root, "10", "server") {
		t.Errorf("program = %q, want the first place and no link", found[1].Program)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := discover.Find(ended, q); !errors.Is(err, context.Canceled) {
		t.Errorf("Find with an ended context = %v", err)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"9.6", "10.1", -1}, {"10.11.19", "10.11.6", 1}, {"15.4", "15.4", 0}, {"15", "15.0", -1}} {
		if got := discover.Compare(c.a, c.b); got != c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
