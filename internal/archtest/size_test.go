package archtest

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

const (
	maxFile     = 400 // lines
	maxFunction = 60  // lines, signature and closing brace included
)

// longFunctions may be longer than maxFunction, each for a reason.
func longFunctions() map[string]string {
	return map[string]string{}
}

func TestFilesAndFunctionsAreShortEnoughToRead(t *testing.T) {
	t.Parallel()
	hold(t, sizes, examples{
		"a long file": {path: "internal/a/a.go", text: "package a\n" + strings.Repeat("// line\n", maxFile),
			want: "internal/a/a.go has 401 lines"},
		"a file at the limit": {path: "internal/a/a.go", text: "package a\n" + strings.Repeat("// line\n", maxFile-1)},
		"a long function": {path: "internal/a/a.go", text: "package a\nfunc f() {\n" + strings.Repeat("f()\n", maxFunction-1) + "}\n",
			want: "f has 61 lines"},
		"a function at the limit": {path: "internal/a/a.go", text: "package a\nfunc f() {\n" + strings.Repeat("f()\n", maxFunction-2) + "}\n"},
		"a long method": {path: "internal/a/a.go", text: "package a\ntype T int\nfunc (t *T) f() {\n" + strings.Repeat("t.f()\n", maxFunction-1) + "}\n",
			want: "T.f has 61 lines"},
		"a long test": {path: "internal/a/a_test.go", text: "package a\nfunc f() {\n" + strings.Repeat("f()\n", 2*maxFunction) + "}\n"},
	})
}

func sizes(all []source) []string {
	exceptions := longFunctions()
	var out []string
	for _, s := range shipped(all) {
		if lines := s.line(s.ast.FileEnd); lines > maxFile {
			out = append(out, fmt.Sprintf("%s has %d lines, the limit is %d: split it, one idea per file", s.path, lines, maxFile))
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.line(f.End()) - s.line(f.Pos()) + 1
			if name := functionName(f); lines > maxFunction && exceptions[s.dir()+"."+name] == "" {
				out = append(out, fmt.Sprintf("%s: %s has %d lines, the limit is %d: split it by what its parts do, or add %q with a reason to longFunctions", s.at(f), name, lines, maxFunction, s.dir()+"."+name))
			}
		}
	}
	return out
}

// functionName is "F", or "T.F" for a method of T or *T.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	recv := f.Recv.List[0].Type
	for {
		switch r := recv.(type) {
		case *ast.StarExpr:
			recv = r.X
		case *ast.IndexExpr:
			recv = r.X
		case *ast.IndexListExpr:
			recv = r.X
		case *ast.Ident:
			return r.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}
