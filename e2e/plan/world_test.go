// Package plan_test proves the answers of dbtls rotate --plan with real clients:
// each is asked about first, and then goes through the very rotation. What a
// client does is read from its own exit, what is served from the wire.
package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	caOld = "rds-ca-rsa2048-g1"
	caNew = "rds-ca-ecc384-g1"

	password = "correct-horse-99"
	soon     = 30 * time.Second
)

// world is a server with a user that may only report, and stores of its roots.
type world struct {
	*harness.Server
	dir            string // of this test
	reporter       []string
	old, both, jks string // files with the old root, with both
}

func newWorld(t *testing.T, args ...string) *world {
	t.Helper()
	w := &world{Server: harness.Start(t, harness.Data(t), args...), dir: t.TempDir()}
	var key struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	w.read(t, &key, 0, "user", "add", "app-hosts", "--role", "reporter", "--json")
	w.reporter = append(w.Env(), "AWS_ACCESS_KEY_ID="+key.ID, "AWS_SECRET_ACCESS_KEY="+key.Secret, "HOME="+w.dir)
	w.old = w.Root(t, caOld)
	var pem []byte
	for _, file := range []string{w.old, w.Root(t, caNew)} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pem = append(pem, text...)
	}
	w.both, w.jks = filepath.Join(w.dir, "both.pem"), filepath.Join(w.dir, "both.jks")
	w.write(t, "both.pem", string(pem))
	if _, errs, code := run(t, nil, harness.Binary(t), "truststore", "build", "--out", w.jks, "--format", "jks", "--password", "changeit", w.both); code != 0 {
		t.Fatal(errs)
	}
	if _, errs, code := run(t, nil, "javac", "-d", w.dir, "testdata/Connect.java"); code != 0 {
		t.Fatal(errs)
	}
	return w
}

// write makes a file of this test's directory.
func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// read runs dbtls as the administrator and decodes what it prints.
func (w *world) read(t testing.TB, into any, wantCode int, args ...string) {
	t.Helper()
	stdout, stderr, code := w.CLI(t, args...)
	if code != wantCode {
		t.Fatalf("dbtls %v: exit code %d, want %d: %s", args, code, wantCode, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), into); err != nil {
		t.Fatalf("dbtls %v: %v in %s", args, err, stdout)
	}
}

// report runs dbtls clients report as a client's host does.
func (w *world) report(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, code := run(t, w.reporter, harness.Binary(t), append([]string{"clients", "report"}, args...)...)
	if code != 0 {
		t.Fatalf("clients report %v: exit code %d: %s%s", args, code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, password) {
		t.Errorf("clients report %v prints a password: %s%s", args, stdout, stderr)
	}
	return stdout
}

// run executes a program to its end.
func run(t testing.TB, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v, %v: %s", name, err, ctx.Err(), errs.String())
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// events are what an instance's events say.
func (w *world) events(t testing.TB, name string) string {
	t.Helper()
	text, err := w.AWS(t, "rds", "describe-events", "--source-type", "db-instance", "--source-identifier", name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
