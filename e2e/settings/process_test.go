package settings_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// home is the directory of an instance with data, whatever its name is.
func (d *database) home(t *testing.T) string {
	t.Helper()
	id := strings.ToLower(strings.TrimPrefix(aws.ToString(d.row(t).DbiResourceId), "db-"))
	return filepath.Join(d.srv.Dir, "db", id[:13])
}

// leader is the main process of the server that runs in a directory, 0 when
// none does. Its children have its arguments for a moment, and sessions of their
// own after that: it is the one whose parent has other arguments
// (proc_pid_stat(5), field 4).
func leader(home string) int {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range lines {
		line, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(line), home) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		f := strings.Fields(rest)
		if len(f) < 2 || f[0] == "Z" {
			continue
		}
		if parent, _ := os.ReadFile("/proc/" + f[1] + "/cmdline"); !strings.Contains(string(parent), home) {
			return pid
		}
	}
	return 0
}
