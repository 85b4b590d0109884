package lint_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runner is a program of this machine that runs cells.
type runner struct {
	run program
	// versions says which drivers it has, by cell.kind.
	versions func(t *testing.T) map[string]string
}

// runners are those that are on this machine, by cell.by.
func runners(t *testing.T, w *world) map[string]runner {
	t.Helper()
	dir := t.TempDir()
	all := map[string]runner{
		"psql":    {psql, versionOf("psql", `\(PostgreSQL\) ([\d.]+)`)},
		"mariadb": {mysqls("mariadb"), versionOf("mariadb", `([\d.]+)-MariaDB`)},
	}
	if found, _ := filepath.Glob("/opt/mysql*/bin/mysql"); len(found) == 0 {
		missingMySQL(t, "mysql command")
	} else if _, ok := w.databases[mysql]; ok {
		all["mysql"] = runner{mysqls(found[0]), versionOf(found[0], `Ver ([\d.]+)`)}
	}
	for name, make := range map[string]func(*testing.T, *world, string) (runner, bool){"python": pythonRunner, "java": javaRunner, "go": goRunner, "node": nodeRunner} {
		if r, ok := make(t, w, dir); ok {
			all[name] = r
		}
	}
	return all
}

// versionOf reads what a command says of itself.
func versionOf(name, pattern string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		out, err := exec.Command(name, "--version").CombinedOutput()
		m := regexp.MustCompile(pattern).FindSubmatch(out)
		if err != nil || m == nil {
			t.Fatalf("%s --version: %v: %s", name, err, out)
		}
		return map[string]string{"": string(m[1])}
	}
}

// tableOf asks a driver's program for the versions, one kind a line.
func tableOf(env []string, name string, args ...string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		all := map[string]string{}
		for line := range strings.Lines(string(out)) {
			kind, version, _ := strings.Cut(strings.TrimSpace(line), "\t")
			if version == "" {
				missing(t, "driver for the kind "+kind)
			}
			all[kind] = version
		}
		return all
	}
}

// All drivers' default roots hold the right ones: what they verify against
// them is measured too.

func pythonRunner(t *testing.T, w *world, _ string) (runner, bool) {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		missing(t, python)
		return runner{}, false
	}
	env := []string{"SSL_CERT_FILE=" + w.ca, "HOME=" + w.empty}
	const script = "drivers/python/run.py"
	return runner{func(t *testing.T, w *world, trials []trial) []outcome {
		return batch(t, env, trials, python, script)
	}, tableOf(env, python, script, "versions")}, true
}

func javaRunner(t *testing.T, w *world, dir string) (runner, bool) {
	t.Helper()
	jars := []string{"/usr/share/java/postgresql.jar", "/usr/share/java/mariadb-java-client.jar"}
	for _, jar := range jars {
		if _, err := os.Stat(jar); err != nil {
			missing(t, jar)
			return runner{}, false
		}
	}
	if out, err := exec.Command("javac", "-d", dir, "drivers/java/Run.java").CombinedOutput(); err != nil {
		t.Errorf("javac: %v: %s", err, out)
		return runner{}, false
	}
	args := []string{"-Duser.home=" + w.trusting, "-Djavax.net.ssl.trustStore=" + w.store, "-Djavax.net.ssl.trustStorePassword=" + storePassword,
		"-Djava.util.logging.config.file=/dev/null", "-cp", strings.Join(append(jars, dir), ":"), "Run"}
	return runner{func(t *testing.T, w *world, trials []trial) []outcome {
		return batch(t, nil, trials, "java", args...)
	}, tableOf(nil, "java", append(args, "versions", "org.postgresql.Driver", "org.mariadb.jdbc.Driver")...)}, true
}

func goRunner(t *testing.T, w *world, dir string) (runner, bool) {
	t.Helper()
	path := filepath.Join(dir, "golang")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = "drivers/golang"
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("build the clients in Go: %v: %s", err, out)
		return runner{}, false
	}
	env := []string{"SSL_CERT_FILE=" + w.ca, "SSL_CERT_DIR=" + w.empty, "HOME=" + w.empty}
	return runner{func(t *testing.T, w *world, trials []trial) []outcome {
		return batch(t, env, trials, path)
	}, tableOf(env, path, "versions")}, true
}

// nodeRunner fetches the drivers that only npm has, in the versions of
// drivers/node/package.json. Without npm, or its registry, they are passed over
// loudly.
func nodeRunner(t *testing.T, w *world, dir string) (runner, bool) {
	t.Helper()
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Logf("NOT TESTED: %v", err)
			return runner{}, false
		}
	}
	text, err := os.ReadFile("drivers/node/package.json")
	if err != nil {
		t.Error(err)
		return runner{}, false
	}
	write(t, filepath.Join(dir, "package.json"), text)
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("NOT TESTED: Node's drivers: npm install: %v: %s", err, out)
		return runner{}, false
	}
	env := []string{"NODE_PATH=" + filepath.Join(dir, "node_modules"), "NODE_NO_WARNINGS=1", "NODE_EXTRA_CA_CERTS=" + w.ca, "HOME=" + w.empty}
	const script = "drivers/node/run.js"
	return runner{func(t *testing.T, w *world, trials []trial) []outcome {
		return batch(t, env, trials, "node", script)
	}, tableOf(env, "node", script, "versions")}, true
}
