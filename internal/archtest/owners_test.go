package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

func TestOnlyTheProbeSkipsVerification(t *testing.T) {
	t.Parallel()
	const text = `package a; import "crypto/tls"; func f() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }`
	hold(t, skipVerify, examples{
		"the probe judges after the handshake": {path: "internal/probe/a.go", text: text},
		"nobody else": {path: "internal/serve/a.go", text: text,
			want: "InsecureSkipVerify"},
		"not by assignment either": {path: "cmd/dbtls/a.go", text: `package main; func f(c *T) { c.InsecureSkipVerify = true }`,
			want: "InsecureSkipVerify"},
	})
}

func skipVerify(all []source) []string {
	var out []string
	for _, s := range shipped(all) {
		if s.dir() == "internal/probe" {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == "InsecureSkipVerify" {
				out = append(out, fmt.Sprintf("%s uses InsecureSkipVerify: give the connection the roots it should trust, or dial through internal/probe, which judges the chain itself", s.at(n)))
			}
			return true
		})
	}
	return out
}

func TestOnlyTheStoreAndTheEnginesSpeakSQL(t *testing.T) {
	t.Parallel()
	const text = `package a; import "database/sql"; var _ sql.DB`
	hold(t, speakSQL, examples{
		"the state file":     {path: "internal/store/a.go", text: text},
		"a database product": {path: "internal/engine/mysql/a.go", text: text},
		"a domain package": {path: "internal/fleet/a.go", text: text,
			want: `imports "database/sql"`},
		"a driver": {path: "internal/fleet/a.go", text: `package fleet; import "github.com/jackc/pgx/v5"`,
			want: `imports "github.com/jackc/pgx/v5"`},
	})
}

func speakSQL(all []source) []string {
	var out []string
	for _, s := range shipped(all) {
		if s.dir() == "internal/store" || strings.HasPrefix(s.dir(), "internal/engine/") {
			continue
		}
		for _, p := range s.imports() {
			if p == "database/sql" || strings.HasPrefix(p, "github.com/jackc/pgx/") ||
				slices.Contains([]string{"github.com/go-sql-driver/mysql", "modernc.org/sqlite"}, p) {
				out = append(out, fmt.Sprintf("%s imports %q: state goes through internal/store, a running server is spoken to by its engine", s.path, p))
			}
		}
	}
	return out
}

func TestNoPackageActsBeforeMainOrPanics(t *testing.T) {
	t.Parallel()
	hold(t, habits, examples{
		"an init function": {path: "internal/a/a.go", text: `package a; func init() {}`,
			want: "init function"},
		"a panic": {path: "internal/a/a.go", text: `package a; func f() { panic("no") }`,
			want: "panics"},
		"an exit": {path: "internal/a/a.go", text: `package a; import "os"; func f() { os.Exit(1) }`,
			want: "ends the process"},
		"a fatal log line": {path: "internal/a/a.go", text: `package a; import "log"; func f() { log.Fatal("no") }`,
			want: "ends the process"},
		"main may exit":              {path: "cmd/dbtls/a.go", text: `package main; import "os"; func f() { os.Exit(1) }`},
		"a method may be named init": {path: "internal/a/a.go", text: `package a; type t int; func (t) init() {}`},
	})
}

func habits(all []source) []string {
	var out []string
	for _, s := range shipped(all) {
		names := s.names()
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					out = append(out, fmt.Sprintf("%s has an init function: let main, or a constructor, do it", s.at(n)))
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" {
					out = append(out, fmt.Sprintf("%s panics: return an error; one bad instance must not end the others' service", s.at(n)))
				}
				pkg, f := called(n, names)
				if s.ast.Name.Name != "main" && (pkg == "os" && f == "Exit" || pkg == "log" && strings.HasPrefix(f, "Fatal")) {
					out = append(out, fmt.Sprintf("%s ends the process: return an error to main", s.at(n)))
				}
			}
			return true
		})
	}
	return out
}
