package scan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// tree writes files, by their path below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func lint(t *testing.T, opts scan.Options, paths ...string) scan.Report {
	t.Helper()
	r, err := scan.Tree(t.Context(), paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const mssString = `"Server=db1;Database=shop;User ID=app;Password=` + hidden + `"`

func TestVersionsComeFromTheNearestBuildFile(t *testing.T) {
	t.Parallel()
	app := "class A { string s = " + mssString + "; }"
	for sentence, c := range map[string]struct {
		files         map[string]string
		version, from string
	}{
		"a project file":                {map[string]string{"a.csproj": `<PackageReference Include="Microsoft.Data.SqlClient" Version="5.2.1" />`}, "5.2.1", "a.csproj:1"},
		"a version in an element":       {map[string]string{"a.csproj": "<Project>\n<PackageReference Include=\"Microsoft.Data.SqlClient\">\n<Version>3.1.0</Version></PackageReference></Project>"}, "3.1.0", "a.csproj:2"},
		"packages.config":               {map[string]string{"packages.config": `<packages><package id="Microsoft.Data.SqlClient" version="2.1.4" targetFramework="net48" /></packages>`}, "2.1.4", "packages.config:1"},
		"managed versions in a parent":  {map[string]string{"../Directory.Packages.props": `<PackageVersion Include="Microsoft.Data.SqlClient" Version="4.1.0" />`}, "4.1.0", "Directory.Packages.props:1"},
		"the lock before the project":   {map[string]string{"a.csproj": `<PackageReference Include="Microsoft.Data.SqlClient" Version="5.*" />`, "packages.lock.json": `{"dependencies":{"net8.0":{"Microsoft.Data.SqlClient":{"resolved":"5.1.5"}}}}`}, "5.1.5", "packages.lock.json:1"},
		"the nearest of two":            {map[string]string{"a.csproj": `<PackageReference Include="Microsoft.Data.SqlClient" Version="1.1.3" />`, "../Directory.Packages.props": `<PackageVersion Include="Microsoft.Data.SqlClient" Version="4.1.0" />`}, "1.1.3", "a.csproj:1"},
		"a range gives its lower bound": {map[string]string{"a.csproj": `<PackageReference Include="Microsoft.Data.SqlClient" Version="[3.0.1,4)" />`}, "3.0.1", "a.csproj:1 ([3.0.1,4), its lower bound)"},
		"no build file":                 {nil, "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"app/src/A.cs": app}
			for name, text := range c.files {
				files[filepath.Clean(filepath.Join("app", "src", name))] = text
			}
			r := lint(t, scan.Options{}, tree(t, files))
			if len(r.Findings) != 1 {
				t.Fatalf("%+v", r)
			}
			f := r.Findings[0]
			if f.Version != c.version || !strings.HasSuffix(f.From, c.from) {
				t.Errorf("version %q from %q; want %q from %q", f.Version, f.From, c.version, c.from)
			}
		})
	}
}

func TestBuildFilesOfOtherLanguagesGiveVersions(t *testing.T) {
	t.Parallel()
	node := "const sql = require('mssql');\nconst c = {user: 'a', server: 'db1', options: {encrypt: true}}"
	golang := "package a\nvar s = \"sqlserver://sa@db1?encrypt=true\""
	python := "import oracledb\noracledb.connect(user='a', dsn='tcps://db1/x')"
	for sentence, c := range map[string]struct{ file, text, source, code, version string }{
		"package.json":      {"package.json", `{"dependencies": {"mssql": "^8.0.13"}}`, "a.js", node, "8.0.13"},
		"package-lock.json": {"package-lock.json", `{"packages": {"node_modules/mssql": {"version": "9.3.2"}}}`, "a.js", node, "9.3.2"},
		"go.mod":            {"go.mod", "module x\nrequire (\n\tgithub.com/microsoft/go-mssqldb v1.7.2\n)", "a.go", golang, "1.7.2"},
		"requirements.txt":  {"requirements.txt", "# x\noracledb==2.1.2\n", "a.py", python, "2.1.2"},
		"poetry.lock":       {"poetry.lock", "[[package]]\nname = \"oracledb\"\nversion = \"1.4.0\"\n", "a.py", python, "1.4.0"},
		"pyproject.toml":    {"pyproject.toml", "[project]\ndependencies = [\"oracledb>=2.0,<3\"]\n", "a.py", python, "2.0"},
		"Pipfile":           {"Pipfile", "[packages]\noracledb = \"==2.2.0\"\n", "a.py", python, "2.2.0"},
		"Pipfile.lock":      {"Pipfile.lock", `{"default": {"oracledb": {"version": "==2.3.0"}}}`, "a.py", python, "2.3.0"},
		"pom.xml": {"pom.xml", "<project><properties><pg.version>42.2.5</pg.version></properties><dependencies><dependency><groupId>org.postgresql</groupId><artifactId>postgresql</artifactId><version>${pg.version}</version></dependency></dependencies></project>",
			"A.java", `class A { String u = "jdbc:postgresql://db1/x?sslmode=require"; }`, "42.2.5"},
		"build.gradle.kts": {"build.gradle.kts", `dependencies { implementation("org.postgresql:postgresql:42.7.3") }`, "A.java", `class A { String u = "jdbc:postgresql://db1/x?sslmode=require"; }`, "42.7.3"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			r := lint(t, scan.Options{}, tree(t, map[string]string{c.file: c.text, c.source: c.code}))
			if !slices.ContainsFunc(r.Findings, func(f scan.Finding) bool {
				return strings.HasSuffix(f.File, c.source) && f.Version == c.version && strings.Contains(f.From, c.file)
			}) {
				t.Errorf("no client of version %s: %+v", c.version, r.Findings)
			}
		})
	}
}

