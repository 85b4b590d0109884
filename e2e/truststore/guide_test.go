package truststore_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// python is Debian's: its drivers are packages (scripts/install-deps.sh).
const python = "/usr/bin/python3"

// snippets are the guides whose example can run here, how, and what has to be
// there for it.
func snippets() []snippet {
	jar := func(n int) []string { return []string{"java", "-cp", drivers()[n]} }
	return []snippet{
		{client: "psql", engine: "postgres", format: "pem", run: []string{"bash"}, needs: []string{"psql", "--version"}},
		{client: "go", engine: "postgres", format: "pem", run: []string{"go", "run"}, needs: []string{"go", "version"}},
		{client: "jdbc-postgresql", engine: "postgres", format: "pkcs12", run: jar(0), needs: []string{"test", "-e", drivers()[0]}},
		{client: "python", engine: "postgres", format: "pem", run: []string{python}, needs: []string{python, "-c", "import psycopg"}},
		{client: "node", engine: "postgres", format: "pem", run: []string{"node"}, needs: []string{"node", "-e", "require('pg')"}},
		{client: "mariadb", engine: "mariadb", format: "pem", run: []string{"bash"}, needs: []string{"mariadb", "--version"}},
		{client: "go-mysql", engine: "mariadb", format: "pem", run: []string{"go", "run"}, needs: []string{"go", "version"}},
		{client: "jdbc-mariadb", engine: "mariadb", format: "pkcs12", run: jar(1), needs: []string{"test", "-e", drivers()[1]}},
		{client: "python-mysql", engine: "mariadb", format: "pem", run: []string{python}, needs: []string{python, "-c", "import pymysql"}},
		{client: "node-mysql", engine: "mariadb", format: "pem", run: []string{"node"}, needs: []string{"node", "-e", "require('mysql2')"}, needsName: true},
	}
}

type snippet struct {
	client, engine, format string
	run, needs             []string
	needsName              bool // the driver knows no IP addresses in certificates
}

// nodeDrivers fetches the drivers that only npm has and lets node find them.
// Without npm their snippets are skipped, saying so.
func nodeDrivers(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		return
	}
	out, err := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--no-save", "pg@8.23.1", "mysql2@3.11.5").CombinedOutput()
	if err != nil {
		t.Logf("npm install: %v: %s", err, out)
	}
	t.Setenv("NODE_PATH", filepath.Join(dir, "node_modules"))
}

func TestTheGuidesSnippetsRun(t *testing.T) {
	w := start(t)
	dir := t.TempDir()
	nodeDrivers(t, filepath.Join(dir, "node"))
	wrongRoot := w.server.Root(t, otherCA)
	for _, f := range []string{"pem", "pkcs12"} {
		dbtls(t, "fetch", "--region", "global", "--format", f, "--out", filepath.Join(dir, "good."+f), "--password", password, "--data", w.server.Dir)
		dbtls(t, "build", "--format", f, "--out", filepath.Join(dir, "wrong."+f), "--password", password, wrongRoot)
	}
	for _, s := range snippets() {
		for _, i := range w.databases {
			if i.Engine != s.engine {
				continue
			}
			t.Run(s.client, func(t *testing.T) {
				if out, err := exec.Command(s.needs[0], s.needs[1:]...).CombinedOutput(); err != nil {
					t.Skipf("SKIPPED: %v: %s", s.needs, out)
				}
				if s.needsName && net.ParseIP(i.Address) != nil {
					t.Skipf("SKIPPED: %s verifies names only, and %s is an address", s.client, i.Address)
				}
				out, errs, code := s.try(t, i, filepath.Join(dir, "good."+s.format))
				if code != 0 || strings.TrimSpace(out) == "" {
					t.Errorf("exit code %d: %s%s", code, out, errs)
				}
				proof := "tls_" // a cipher suite's name
				if s.engine == "postgres" {
					proof = "t" // or true, or True
				}
				if !strings.Contains(strings.ToLower(out), proof) || strings.HasPrefix(strings.ToLower(out), "f") {
					t.Errorf("that is no proof of encryption: %q", out)
				}
				if out, _, code := s.try(t, i, filepath.Join(dir, "wrong."+s.format)); code == 0 {
					t.Errorf("accepted with the wrong root: %s", out)
				}
			})
		}
	}
}

// try writes the snippet to a file and runs it as the guide says.
func (s snippet) try(t *testing.T, i harness.Instance, store string) (stdout, stderr string, code int) {
	t.Helper()
	args := []string{"guide", s.client, "--endpoint", fmt.Sprintf("%s:%d", i.Address, i.Port), "--user", i.User, "--store", store}
	text := must(t, harness.Binary(t), args...)
	source := must(t, harness.Binary(t), append(args, "--snippet")...)
	_, rest, _ := strings.Cut(text, "\nExample: ")
	name, _, _ := strings.Cut(rest, "\n")
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PGPASSWORD=" + i.Password, "MYSQL_PWD=" + i.Password, "DB_PASSWORD=" + i.Password, "STORE_PASSWORD=" + password}
	return run(t, env, s.run[0], append(s.run[1:], path)...)
}
