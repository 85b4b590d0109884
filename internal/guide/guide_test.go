package guide_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/guide"
)

func TestEveryGuideIsWholeAndFilledIn(t *testing.T) {
	t.Parallel()
	names, err := guide.Clients()
	if err != nil || len(names) < 19 {
		t.Fatalf("clients: %v, %v", names, err)
	}
	for _, name := range names {
		g, err := guide.For(name, guide.Params{Host: "127.83.1.2", Port: 7001, User: "app1", Database: "shop", Store: "/tmp/my ca.store"})
		if err != nil {
			t.Fatal(err)
		}
		if g.Title == "" || g.Store == "" || g.Settings == "" || g.Proof == "" || (g.Snippet == "") != (g.File == "") {
			t.Errorf("%s lacks a part: %+v", name, g)
		}
		text := g.String()
		if strings.Contains(text, "{{") || strings.Contains(text, "<no value>") || strings.Contains(text, "example.com") {
			t.Errorf("%s is not filled in:\n%s", name, text)
		}
		if name != "windows" && (!strings.Contains(text, "127.83.1.2") || !strings.Contains(text, "7001")) {
			t.Errorf("%s does not name the endpoint:\n%s", name, text)
		}
		if d, err := guide.For(name, guide.Params{}); err != nil || strings.Contains(d.String(), " = \n") {
			t.Errorf("%s with nothing given: %v", name, err)
		}
	}
}

func TestValuesThatWouldChangeASnippetAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []guide.Params{
		{Host: "a;rm -rf /"}, {Host: `a"b`}, {Host: "-oProxy"}, {User: "a'b"}, {Database: "$(id)"}, {Store: "/tmp/`id`"}, {Store: "a\nb"}, {Port: 70000}, {Port: -1},
	} {
		if _, err := guide.For("go", p); fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if _, err := guide.For("../guide", guide.Params{}); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("no such client: %v", err)
	}
}

// What each tool says of the snippets whose drivers need not be there for it.
func TestSnippetsCompile(t *testing.T) {
	t.Parallel()
	names, err := guide.Clients()
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string][]string{
		".java": {"javac", "-proc:none", "-d", t.TempDir()},
		".js":   {"node", "--check"},
		".py":   {"python3", "-c", "import ast,sys; ast.parse(open(sys.argv[1]).read())"},
		".sh":   {"bash", "-n"},
		".go":   {"gofmt", "-l"},
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := guide.For(name, guide.Params{})
			if err != nil {
				t.Fatal(err)
			}
			check := checks[filepath.Ext(g.File)]
			if check == nil {
				t.Skipf("SKIPPED: nothing checks %q", g.File)
			}
			if _, err := exec.LookPath(check[0]); err != nil {
				t.Skipf("SKIPPED: %s is not installed", check[0])
			}
			path := filepath.Join(t.TempDir(), g.File)
			if err := os.WriteFile(path, []byte(g.Snippet+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(check[0], append(check[1:], path)...).CombinedOutput()
			if err != nil || check[0] == "gofmt" && len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestAnIPv6AddressHasBracketsBeforeAPort(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]string{
		"go-mysql": `"[2001:db8::1]:3306"`, "jdbc-postgresql": "postgresql://[2001:db8::1]:5432/", "psql": "host=2001:db8::1 ",
	} {
		g, err := guide.For(client, guide.Params{Host: "2001:db8::1"})
		if err != nil || !strings.Contains(g.Snippet, want) {
			t.Errorf("%s: %v\n%s", client, err, g.Snippet)
		}
	}
}