func TestAWalkLeavesOutWhatIsNotOneselfsAndEnds(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("# x\n", scan.MaxText/4+1)
	dir := tree(t, map[string]string{
		"a.cs": mssString, "node_modules/m/b.cs": mssString, ".git/c.cs": mssString, "vendor/d.cs": mssString,
		"big.cs": big + mssString, "binary.cs": "\x00\x01" + mssString, "notes.unknown": mssString, "sub/e.cs": mssString,
	})
	for link, to := range map[string]string{"loop": ".", "sub/up": "..", "gone": "nowhere", "again.cs": "a.cs"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := lint(t, scan.Options{}, dir)
	var files, skipped []string
	for _, f := range r.Findings {
		files = append(files, filepath.Base(f.File))
	}
	for _, s := range r.Summary.Skipped {
		skipped = append(skipped, filepath.Base(s.File)+": "+s.Why)
	}
	slices.Sort(skipped)
	if fmt.Sprint(files) != "[a.cs e.cs]" && fmt.Sprint(files) != "[again.cs e.cs]" {
		t.Errorf("found clients in %v", files)
	}
	if want := fmt.Sprintf("[big.cs: longer than %d bytes binary.cs: binary]", scan.MaxText); fmt.Sprint(skipped) != want {
		t.Errorf("skipped %v, want %s", skipped, want)
	}
}

func TestAFileThatIsNamedIsReadWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"strings.list": "sqlcmd -N -S db1\n\nnothing to see\npostgres://db1/x?sslmode=disable\n"})
	r := lint(t, scan.Options{}, filepath.Join(dir, "strings.list"))
	if len(r.Findings) != 2 || r.Findings[0].Line != 1 || r.Findings[1].Line != 4 {
		t.Errorf("%+v", r.Findings)
	}
	if _, err := scan.Tree(t.Context(), []string{filepath.Join(dir, "none")}, scan.Options{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestUTF16AsWindowsWritesIt(t *testing.T) {
	t.Parallel()
	text := []byte{0xff, 0xfe}
	for _, c := range "sqlcmd -N -S db1\r\n" {
		text = append(text, byte(c), 0)
	}
	r := lint(t, scan.Options{}, tree(t, map[string]string{"run.cmd": string(text)}))
	if len(r.Findings) != 1 || r.Findings[0].Host != "db1" {
		t.Errorf("%+v", r.Findings)
	}
}

func TestThreeThousandFilesAreEachReadOnce(t *testing.T) {
	t.Parallel()
	const n = 3000
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("d%d/e%d/f%d.cs", i%10, i%100, i)] = strings.Repeat("// nothing\n", 100) + mssString
	}
	dir := tree(t, files)
	var steps atomic.Int64
	r := lint(t, scan.Options{Progress: func(done, all int) {
		if all != n || int64(done) != steps.Add(1) {
			t.Errorf("%d of %d", done, all)
		}
	}}, dir)
	if len(r.Findings) != n || r.Summary.Read != n || steps.Load() != n {
		t.Errorf("%d findings, %d read, %d steps", len(r.Findings), r.Summary.Read, steps.Load())
	}
	if !slices.IsSortedFunc(r.Findings, func(a, b scan.Finding) int { return strings.Compare(a.File, b.File) }) {
		t.Error("the findings are not in the order of their files")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scan.Tree(ctx, []string{dir}, scan.Options{}); err == nil {
		t.Error("a cancelled scan says nothing of it")
	}
}

// change is one from rds-ca-2019 to rds-ca-ecc384-g1, with trust stores of either.
func change(t *testing.T, until time.Time) (dir string, opts scan.Options) {
	t.Helper()
	h := pkitest.New(t, "us-east-1", time.Now())
	const from, to = "rds-ca-2019", "rds-ca-ecc384-g1"
	old, both := h.TrustStore(from), h.TrustStore(from, to)
	jks, err := store.Encode(store.Store{Format: store.JKS, Entries: []store.Entry{{Alias: "a", Cert: both[1]}}}, "changeit", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir = tree(t, map[string]string{"old.pem": string(pki.EncodeCertsPEM(old...)), "both.pem": string(pki.EncodeCertsPEM(both...)), "new.jks": string(jks)})
	return dir, scan.Options{
		CAs:    []scan.CA{{ID: from, Root: old[0]}, {ID: to, Root: both[1]}},
		Change: &clientconfig.Change{From: from, To: to, Until: until},
	}
}

func TestAPlannedChangeIsJudgedByWhatTrustStoresHold(t *testing.T) {
	t.Parallel()
	dir, opts := change(t, time.Time{})
	bridged := opts
	bridged.Change = &clientconfig.Change{From: opts.Change.From, To: opts.Change.To, Until: time.Date(2027, 8, 22, 0, 0, 0, 0, time.UTC)}
	for sentence, c := range map[string]struct {
		text    string
		opts    scan.Options
		verdict clientconfig.Verdict
		holds   string
	}{
		"the old root alone breaks":                {"sqlserver://sa@db1?encrypt=true&certificate=" + dir + "/old.pem", opts, clientconfig.Breaks, "[rds-ca-2019]"},
		"both roots are safe":                      {"sqlserver://sa@db1?encrypt=true&certificate=" + dir + "/both.pem", opts, clientconfig.Safe, "[rds-ca-2019 rds-ca-ecc384-g1]"},
		"the bridge covers the old root":           {"sqlserver://sa@db1?encrypt=true&certificate=" + dir + "/old.pem", bridged, clientconfig.Safe, "[rds-ca-2019]"},
		"a key store without its password":         {"jdbc:db2://db1:1/x:sslConnection=true;sslClientHostnameValidation=BASIC;sslTrustStoreLocation=" + dir + "/new.jks;", opts, clientconfig.Safe, "[rds-ca-ecc384-g1]"},
		"a store that is not there is unknown":     {"sqlserver://sa@db1?encrypt=true&certificate=" + dir + "/none.pem", opts, clientconfig.Unknown, "[]"},
		"the system's store is unknown":            {"sqlserver://sa@db1?encrypt=true", opts, clientconfig.Unknown, ""},
		"what trusts everybody does not verify":    {"sqlserver://sa@db1?encrypt=true&certificate=" + dir + "/old.pem&TrustServerCertificate=true", opts, clientconfig.DoesNotVerify, ""},
		"a variable in the path is unknown":        {"sqlserver://sa@db1?encrypt=true&certificate=$HOME/old.pem", opts, clientconfig.Unknown, "[]"},
		"versions that differ in it are unknown":   {"Server=db1;Database=x;User ID=a", opts, clientconfig.Unknown, ""},
		"versions that agree on nothing are known": {"Server=db1;Database=x;User ID=a;TrustServerCertificate=True", opts, clientconfig.DoesNotVerify, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			found, err := scan.Text(c.text, c.opts)
			if err != nil || len(found) == 0 {
				t.Fatal(found, err)
			}
			f := found[0]
			holds := ""
			if f.Holds != nil {
				holds = fmt.Sprint(f.Holds.CAs)
			}
			if f.Verdict != c.verdict || holds != c.holds {
				t.Errorf("%s, holds %s: %s; want %s, %s (%+v)", f.Verdict, holds, f.Why, c.verdict, c.holds, f.Holds)
			}
			if bounded := f.Until != ""; bounded != (sentence == "the bridge covers the old root") {
				t.Errorf("until %q", f.Until)
			}
		})
	}
}

func TestAPathIsRelativeToTheFileItStandsIn(t *testing.T) {
	t.Parallel()
	dir, opts := change(t, time.Time{})
	conf := "[db1]\nhost = db1\nencryption = require\nca file = ../both.pem\n"
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc", "freetds.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	r := lint(t, opts, filepath.Join(dir, "etc"))
	if len(r.Findings) != 1 || r.Findings[0].Verdict != clientconfig.Safe {
		t.Errorf("%+v", r.Findings)
	}
}

func TestTheProfileBesideNetServiceNamesDecidesToo(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"tnsnames.ora": "SHOP =\n (DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db1)(PORT=2484))\n (CONNECT_DATA=(SERVICE_NAME=shop)))\n# a comment\nPLAIN=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db2)(PORT=1521)))\n",
		"sqlnet.ora":   "SSL_SERVER_DN_MATCH = YES\nWALLET_LOCATION = (SOURCE=(METHOD=FILE)(METHOD_DATA=(DIRECTORY=/opt/w)))\n",
	})
	r := lint(t, scan.Options{}, filepath.Join(dir, "tnsnames.ora"))
	if len(r.Findings) != 2 {
		t.Fatalf("%+v", r.Findings)
	}
	shop, plain := r.Findings[0], r.Findings[1]
	if shop.Verifies != name || shop.Trust != (clientconfig.Trust{Kind: clientconfig.TrustWallet, Path: "/opt/w"}) || shop.Line != 1 {
		t.Errorf("%+v", shop)
	}
	if plain.Encrypts != never || plain.Line != 5 || plain.Host != "db2" {
		t.Errorf("%+v", plain)
	}
}
