package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// pureFiles are the rules that must give the same answer to the same question
// whenever and wherever they are asked: whole packages, and the deciding files
// of rotation.
func pureFiles(s source) bool {
	switch s.dir() {
	case "internal/pki", "internal/trust", "internal/inventory":
		return true
	case "internal/rotation":
		name := strings.TrimPrefix(s.path, "internal/rotation/")
		return slices.Contains([]string{"decide.go", "bridge.go", "judge.go", "hold.go", "warning.go"}, name)
	}
	return false
}

func TestPureCodeTouchesNoClockFileNetworkOrDatabase(t *testing.T) {
	t.Parallel()
	hold(t, purity, examples{
		"time as a value":       {path: "internal/pki/a.go", text: `package pki; import "time"; func f(now time.Time) bool { return now.IsZero() }`},
		"an address as a value": {path: "internal/pki/a.go", text: `package pki; import "net"; func f() net.IP { return net.ParseIP("127.0.0.1") }`},
		"the clock": {path: "internal/pki/a.go", text: `package pki; import "time"; func f() time.Time { return time.Now() }`,
			want: "asks the clock (time.Now)"},
		"the clock as a value": {path: "internal/pki/a.go", text: `package pki; import "time"; func f() func() time.Time { return time.Now }`,
			want: "asks the clock (time.Now)"},
		"the clock under another name": {path: "internal/trust/a.go", text: `package trust; import clock "time"; func f(t clock.Time) clock.Duration { return clock.Since(t) }`,
			want: "asks the clock (time.Since)"},
		"a dial": {path: "internal/rotation/judge.go", text: `package rotation; import "net"; func f() { net.Dial("tcp", "") }`,
			want: "uses the network (net.Dial)"},
		"a dialer": {path: "internal/inventory/a.go", text: `package inventory; import "net"; type t struct { d net.Dialer }`,
			want: "uses the network (net.Dialer)"},
		"a file": {path: "internal/inventory/a.go", text: `package inventory; import "os"`,
			want: `imports "os"`},
		"a database": {path: "internal/rotation/decide.go", text: `package rotation; import _ "database/sql"`,
			want: `imports "database/sql"`},
		"other files of rotation may": {path: "internal/rotation/runner.go", text: `package rotation; import "time"; func f() time.Time { return time.Now() }`},
	})
}

func TestTheFilesOfRotationThatMustBePureExist(t *testing.T) {
	t.Parallel()
	n := 0
	for _, s := range tree(t) {
		if s.dir() == "internal/rotation" && pureFiles(s) {
			n++
		}
	}
	if n != 5 {
		t.Errorf("found %d of the 5 files that pureFiles names in internal/rotation: correct the list after a rename", n)
	}
}

func purity(all []source) []string {
	var out []string
	for _, s := range all {
		if s.test() || !pureFiles(s) {
			continue
		}
		names := s.names()
		for _, p := range s.imports() {
			if slices.Contains([]string{"os", "os/exec", "os/user", "io/ioutil", "database/sql", "net/http", "syscall", "log", "log/slog"}, p) {
				out = append(out, fmt.Sprintf("%s imports %q and must be pure: take the data as an argument and leave the reading and writing to the caller", s.path, p))
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok {
				if why := impure(names[x.Name], sel.Sel.Name); why != "" {
					out = append(out, fmt.Sprintf("%s %s (%s.%s) and must be pure: take the value as an argument", s.at(n), why, names[x.Name], sel.Sel.Name))
				}
			}
			return true
		})
	}
	return out
}

// impure says what a name of the standard library does to the world, "" for
// nothing.
func impure(pkg, name string) string {
	switch pkg {
	case "time":
		if slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}, name) {
			return "asks the clock"
		}
	case "net", "crypto/tls":
		for _, prefix := range []string{"Dial", "Listen", "Lookup", "Resolve", "Interface", "DefaultResolver"} {
			if strings.HasPrefix(name, prefix) {
				return "uses the network"
			}
		}
	}
	return ""
}
