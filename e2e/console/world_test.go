// Package console_test drives the web console of the ordinary program as people
// do: in a real Chromium, by roles and labels, against real servers. What a
// journey has done is then looked at from outside the console: on the wire, in
// the engine, by the API. DBTLS_SCREENSHOTS names a directory that keeps how every
// page looked.
package console_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// scriptLimit bounds one journey in the browser.
const scriptLimit = 100 * time.Second

// world is a server and a browser that is able to sign in at it.
type world struct {
	*harness.Server
	browser string // where scripts find it
	shots   string // where screenshots are put
}

// object is what a script is told.
type object = map[string]any

// open starts both. Without Chromium or npm the test is skipped, or fails when
// DBTLS_REQUIRE_ENGINES is 1.
func open(t *testing.T) *world {
	t.Helper()
	chromium := program(t, "chromium", "chromium-browser", "google-chrome")
	program(t, "node")
	install(t, program(t, "npm"))
	w := &world{Server: harness.Start(t, harness.Data(t)), shots: os.Getenv("DBTLS_SCREENSHOTS")}
	if resp, body := w.Get(t, "/console/"); resp.StatusCode != 200 {
		missing(t, "the program was built without its console: "+string(body))
	}
	if w.shots == "" {
		w.shots = t.TempDir()
	}
	if err := os.MkdirAll(w.shots, 0o755); err != nil {
		t.Fatal(err)
	}
	w.browser = w.start(t, chromium)
	return w
}

// program finds the first of some programs that is here.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "no "+strings.Join(names, " or "))
	return ""
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("DBTLS_REQUIRE_ENGINES") == "1" {
		t.Fatalf("%s, and DBTLS_REQUIRE_ENGINES is 1", what)
	}
	t.Skip("SKIPPED: " + what)
}

// install fetches what the scripts import, when it is not there as locked.
func install(t *testing.T, npm string) {
	t.Helper()
	have, err := os.Stat("browser/node_modules/.package-lock.json")
	want, err2 := os.Stat("browser/package-lock.json")
	if err == nil && err2 == nil && !have.ModTime().Before(want.ModTime()) {
		return
	}
	cmd := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	cmd.Dir = "browser"
	if out, err := cmd.CombinedOutput(); err != nil {
		missing(t, "npm ci: "+err.Error()+": "+string(out))
	}
}

// start runs the browser until the test ends, and returns where it listens. It
// takes the server's certificate by its key, and no other certificate.
func (w *world) start(t *testing.T, chromium string) string {
	t.Helper()
	cmd := exec.Command("node", "browser/serve.mjs", chromium, w.keyPin(t))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	t.Cleanup(func() {
		in.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("the browser ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	return strings.TrimSpace(line)
}

// keyPin is the SHA-256 of the server's public key, as Chromium takes it.
func (w *world) keyPin(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true}) // only to learn the key
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// link is a sign-in link, as `dbtls console` prints it.
func (w *world) link(t *testing.T) string {
	t.Helper()
	var link struct{ URL string }
	out := w.dbtls(t, "console", "--data", w.Dir, "--json")
	if err := json.Unmarshal([]byte(out), &link); err != nil || link.URL == "" {
		t.Fatalf("dbtls console: %v: %s", err, out)
	}
	return link.URL
}

// dbtls runs the program, which has to succeed.
func (w *world) dbtls(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dbtls %v: %v: %s", args, err, errs.String())
	}
	return string(out)
}

// walk runs a script of browser/ and returns what it reports. A script ends
// badly when a step is not possible, a page has an error on its console, breaks
// its policy, or asks another host.
func (w *world) walk(t *testing.T, script string, more object) object {
	t.Helper()
	told := object{"browser": w.browser, "url": w.URL, "link": w.link(t), "shots": w.shots, "name": strings.TrimSuffix(script, ".mjs")}
	maps.Copy(told, more)
	in, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join("browser", script))
	cmd.Stdin = bytes.NewReader(in) // a link is no argument: others read those
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	for _, line := range lines[:len(lines)-1] {
		t.Logf("%s", line)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", script, err, errs.String(), lines[len(lines)-1])
	}
	var report object
	if err := json.Unmarshal(lines[len(lines)-1], &report); err != nil && err != io.EOF {
		t.Fatalf("%s reports %q: %v", script, lines[len(lines)-1], err)
	}
	return report
}
