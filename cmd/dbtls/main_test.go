package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
)

func TestTheVersionOfAwsIsReadAndJudged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		out       string
		is        awsCLI
		old       bool
		overrides bool   // in us-east-1
		spelled   string // us-east-1
	}{
		{"aws-cli/2.13.0 Python/3.11.4 Linux/6.1 exe/x86_64", awsCLI{2, 13}, false, false, "us-east-1"},
		{"aws-cli/2.12.9 Python/3.11.4", awsCLI{2, 12}, true, false, "us-east-1"},
		{"aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64.debian.12 prompt/off", awsCLI{2, 9}, true, false, "us-east-1"},
		{"aws-cli/2.31.0 Python/3.13", awsCLI{2, 31}, false, false, "us-east-1"},
		{"aws-cli/1.29.0 Python/3.8 botocore/1.31.0", awsCLI{1, 29}, false, true, "US-EAST-1"},
		{"aws-cli/1.45.1 Python/3.8", awsCLI{1, 45}, false, true, "US-EAST-1"},
		{"aws-cli/1.28.9 Python/3.8", awsCLI{1, 28}, true, true, "us-east-1"},
		{"bash: aws: command not found", awsCLI{}, false, false, "us-east-1"},
		{"", awsCLI{}, false, false, "us-east-1"},
	} {
		v := parseAWS(c.out)
		if v != c.is || v.old() != c.old || v.overrides("us-east-1") != c.overrides || v.spellRegion("us-east-1") != c.spelled {
			t.Errorf("%q: %+v, old %t, overrides %t, spells %s", c.out, v, v.old(), v.overrides("us-east-1"), v.spellRegion("us-east-1"))
		}
		if v.overrides("eu-west-1") || v.spellRegion("eu-west-1") != "eu-west-1" {
			t.Errorf("%q: eu-west-1 is spelled %s", c.out, v.spellRegion("eu-west-1"))
		}
		warning := v.warning("https://127.0.0.1:7443", "us-east-1")
		if warns := c.old || c.overrides; (warning != "") != warns || (warns && !strings.Contains(warning, "--endpoint-url https://127.0.0.1:7443") && c.old) {
			t.Errorf("%q: warns %q", c.out, warning)
		}
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "''", "a": "'a'", "a b": "'a b'", "$(id)`id`": "'$(id)`id`'", "it's": `'it'\''s'`, "''": `''\'''\'''`, "a\nb": "'a\nb'", `\`: `'\'`,
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// commands runs f on every command, by its full name.
func commands(f func(path []string, c *cobra.Command)) {
	var walk func(path []string, c *cobra.Command)
	walk = func(path []string, c *cobra.Command) {
		f(path, c)
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				walk(append(append([]string{}, path...), sub.Name()), sub)
			}
		}
	}
	walk(nil, newRoot())
}

// execute is one command line.
func execute(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

func TestTheHelpOfEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	n := 0
	commands(func(path []string, c *cobra.Command) {
		n++
		code, out, errs := execute(append(path, "--help")...)
		if code != 0 || errs != "" || !strings.Contains(out, "Usage:") {
			t.Errorf("%v --help: %d, %s%s", path, code, out, errs)
		}
		if c.HasSubCommands() && len(path) > 0 {
			return // its subcommands have them
		}
		if !strings.Contains(out, "Examples:") || !strings.Contains(c.Example, "dbtls") {
			t.Errorf("%v --help has no example", path)
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%v: short help %q", path, c.Short)
		}
		c.LocalFlags()
	})
	if n < 12 {
		t.Errorf("only %d commands were looked at", n)
	}
}

func TestAWrongCommandLineIsExitCode2AndSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"nonsense", "--nonsense", "serve extra", "serve --nonsense", "serve --overlap forever", "serve --parallel many", "status extra", "rotate", "rotate a b",
		"env", "env extra --data d", "backup", "backup --data d", "backup --out o", "restore --data d", "restore --in f", "clock nonsense", "clock accept now", "freeze now", "audit x",
	} {
		code, out, errs := execute(strings.Fields(line)...)
		if code != 2 || out != "" || !strings.HasPrefix(errs, "dbtls: ") {
			t.Errorf("dbtls %s: exit code %d, %s%s", line, code, out, errs)
		}
	}
}

func TestACommandWithoutAServerIsToldHowToNameOne(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	for _, line := range []string{"status", "freeze", "unfreeze", "audit", "clock accept", "rotate shop", "rotate shop --plan"} {
		if code, _, errs := execute(strings.Fields(line)...); code != 2 || !strings.Contains(errs, "--data DIR") {
			t.Errorf("dbtls %s: %d, %s", line, code, errs)
		}
	}
}

func TestWhatFailsIsExitCode1(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, line := range []string{
		"status --data " + dir, "env --data " + dir, "freeze --data " + dir, "rotate shop --data " + dir,
		"backup --data " + dir + " --out " + filepath.Join(dir, "b"), "restore --data " + dir + " --in " + filepath.Join(dir, "none"),
		"serve --data " + dir + " --region mars-1", "serve --data " + dir + " --provider cloud",
	} {
		code, out, errs := execute(strings.Fields(line)...)
		if code != 1 || out != "" || !strings.HasPrefix(errs, "dbtls: ") || strings.Count(errs, "\n") != 1 {
			t.Errorf("dbtls %s: exit code %d, %s%s", line, code, out, errs)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("left over are %v, %v", files, err)
	}
}

func TestAMessageIsWhatIsMeantForPeople(t *testing.T) {
	t.Parallel()
	f := fault.Wrap(errors.New("open /secret/place"), fault.InvalidParameter, "choose another --out")
	for _, c := range []struct {
		err  error
		want string
	}{{f, "choose another --out"}, {fmt.Errorf("context: %w", f), "choose another --out"}, {errors.New("plain"), "plain"}} {
		if got := message(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
