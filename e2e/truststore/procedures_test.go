package truststore_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The guide "Updating your application trust store for JDBC", with keytool as
// it is published and then with dbtls.
func TestTheJDBCProcedure(t *testing.T) {
	w := start(t)
	dir := t.TempDir()
	pem := w.server.File(t, "/rds-downloads/rds-ca-2019-root.pem")
	der := filepath.Join(dir, "rds-ca-2019-root.der")
	must(t, "openssl", "x509", "-outform", "der", "-in", pem, "-out", der)
	published, ours := filepath.Join(dir, "clientkeystore"), filepath.Join(dir, "clientkeystore.jks")
	must(t, "keytool", "-import", "-noprompt", "-alias", "rds-root", "-keystore", published, "-storepass", password, "-file", der)
	dbtls(t, "build", "--out", ours, "--password", password, "--alias", "rds-root", pem)

	print := strings.TrimSpace(strings.TrimPrefix(must(t, "openssl", "x509", "-fingerprint", "-in", pem, "-noout"), "sha1 Fingerprint="))
	print = strings.TrimPrefix(print, "SHA1 Fingerprint=")
	for _, store := range []string{published, ours} {
		if out := must(t, "keytool", "-list", "-v", "-keystore", store, "-storepass", password); !strings.Contains(out, print) || !strings.Contains(out, "Alias name: rds-root\n") {
			t.Errorf("keytool does not show rds-root with %s in %s:\n%s", print, store, out)
		}
		if out := dbtls(t, "list", store, "--password", password); !strings.Contains(out, print) || !strings.HasPrefix(out, "rds-root\n") {
			t.Errorf("dbtls does not show rds-root with %s in %s:\n%s", print, store, out)
		}
	}
	dbtls(t, "diff", published, ours, "--password", password)

	var maria []harness.Instance
	for _, i := range w.databases {
		if caOf(i.Engine) == "rds-ca-2019" {
			maria = append(maria, i)
		}
	}
	if len(maria) == 0 {
		t.Skip("SKIPPED: no database on rds-ca-2019 here")
	}
	for _, line := range jdbc(t, javas(t)[0], compile(t), maria, ours) {
		if !strings.HasPrefix(line, "ok\t") {
			t.Errorf("with the root of 2019: %s", line)
		}
	}
	readiness(t, w, maria[0], ours)
}

// readiness: what verify says about the CA change to come.
func readiness(t *testing.T, w world, i harness.Instance, store string) {
	args := []string{"truststore", "verify", store, url(i), "--password", password, "--after-ca", otherCA, "--data", w.server.Dir, "--json"}
	ask := func() (v struct {
		Now, After struct{ Accepted bool }
		Lacks      *struct{ Subject string }
	}, code int) {
		out, errs, code := run(t, nil, harness.Binary(t), args...)
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		return v, code
	}
	if v, code := ask(); code != 1 || !v.Now.Accepted || v.After.Accepted || v.Lacks == nil || !strings.Contains(v.Lacks.Subject, "Root CA ECC384 G1") {
		t.Errorf("with the old root alone: exit code %d, %+v", code, v)
	}
	dbtls(t, "fetch", "--out", store, "--password", password, "--data", w.server.Dir)
	if v, code := ask(); code != 0 || !v.Now.Accepted || !v.After.Accepted || v.Lacks != nil {
		t.Errorf("with the whole bundle: exit code %d, %+v", code, v)
	}
	w.server.Move(t, i.Name, otherCA)
	dbtls(t, "verify", store, url(i), "--password", password)
	if out := dbtls(t, "list", store, "--password", password); !strings.Contains(out, "rds-root\n") {
		t.Errorf("the old entry is gone:\n%s", out)
	}
}

func TestWatchKeepsAStoreAndRunsTheCommand(t *testing.T) {
	harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	dir := t.TempDir()
	store, log := filepath.Join(dir, "client.p12"), filepath.Join(dir, "log")
	cmd := exec.Command(harness.Binary(t), "truststore", "fetch", "--out", store, "--password", password, "--data", s.Dir,
		"--watch", "--interval", "100ms", "--exec", "echo $DBTLS_TRUSTSTORE >> "+log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	runs := func() int {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), store+"\n")
	}
	harness.Poll(t, 30*time.Second, "the store is there and the command has run", func() bool { return runs() == 1 })

	root := must(t, "openssl", "x509", "-fingerprint", "-sha256", "-noout", "-in", s.Root(t, otherCA))
	_, print, _ := strings.Cut(strings.TrimSpace(root), "=")
	dbtls(t, "remove", store, print, "--password", password)
	harness.Poll(t, 10*time.Second, "what was taken out is back, and the command has run again", func() bool { return runs() == 2 })
	if out := dbtls(t, "list", store, "--password", password); !strings.Contains(out, print) {
		t.Error("the root is not back")
	}

	s.Stop(t)
	dbtls(t, "remove", store, print, "--password", password)
	s.Restart(t)
	harness.Poll(t, 30*time.Second, "it goes on after the server was away", func() bool { return runs() == 3 })
}
