package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

func modes() []string { return []string{"none", "require", "verify-ca", "verify-full"} }

// report is what is read of dbtls probe --json.
type report struct {
	OK        bool
	Code      string
	Stage     string
	Strictest string
	Verdicts  []struct {
		Mode         string
		WouldConnect bool `json:"would_connect"`
		Code, Reason string
	}
}

func (r report) connects(t *testing.T, mode string) bool {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Mode == mode {
			return v.WouldConnect
		}
	}
	t.Fatalf("the report has no verdict for %q", mode)
	return false
}

// dbtlsProbe runs the ordinary binary and checks that its exit code says what
// its report says.
func dbtlsProbe(t *testing.T, scheme string, port int, ca, host, mode string, more ...string) report {
	t.Helper()
	args := append([]string{"probe", "--json", "--ssl-mode", mode, "--ca", ca, "--server-name", host, scheme + "://" + address(port)}, more...)
	out, errs, code := run(t, nil, harness.Binary(t), args...)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("dbtls %v: exit code %d: %v\n%s%s", args, code, err, out, errs)
	}
	if r.OK != (code == 0) || code > 1 || r.OK != r.connects(t, mode) {
		t.Errorf("dbtls %v: exit code %d, ok %v: %s", args, code, r.OK, errs)
	}
	return r
}

// reached is part of what every simulated server says to a client that came
// as far as the login.
const reached = "simulated"

// psql reports whether libpq comes as far as the login in a mode.
func psql(t *testing.T, port int, ca, host, mode string) (bool, string) {
	t.Helper()
	dsn := "host=" + host + " hostaddr=127.0.0.1 port=" + strconv.Itoa(port) + " user=admin1 dbname=postgres connect_timeout=10 sslmode="
	switch mode {
	case "none":
		dsn += "disable"
	case "require": // with a root file it would do verify-ca
		dsn += "require"
	default:
		dsn += mode + " sslrootcert=" + ca
	}
	home := "HOME=" + t.TempDir() // no ~/.postgresql of the machine's user
	_, errs, _ := run(t, []string{home, "PGPASSWORD=x"}, need(t, "psql"), "-XAtqc", "SELECT 1", dsn)
	return strings.Contains(errs, reached), errs
}

// mariadb reports whether MariaDB's client comes as far as the login. It looks
// names up itself, in a hosts file that only it sees.
func mariadb(t *testing.T, port int, ca, host, mode string) (bool, string) {
	t.Helper()
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 "+host+" localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-rm", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, hosts, need(t, "mariadb"),
		"--no-defaults", "--connect-timeout=10", "--protocol=tcp", "--host=" + host, "--port=" + strconv.Itoa(port), "--user=admin1", "--execute=SELECT 1"}
	switch mode {
	case "none":
		args = append(args, "--skip-ssl")
	case "require":
		args = append(args, "--ssl")
	case "verify-full":
		args = append(args, "--ssl", "--ssl-verify-server-cert", "--ssl-ca="+ca)
	}
	_, errs, _ := run(t, nil, need(t, "unshare"), args...)
	return strings.Contains(errs, reached), errs
}

// need finds a program, or ends the test: with a failure where everything has
// to be tested.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
		t.Fatalf("no %s on this machine, and DBTLS_REQUIRE_ENGINES is set", name)
	}
	t.Skipf("SKIPPED: no %s on this machine; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", name)
	return ""
}

func run(t *testing.T, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("run %s: %v", name, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
