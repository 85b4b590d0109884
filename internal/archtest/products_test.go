package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engines"
)

func TestNothingBranchesOnAProductOutsideTheEngines(t *testing.T) {
	t.Parallel()
	hold(t, productBranches, examples{
		"a comparison": {path: "internal/fleet/a.go", text: `package fleet; func f(e string) bool { return e == "postgres" }`,
			want: `branches on the product "postgres"`},
		"a switch": {path: "internal/fleet/a.go", text: `package fleet; func f(e string) { switch e { case "mariadb": } }`,
			want: `branches on the product "mariadb"`},
		"a lookup table": {path: "internal/fleet/a.go", text: `package fleet; func f() map[string]int { return map[string]int{"postgres": 1} }`,
			want: `branches on the product "postgres"`},
		"an index": {path: "internal/fleet/a.go", text: `package fleet; func f(m map[string]int) int { return m["mysql"] }`,
			want: `branches on the product "mysql"`},
		"a prefix": {path: "internal/fleet/a.go", text: `package fleet; import "strings"; func f(e string) bool { return strings.HasPrefix(e, "postgres") }`,
			want: `branches on the product "postgres"`},
		"text for people":     {path: "internal/fleet/a.go", text: `package fleet; const help = "postgres"`},
		"an engine knows one": {path: "internal/engine/mysql/a.go", text: `package mysql; func f(e string) bool { return e == "mariadb" }`},
	})
}

// productNames are the API names of the engines dbtls has and of those whose
// rows are still to come.
func productNames() []string {
	names := []string{"mysql", "aurora", "sqlserver", "oracle", "redshift", "sybase", "mongodb", "db2"}
	for _, e := range engines.All() {
		names = append(names, e.Spec.Names...)
	}
	return names
}

func productBranches(all []source) []string {
	products := productNames()
	var out []string
	for _, s := range shipped(all) {
		if s.dir() == "internal/engines" || s.dir() == "internal/engine" || strings.HasPrefix(s.dir(), "internal/engine/") ||
			s.dir() == "internal/clientconfig" || strings.HasPrefix(s.dir(), "internal/clientconfig/") { // rules about clients name products
			continue
		}
		names := s.names()
		ast.Inspect(s.ast, func(n ast.Node) bool {
			for _, e := range decides(n, names) {
				if text, ok := literal(e); ok && slices.Contains(products, text) {
					out = append(out, fmt.Sprintf("%s branches on the product %q: make it a field of engine.Spec or a method of engine.Server, and ask that", s.at(e), text))
				}
			}
			return true
		})
	}
	return out
}

// decides returns the operands by which a piece of code chooses what to do.
func decides(n ast.Node, names map[string]string) []ast.Expr {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return []ast.Expr{n.X, n.Y}
		}
	case *ast.CaseClause:
		return n.List
	case *ast.IndexExpr:
		return []ast.Expr{n.Index}
	case *ast.KeyValueExpr:
		return []ast.Expr{n.Key}
	case *ast.CallExpr:
		if pkg, _ := called(n, names); pkg == "strings" || pkg == "slices" {
			return n.Args
		}
	}
	return nil
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// called returns the import path and the function of a call of an imported
// package's function, empty for any other call.
func called(c *ast.CallExpr, names map[string]string) (pkg, function string) {
	if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok && names[x.Name] != "" {
			return names[x.Name], sel.Sel.Name
		}
	}
	return "", ""
}
