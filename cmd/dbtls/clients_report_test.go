package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestADryReportShowsAllAndSendsNothing(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	path := filepath.Join(t.TempDir(), "run.sh")
	text := "psql 'host=127.0.0.1 user=app password=" + lintSecret + " sslmode=verify-full sslrootcert=gone.pem'\n" +
		"mariadb -h 127.0.0.1 -uapp -p" + lintSecret + " --ssl-mode=REQUIRED --ssl-cipher=AES256-SHA --tls-version=TLSv1.2\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	invoke := func(args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = run(t.Context(), append([]string{"clients", "report"}, args...), &out, &errs)
		if strings.Contains(out.String()+errs.String(), lintSecret) {
			t.Errorf("%v prints a password: %s%s", args, out.String(), errs.String())
		}
		return code, out.String(), errs.String()
	}
	code, out, errs := invoke(path, "--app", "shop", "--source", "203.0.113.7", "--dry-run")
	for _, want := range []string{"application shop, seen from 203.0.113.7", path + ":1", "gone.pem (not read)", "there is no such file", "nothing was sent", "RSA certificates alone"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d: it lacks %q: %s%s", code, want, out, errs)
		}
	}
	code, out, errs = invoke(path, "--dry-run", "--json")
	var r reported
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil || r.Taken != nil || len(r.Report.Clients) != 2 || !slices.Equal(r.Report.Sources, []string{"127.0.0.1"}) || len(r.Notes) != 1 {
		t.Errorf("exit code %d, %v: %s%s", code, err, out, errs)
	}
	for says, args := range map[string][]string{
		"no server is named": {path},
		"no IP address":      {path, "--dry-run", "--source", "app1"},
		"unknown engine":     {path, "--dry-run", "--database", "x://db1"},
		"user":               {path, "--dry-run", "--database", "postgres://a:" + lintSecret + "@db1"},
	} {
		if code, out, errs := invoke(args...); code != 2 || !strings.Contains(errs, says) || out != "" {
			t.Errorf("%v: exit code %d: %s%s", args, code, out, errs)
		}
	}
	if code, _, errs := invoke(t.TempDir(), "--dry-run"); code != 1 || !strings.Contains(errs, "no client's configuration") {
		t.Errorf("nothing there: exit code %d: %s", code, errs)
	}
}
