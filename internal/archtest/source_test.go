package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dbtls/dbtls"

// source is one Go file of the module.
type source struct {
	path string // from the module's root, slashes: "internal/pki/leaf.go"
	ast  *ast.File
	fset *token.FileSet
}

// dir is the package's folder from the module's root: "internal/pki".
func (s source) dir() string { return path.Dir(s.path) }

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

// at names a place as editors and compilers do.
func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.line(n.Pos()))
}

// imports are the import paths of a file.
func (s source) imports() []string {
	var paths []string
	for _, i := range s.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value) // the parser has checked it
		paths = append(paths, p)
	}
	return paths
}

// names maps the name a file uses for an imported package to its path. It is
// right for the standard library, whose names are the last part of the path.
func (s source) names() map[string]string {
	m := map[string]string{}
	for n, p := range s.imports() {
		if as := s.ast.Imports[n].Name; as != nil {
			m[as.Name] = p
		} else {
			m[path.Base(p)] = p
		}
	}
	return m
}

// internalImports are the module's own packages that a file imports, as
// folders from the module's root.
func (s source) internalImports() []string {
	var dirs []string
	for _, p := range s.imports() {
		if rest, ok := strings.CutPrefix(p, module+"/"); ok {
			dirs = append(dirs, rest)
		}
	}
	return dirs
}

// tree parses every Go file of the module, tests too. The end-to-end tests are
// left out: they drive the product from outside and name what they drive.
func tree(t *testing.T) []source {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	var all []source
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (p == "e2e" || d.Name() == "testdata" || d.Name() == "vendor" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		s, err := parse(p, string(text))
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatalf("read the module's sources: %v", err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d Go files: this is not the module's root", len(all))
	}
	return all
}

func parse(path, text string) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path: path, ast: f, fset: fset}, err
}

// shipped are the files that end up in the program: no tests, and no packages
// that only tests import.
func shipped(all []source) []source {
	var out []source
	for _, s := range all {
		if !s.test() && !testSupport(s.dir()) {
			out = append(out, s)
		}
	}
	return out
}

// testSupport reports whether a package exists for other packages' tests:
// pki/pkitest, engine/enginetest, and this one.
func testSupport(dir string) bool {
	return strings.HasSuffix(path.Base(dir), "test")
}
