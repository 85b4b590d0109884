// Package harness runs the ordinary dbtls program with real engines and real
// clients for the end-to-end tests. It drives the program from outside: it
// imports nothing of internal/ and is imported by tests only.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// build makes the program once per test process.
var build = sync.OnceValues(buildProgram)

// Binary returns the path of the dbtls program: DBTLS_BIN when it is set, else
// one built from this checkout.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("DBTLS_BIN"); path != "" {
		return path
	}
	path, err := build()
	if err != nil {
		t.Fatalf("build dbtls: %v", err)
	}
	return path
}

// binPrefix is followed by the pid of the test process, so that a later one
// can remove what an ended one has left: a test process has no last act.
const binPrefix = "dbtls-e2e-bin-"

func buildProgram() (string, error) {
	removeStale()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", binPrefix, os.Getpid()))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dbtls")
	out, err := exec.Command("go", "build", "-o", path, "github.com/dbtls/dbtls/cmd/dbtls").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// removeStale removes programs of test processes that have ended.
func removeStale() {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), binPrefix+"*")) // the pattern is well-formed
	for _, dir := range found {
		pid, _, ok := strings.Cut(strings.TrimPrefix(filepath.Base(dir), binPrefix), "-")
		id, err := strconv.Atoi(pid)
		if ok && err == nil && syscall.Kill(id, 0) == syscall.ESRCH {
			os.RemoveAll(dir)
		}
	}
}
