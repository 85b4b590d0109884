package lint_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A trial is one cell at one variant, as a driver is to run it.
type trial struct {
	cell *cell
	text string // filled in
	env  []string
}

// An outcome is what came of a trial.
type outcome struct {
	connected bool
	session   string // "tls", "plain", "" when the driver's program cannot ask
	err       string
}

// limit bounds a driver's program, all its trials together.
const limit = 80 * time.Second

// A program runs many trials and returns their outcomes in their order.
type program func(t *testing.T, w *world, trials []trial) []outcome

// batch gives trials to a program on its standard input, one a line: the kind
// of driver and the text in base64. It answers a line for each, in any order:
// the number of the trial, ok or no, what the session is, the error.
func batch(t *testing.T, env []string, trials []trial, name string, args ...string) []outcome {
	t.Helper()
	var in bytes.Buffer
	for _, one := range trials {
		fmt.Fprintf(&in, "%s\t%s\n", one.cell.kind, base64.StdEncoding.EncodeToString([]byte(one.text)))
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &in, &out, &errs, time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s\n%s", filepath.Base(name), err, out.Bytes(), errs.Bytes())
	}
	all, seen := make([]outcome, len(trials)), map[int]bool{}
	for s := bufio.NewScanner(&out); s.Scan(); {
		f := strings.SplitN(s.Text(), "\t", 4)
		at, err := strconv.Atoi(f[0])
		if len(f) != 4 || err != nil || at < 0 || at >= len(all) || f[1] != "ok" && f[1] != "no" {
			t.Fatalf("%s answers %q", filepath.Base(name), s.Text())
		}
		all[at], seen[at] = outcome{connected: f[1] == "ok", session: f[2], err: f[3]}, true
	}
	if len(seen) != len(trials) {
		t.Fatalf("%s ran %d of %d trials: %s", filepath.Base(name), len(seen), len(trials), errs.Bytes())
	}
	return all
}

// commands runs every trial as a process of its own.
func commands(t *testing.T, w *world, trials []trial, argv func(trial) []string, session func(stdout string) string) []outcome {
	t.Helper()
	all := make([]outcome, len(trials))
	for n, one := range trials {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		args := argv(one)
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(append(clean(), "SSL_CERT_FILE="+w.ca), one.env...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, time.Second
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("run %s: %v", args[0], err)
		}
		cancel()
		all[n] = outcome{connected: err == nil, session: session(out.String()), err: oneLine(errs.String())}
	}
	return all
}

// clean is this process's environment without what decides about TLS.
func clean() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "PG") || strings.HasPrefix(v, "MYSQL") || strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "SSL_CERT")
	})
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

const (
	askPostgres = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
	askMySQL    = "show session status like 'Ssl_cipher'"
)

func psql(t *testing.T, w *world, trials []trial) []outcome {
	return commands(t, w, trials, func(one trial) []string {
		return append([]string{"psql", "-XAtqc", askPostgres}, words(one.text)...)
	}, func(out string) string {
		return map[string]string{"t": "tls", "f": "plain"}[strings.TrimSpace(out)]
	})
}

// mysqls runs the mariadb or the mysql command, without the option files of
// this machine.
func mysqls(name string) program {
	return func(t *testing.T, w *world, trials []trial) []outcome {
		return commands(t, w, trials, func(one trial) []string {
			return append([]string{name, "--no-defaults", "--batch", "--skip-column-names", "--protocol=tcp", "--connect-timeout=10", "--execute=" + askMySQL}, words(one.text)[1:]...)
		}, func(out string) string {
			switch _, cipher, ok := strings.Cut(strings.TrimSpace(out), "\t"); {
			case cipher != "":
				return "tls"
			case ok || out != "":
				return "plain"
			}
			return ""
		})
	}
}

// words splits a command line; what is in single quotes is one word.
func words(line string) (all []string) {
	for n, part := range strings.Split(line, "'") {
		if n%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
