package lint_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	cc "github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
	"github.com/dbtls/dbtls/internal/clientconfig/read"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

// linted is what the linter says of a cell, or why it says nothing.
type linted struct {
	outcome cc.Outcome
	why     string
}

// lint reads a cell as `dbtls clients lint` does, with the version of the driver
// that ran it.
func (c *cell) lint(t *testing.T, w *world, version string) linted {
	t.Helper()
	text := w.at(c.source(), "db.example", "4321", w.empty)
	if name := c.file(); name != "" {
		return c.lintFile(t, name, text, version)
	}
	hints := map[string]read.Hint{c.driver: {Version: version, From: "the matrix"}}
	var all []cc.Settings
	for _, line := range read.Lines() {
		if all = line(text, hints); len(all) > 0 {
			break
		}
	}
	if len(all) != 1 || all[0].Driver != c.driver {
		return linted{why: fmt.Sprintf("it is read as %d others': %+v", len(all), all)}
	}
	s := all[0]
	if c.rootFile != "" {
		s.Options["rootfile"] = c.rootFile
	}
	s.Version = version
	a := cc.Evaluate(drivers.Index()[c.driver], s)
	return linted{outcome: a.Outcomes[0], why: fmt.Sprintf("%s of %s %s with %v", a.Outcomes[0].Rule, c.driver, version, s.Options)}
}

// lintFile is lint for a program.
func (c *cell) lintFile(t *testing.T, name, text, version string) linted {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, []byte(text))
	report, err := scan.Tree(t.Context(), []string{path}, scan.Options{Driver: c.driver, Version: version})
	if err != nil {
		t.Fatalf("scan %s: %v", path, err)
	}
	if len(report.Findings) != 1 || report.Findings[0].Driver != c.driver {
		return linted{why: fmt.Sprintf("it is read as %d others': %+v", len(report.Findings), report.Findings)}
	}
	f := report.Findings[0]
	return linted{outcome: f.Outcomes[0], why: fmt.Sprintf("%s of %s %s", f.Outcomes[0].Rule, c.driver, version)}
}

// file is the name of the program that the cell's text is part of, "" for a text
// that stands alone.
func (c *cell) file() string {
	switch {
	case strings.HasPrefix(c.kind, "pyodbc"):
		return ""
	case c.by == "python":
		return "app.py"
	case c.by == "node":
		return "app.js"
	}
	return ""
}

var odbc = regexp.MustCompile(`"(.*)"`)

// source is what the linter is given: the command line, or the program around
// the text.
func (c *cell) source() string {
	switch {
	case c.by == "psql":
		return strings.Join(append(append([]string{}, c.env...), "psql", c.text), " ")
	case strings.HasPrefix(c.kind, "pyodbc"):
		return odbc.FindStringSubmatch(c.text)[1]
	case c.by == "python":
		module, _, _ := strings.Cut(c.text, ".")
		await := ""
		if c.kind == "asyncpg" {
			await = "await "
		}
		return "import " + module + "\nimport ssl\n\nconnection = " + await + c.text + "\n"
	case c.by == "node":
		return "const fs = require('fs');\nconst " + nodeNames()[c.kind] + ";\n\nconst connection = " + c.text + ";\n"
	}
	return c.text
}

func nodeNames() map[string]string {
	return map[string]string{
		"pg": "{ Client } = require('pg')", "postgres": "postgres = require('postgres')", "mysql2": "mysql = require('mysql2/promise')", "mysql": "mysql = require('mysql')",
		"mariadb": "mariadb = require('mariadb')", "tedious": "{ Connection } = require('tedious')", "mongodb": "{ MongoClient } = require('mongodb')", "oracledb": "oracledb = require('oracledb')",
	}
}

// compare holds the linter's answers against what was measured.
func compare(t *testing.T, w *world, all []measured, versions map[string]string) (covered map[string]bool) {
	t.Helper()
	covered = map[string]bool{}
	for _, m := range all {
		got := m.cell.lint(t, w, versions[m.by+" "+m.kind])
		if m.refuses {
			if m.encrypts != cc.EncryptsUnknown {
				t.Errorf("%s\n\tconnects, and the matrix says that it refuses its own options: it does %s, %s", m.cell, m.encrypts, m.verifies)
			}
			continue
		}
		switch {
		case m.untold != "":
			got.admits(t, m)
		case m.encrypts == cc.EncryptsUnknown || m.verifies == cc.VerifiesUnknown:
			t.Errorf("%s\n\tcould not be measured: %v", m.cell, m.trials)
		case got.outcome.Encrypts != m.encrypts || got.outcome.Verifies != m.verifies:
			t.Errorf("%s\n\tthe driver: encrypts %s, verifies %s (%s)\n\tthe linter: encrypts %s, verifies %s (%s)", m.cell, m.encrypts, m.verifies, m.seen(),
				got.outcome.Encrypts, got.outcome.Verifies, got.why)
		default:
			covered[got.outcome.Rule] = true
		}
	}
	return covered
}

// admits checks that the linter says unknown of what the text does not tell, and
// nothing wrong of the rest.
func (l linted) admits(t *testing.T, m measured) {
	t.Helper()
	e, v := l.outcome.Encrypts, l.outcome.Verifies
	if e != cc.EncryptsUnknown && v != cc.VerifiesUnknown || e != cc.EncryptsUnknown && e != m.encrypts || v != cc.VerifiesUnknown && v != m.verifies {
		t.Errorf("%s\n\tcannot be known (%s)\n\tthe driver: encrypts %s, verifies %s\n\tthe linter: encrypts %s, verifies %s (%s)", m.cell, m.untold, m.encrypts, m.verifies, e, v, l.why)
	}
}

// seen lists what each server saw.
func (m *measured) seen() string {
	var words []string
	for _, v := range variants() {
		word := "refused"
		if o := m.trials[v]; o.connected {
			word = o.session
		}
		words = append(words, string(v)+"="+word)
	}
	return strings.Join(words, " ")
}
