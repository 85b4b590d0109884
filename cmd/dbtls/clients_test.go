package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// lintSecret is the password of every string below.
const lintSecret = "hunter2-XYZZY"

// lintTree is a source tree with clients of many kinds, and a directory of
// trust stores.
func lintTree(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	h := pkitest.New(t, "us-east-1", time.Now())
	for name, text := range map[string]string{
		"app/appsettings.json":  `{"ConnectionStrings": {"A": "Server=db1;Database=shop;User ID=app;Password=` + lintSecret + `;Encrypt=True;TrustServerCertificate=True"}}`,
		"app/Main.java":         `class A { String u = "jdbc:mysql://db1/shop?user=app&password=` + lintSecret + `&sslMode=VERIFY_CA"; }`,
		"app/.env":              "DATABASE_URL=postgres://app:" + lintSecret + "@db1/shop?sslmode=verify-full&sslrootcert=../old.pem\n",
		"app/run.sh":            "PGPASSWORD=" + lintSecret + " psql 'host=db1 sslmode=require'\nmysql -h db1 -uapp -p" + lintSecret + " --ssl-mode=REQUIRED\nsqlcmd -N -S db1 -U sa -P " + lintSecret + "\nsqlplus scott/" + lintSecret + "@tcps://db1:2484/shop\n",
		"app/config.yml":        "db:\n  url: mongodb://app:" + lintSecret + "@db1/shop?tls=true\n  password: " + lintSecret + "\n",
		"old.pem":               string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019")...)),
		"new-root.pem":          string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-ecc384-g1")...)),
		"both/certificates.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019", "rds-ca-ecc384-g1")...)),
	} {
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

// lintInput runs dbtls clients lint with a standard input.
func lintInput(t *testing.T, in string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetArgs(append([]string{"clients", "lint"}, args...))
	root.SetIn(strings.NewReader(in))
	root.SetOut(&out)
	root.SetErr(&errs)
	if err := root.ExecuteContext(t.Context()); err != nil {
		errs.WriteString(message(err))
		code = 1
		if isUsage(err) {
			code = 2
		}
	}
	return code, out.String(), errs.String()
}

func TestNoFormOfOutputHoldsAPassword(t *testing.T) {
	t.Parallel()
	dir := lintTree(t)
	app := filepath.Join(dir, "app")
	change := []string{"--ca", dir + "/old.pem", "--ca", dir + "/new-root.pem", "--from", "old", "--to", "new", "--bridge-until", "2099-01-02"}
	for _, args := range [][]string{{app}, {app, "--json"}, {app, "--sarif"}, append([]string{app}, change...), append([]string{app, "--json"}, change...), append([]string{app, "--fail-on", "does-not-verify,unknown"}, change...)} {
		_, out, errs := lintInput(t, "", args...)
		if strings.Contains(out+errs, "XYZZY") || strings.Contains(out+errs, "hunter2") {
			t.Errorf("%v: a password is printed:\n%s%s", args, out, errs)
		}
		for _, what := range []string{"db1", "microsoft-data-sqlclient", "mysql-connector-j", "sqlcmd", "oracle-client"} {
			if !strings.Contains(out, what) {
				t.Errorf("%v: nothing of %s in\n%s%s", args, what, out, errs)
			}
		}
	}
	for _, text := range []string{
		"postgres://app:" + lintSecret + "@db1/shop", "Server=db1;Database=x;User ID=a;Password=" + lintSecret, "mysql -h db1 -p" + lintSecret,
		"nobody://knows:" + lintSecret + "@this", "password=" + lintSecret, "sqlplus scott/" + lintSecret + "@db1",
	} {
		for _, more := range [][]string{nil, {"--json"}, {"--sarif"}, {"--driver", "pgx@5.1"}} {
			_, out, errs := lintInput(t, text+"\n", append([]string{"-"}, more...)...)
			_, out2, errs2 := lintInput(t, "", append([]string{text}, more...)...)
			if all := out + errs + out2 + errs2; strings.Contains(all, "XYZZY") {
				t.Errorf("%s %v: a password is printed:\n%s", text, more, all)
			}
		}
	}
}

func TestAStringPerLineOfStandardInputGetsAnAnswer(t *testing.T) {
	t.Parallel()
	in := "sqlcmd -N -S db1\n\nwhat is this\nsqlserver://sa@db1?encrypt=true&trustservercertificate=true\n"
	code, out, errs := lintInput(t, in, "-", "--json")
	var r scan.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || errs != "" {
		t.Fatalf("%d %s %v", code, errs, err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, strings.Join([]string{f.Driver, string(f.Encrypts), string(f.Verifies)}, "/"))
	}
	if want := "sqlcmd/always/chain and name /unknown/unknown go-mssqldb/always/nothing"; strings.Join(got, " ") != want || r.Findings[2].Line != 4 {
		t.Errorf("%v\nwant %s", got, want)
	}
	if s := r.Summary; s.Total != 3 || s.Name != 1 || s.Nothing != 1 || s.Unknown != 1 {
		t.Errorf("%+v", s)
	}
}

func TestTheFieldsOfTheJSONAreStable(t *testing.T) {
	t.Parallel()
	dir := lintTree(t)
	_, out, errs := lintInput(t, "", filepath.Join(dir, "app", ".env"), "--json", "--ca", dir+"/old.pem", "--ca", dir+"/new-root.pem", "--from", "old", "--to", "new")
	var r struct {
		Findings []map[string]json.RawMessage
		Summary  map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Findings) == 0 {
		t.Fatalf("%v %s%s", err, out, errs)
	}
	for _, field := range []string{"file", "line", "driver", "text", "encrypts", "verifies", "trust", "outcomes", "holds", "verdict", "why", "fix"} {
		if _, ok := r.Findings[0][field]; !ok {
			t.Errorf("no %s in %s", field, out)
		}
	}
	for _, field := range []string{"files", "read", "total", "verify_nothing", "verify_unknown", "breaks", "cas", "from", "to"} {
		if _, ok := r.Summary[field]; !ok {
			t.Errorf("no %s in the summary %s", field, out)
		}
	}
}

func TestAPlannedChangeBreaksWhoHoldsTheOldRootAlone(t *testing.T) {
	t.Parallel()
	dir := lintTree(t)
	args := []string{filepath.Join(dir, "app", ".env"), "--ca", dir + "/old.pem", "--ca", dir + "/new-root.pem", "--from", "old", "--to", "new"}
	code, out, errs := lintInput(t, "", append(args, "--fail-on", "breaks")...)
	if code != 1 || !strings.Contains(out, string(clientconfig.Breaks)) || !strings.Contains(out, "holds old") || !strings.Contains(errs, "breaks: 1 of 1") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if code, out, errs = lintInput(t, "", append(args, "--fail-on", "breaks", "--bridge-until", "2099-01-02")...); code != 0 || !strings.Contains(out, string(clientconfig.Safe)) || !strings.Contains(out, "2099-01-02") {
		t.Errorf("over the bridge: %d %s%s", code, out, errs)
	}
	code, out, errs = lintInput(t, "", "sqlserver://sa@db1?encrypt=true&certificate="+dir+"/both/certificates.pem", "--ca", dir+"/old.pem", "--ca", dir+"/new-root.pem", "--from", "old", "--to", "new", "--fail-on", "breaks,does-not-verify,unknown")
	if code != 0 || !strings.Contains(out, string(clientconfig.Safe)) {
		t.Errorf("both: %d %s%s", code, out, errs)
	}
	if code, out, _ = lintInput(t, "", "sqlserver://sa@db1?encrypt=true"); code != 0 || strings.Contains(out, "UNKNOWN") || strings.Contains(out, "SAFE") {
		t.Errorf("a verdict without a planned change: %d %s", code, out)
	}
}

func TestFailOnIsTheExitCode(t *testing.T) {
	t.Parallel()
	blind, sure, unclear := "sqlserver://sa@db1?encrypt=true&trustservercertificate=true", "sqlcmd -N -S db1", "sqlcmd -S db1"
	for _, c := range []struct {
		text, on string
		code     int
	}{{blind, "", 0}, {blind, "does-not-verify", 1}, {blind, "unknown", 0}, {sure, "does-not-verify,unknown", 0}, {unclear, "unknown", 1}, {unclear, "does-not-verify", 0}} {
		args := []string{c.text}
		if c.on != "" {
			args = append(args, "--fail-on", c.on)
		}
		if code, out, errs := lintInput(t, "", args...); code != c.code {
			t.Errorf("%s --fail-on %s: %d, want %d\n%s%s", c.text, c.on, code, c.code, out, errs)
		}
	}
}

func TestLintRefusesWhatItCannotUnderstand(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	dir := lintTree(t)
	file := filepath.Join(dir, "app", ".env")
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "a connection string"}, {[]string{"-", "-"}, "once"}, {[]string{"no such thing"}, "neither a file, nor a directory, nor a connection string"},
		{[]string{file, "--json", "--sarif"}, "one of --json and --sarif"}, {[]string{file, "--fail-on", "rain"}, "--fail-on is"},
		{[]string{file, "--fail-on", "breaks"}, "--from CA and --to CA"}, {[]string{file, "--driver", "none@1"}, "--list-drivers"},
		{[]string{file, "--from", "a"}, "two ends"}, {[]string{file, "--from", "a", "--to", "b"}, "--ca FILE"},
		{[]string{file, "--from", "a", "--to", "b", "--bridge-until", "tomorrow"}, "is a date"}, {[]string{file, "--bridge-until", "2027-01-01"}, "--from and --to"},
		{[]string{file, "--ca", dir + "/old.pem", "--from", "old", "--to", "other"}, `"old"`}, {[]string{file, "--ca", dir + "/old.pem", "--from", "old", "--to", "OLD"}, "same CA"},
	} {
		code, out, errs := lintInput(t, "", c.args...)
		if code != 2 || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%v: %d %s%s", c.args, code, out, errs)
		}
	}
	if code, _, errs := lintInput(t, "", file, "--ca", file); code != 1 || !strings.Contains(errs, ".env") {
		t.Errorf("a CA file that is none: %d %s", code, errs)
	}
}

func TestEveryDriverThatIsListedHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	code, out, _ := lintInput(t, "", "--list-drivers", "--json")
	var all []listedDriver
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 || len(all) < 30 {
		t.Fatalf("%d %v %s", code, err, out)
	}
	seen := map[string]bool{}
	for _, d := range all {
		if seen[d.ID] || d.ID == "" || d.Name == "" || d.Measured > d.Rules {
			t.Errorf("%+v", d)
		}
		seen[d.ID] = true
	}
	if _, table, _ := lintInput(t, "", "--list-drivers"); strings.Count(table, "\n") != len(all)+1 {
		t.Errorf("the table has other lines than %d drivers:\n%s", len(all), table)
	}
}
