package harness

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clientLimit bounds one call of a database client.
const clientLimit = 30 * time.Second

// Psql runs SQL in the database "postgres" with sslmode=verify-full against
// the roots in a PEM file, and returns what it printed, unaligned.
func Psql(t testing.TB, i Instance, roots, sql string) (string, error) {
	t.Helper()
	return client(t, []string{"PGPASSWORD=" + i.Password}, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql,
		fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=verify-full sslrootcert=%s connect_timeout=10", i.Address, i.Port, i.User, roots))
}

// MariaDB runs SQL with the server's certificate and name verified against the
// roots in a PEM file, and returns what it printed, tab-separated.
func MariaDB(t testing.TB, i Instance, roots, sql string) (string, error) {
	t.Helper()
	return client(t, []string{"MYSQL_PWD=" + i.Password}, "mariadb", "--no-defaults", "--batch", "--skip-column-names", "--connect-timeout=10",
		"--protocol=tcp", "--host="+i.Address, "--port="+strconv.Itoa(i.Port), "--user="+i.User,
		"--ssl-verify-server-cert", "--ssl-ca="+roots, "--execute="+sql)
}

// Query is Psql or MariaDB, whichever speaks the instance's protocol.
func Query(t testing.TB, i Instance, roots, sql string) (string, error) {
	t.Helper()
	if i.Engine == "postgres" {
		return Psql(t, i, roots, sql)
	}
	return MariaDB(t, i, roots, sql)
}

func client(t testing.TB, env []string, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("no %s on this machine: install it, the test needs a real client", name)
	}
	stdout, stderr, code := run(t, clientLimit, env, name, args...)
	if code != 0 {
		return stdout, fmt.Errorf("%s: exit code %d: %s", name, code, strings.TrimSpace(stderr))
	}
	return strings.TrimRight(stdout, "\n"), nil
}

var awsVersion = regexp.MustCompile(`aws-cli/(\d+)\.(\d+)`)

// AWSVersion is that of the aws command on PATH.
func AWSVersion(t testing.TB) (major, minor int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "aws", "--version").CombinedOutput()
	m := awsVersion.FindStringSubmatch(string(out))
	if err != nil || m == nil {
		t.Fatalf("no aws command on this machine (%v): install it, the test needs the real one", err)
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor
}
