package host

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

const versionWait = 3 * time.Second // for one program

// installed asks the command-line clients of this host for their versions, by
// the driver that a scan knows them as. One that is not there says nothing.
func installed(ctx context.Context) map[string]string {
	all := map[string]string{}
	for _, program := range []string{"psql", "mariadb", "mysql"} {
		if id, version := programVersion(says(ctx, program)); id != "" && all[id] == "" {
			all[id] = version
		}
	}
	return all
}

// says runs a program's --version.
func says(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, versionWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "" // it is not installed, or not what its name says
	}
	return string(out)
}

var versionNumber = regexp.MustCompile(`(?:\(PostgreSQL\)|Distrib|from|Ver) (\d+(?:\.\d+)+)`)

// programVersion reads what a client's --version prints. MariaDB's commands say
// a number of their own first, and "mysql" may be theirs.
func programVersion(text string) (id, version string) {
	maria := strings.Contains(text, "MariaDB")
	for _, m := range versionNumber.FindAllStringSubmatch(text, 4) {
		switch {
		case strings.Contains(m[0], "PostgreSQL"):
			return "libpq", m[1]
		case maria && !strings.HasPrefix(m[0], "Ver"):
			return "mariadb-cli", m[1]
		case !maria && strings.HasPrefix(text, "mysql"):
			id, version = "mysql-cli", m[1] // the last: before 8.0 another number comes first
		}
	}
	return id, version
}
