// Package truststore_test makes trust stores of every format from a server's
// bundle and lets real clients decide with them about real databases.
package truststore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

const password = "store-password-1"

// world is one server with one database of each engine, on the CAs that the
// guides talk about.
type world struct {
	server    *harness.Server
	databases []harness.Instance
}

func start(t *testing.T) world {
	t.Helper()
	engines := harness.Engines(t)
	w := world{server: harness.Start(t, harness.Data(t))}
	for _, e := range engines {
		w.databases = append(w.databases, w.server.Create(t, "ts-"+e, e, func(in *rds.CreateDBInstanceInput) {
			in.CACertificateIdentifier = aws.String(caOf(e))
		}))
	}
	return w
}

func caOf(engine string) string {
	if engine == "mariadb" {
		return "rds-ca-2019"
	}
	return "rds-ca-rsa2048-g1"
}

// otherCA is one that no database here is on.
const otherCA = "rds-ca-ecc384-g1"

func run(t *testing.T, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", name, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a program that has to succeed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, errs, code := run(t, nil, name, args...)
	if code != 0 {
		t.Fatalf("%s %v: exit code %d: %s%s", name, args, code, out, errs)
	}
	return out
}

func dbtls(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, harness.Binary(t), append([]string{"truststore"}, args...)...)
}

func url(i harness.Instance) string { return fmt.Sprintf("%s://%s:%d", i.Engine, i.Address, i.Port) }

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// compile makes the Java client and returns the directory of its class.
func compile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, "javac", "--release", "8", "-Xlint:-options", "-d", dir, "testdata/Query.java")
	return dir
}

// javas are the Java installations of this machine, each once.
func javas(t *testing.T) []string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/jvm/*/bin/java")
	seen := map[string]bool{}
	var list []string
	for _, j := range found {
		if real, err := filepath.EvalSymlinks(j); err == nil && !seen[real] {
			seen[real] = true
			list = append(list, real)
		}
	}
	for _, jar := range drivers() {
		if _, err := os.Stat(jar); err != nil || len(list) == 0 {
			if os.Getenv("DBTLS_REQUIRE_ENGINES") == "1" {
				t.Fatalf("no Java, or no %s, on this machine, and DBTLS_REQUIRE_ENGINES is 1", jar)
			}
			t.Skipf("SKIPPED: no Java, or no %s", jar)
		}
	}
	return list
}

func drivers() []string {
	return []string{"/usr/share/java/postgresql.jar", "/usr/share/java/mariadb-java-client.jar"}
}

// jdbc asks every database whether the session is encrypted, with the trust
// store named as the guides name it, and returns a line for each. classes is
// what compile returned.
func jdbc(t *testing.T, java, classes string, dbs []harness.Instance, store string) []string {
	t.Helper()
	args := []string{"-Djavax.net.ssl.trustStore=" + store, "-Djavax.net.ssl.trustStorePassword=" + password,
		"-cp", strings.Join(append([]string{classes}, drivers()...), ":"), "Query"}
	for _, i := range dbs {
		if i.Engine == "postgres" {
			args = append(args, fmt.Sprintf("jdbc:postgresql://%s:%d/postgres?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory", i.Address, i.Port),
				"select ssl from pg_stat_ssl where pid = pg_backend_pid()")
		} else {
			args = append(args, fmt.Sprintf("jdbc:mariadb://%s:%d/?useSsl=true", i.Address, i.Port), "show status like 'Ssl_cipher'")
		}
	}
	out, errs, code := run(t, []string{"DB_USER=" + dbs[0].User, "DB_PASSWORD=" + dbs[0].Password}, java, args...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != len(dbs) {
		t.Fatalf("java: exit code %d: %s%s", code, out, errs)
	}
	return lines
}
