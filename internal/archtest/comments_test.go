package archtest

import (
	"fmt"
	"strings"
	"testing"
)

func TestEveryPackageHasOnePackageComment(t *testing.T) {
	t.Parallel()
	hold(t, packageComments, examples{
		"none": {path: "internal/a/a.go", text: "package a",
			want: "internal/a has no package comment"},
		"one":                   {path: "internal/a/a.go", text: "// Package a is an example.\npackage a"},
		"one of a command":      {path: "cmd/a/a.go", text: "// Command a is an example.\npackage main"},
		"a build tag is no one": {path: "internal/a/a.go", text: "//go:build linux\n\npackage a", want: "has no package comment"},
		"one of another form": {path: "internal/a/a.go", text: "// The package a.\npackage a",
			want: `must begin with "Package a "`},
		"a package of tests only": {path: "e2e/a/a_test.go", text: "// Package a_test is an example.\npackage a_test"},
	})
}

func TestTwoPackageCommentsAreOneTooMany(t *testing.T) {
	t.Parallel()
	var all []source
	for _, name := range []string{"a.go", "b.go"} {
		s, err := parse("internal/a/"+name, "// Package a is an example.\npackage a")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if got := packageComments(all); len(got) != 1 || !strings.Contains(got[0], "a.go, internal/a/b.go") {
		t.Errorf("got %q, want one complaint naming both files", got)
	}
}

func packageComments(all []source) []string {
	hasCode := map[string]bool{}
	for _, s := range all {
		hasCode[s.dir()] = hasCode[s.dir()] || !s.test()
	}
	where := map[string][]string{}
	var out []string
	for _, s := range all {
		if s.test() && hasCode[s.dir()] { // tests explain themselves where they are
			continue
		}
		if _, ok := where[s.dir()]; !ok {
			where[s.dir()] = nil
		}
		if s.ast.Doc == nil {
			continue
		}
		where[s.dir()] = append(where[s.dir()], s.path)
		want := "Package " + s.ast.Name.Name + " "
		if s.ast.Name.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(s.ast.Doc.Text(), want) {
			out = append(out, fmt.Sprintf("%s: the package comment must begin with %q", s.path, want))
		}
	}
	for dir, files := range where {
		switch {
		case len(files) == 0:
			out = append(out, fmt.Sprintf("%s has no package comment: say in one file what the package is and what it is not", dir))
		case len(files) > 1:
			out = append(out, fmt.Sprintf("%s has %d package comments: keep one of %s", dir, len(files), strings.Join(files, ", ")))
		}
	}
	return out
}
