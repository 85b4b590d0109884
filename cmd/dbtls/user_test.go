package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
)

// startServer serves from a fresh data directory until the test ends.
func startServer(t *testing.T) (data string) {
	t.Helper()
	// Short, because socket paths in it have a limit, and open to engines' users.
	dir, err := os.MkdirTemp("/tmp", "dbtls-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(dir, "data")
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var log bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, in, &log)
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if c := <-code; c != 0 {
			t.Errorf("dbtls serve ends with exit code %d: %s", c, log.String())
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("dbtls serve says %q, %v", line, err)
	}
	return data
}

// does is a command line that must work; it returns what it printed.
func does(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := execute(args...)
	if code != 0 {
		t.Fatalf("dbtls %s: exit code %d, %s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// fails is one that must not, for a reason that it names.
func fails(t *testing.T, says string, args ...string) {
	t.Helper()
	code, out, errs := execute(args...)
	if code != 1 || out != "" || !strings.Contains(errs, says) {
		t.Errorf("dbtls %s: exit code %d, %s%s, want %q", strings.Join(args, " "), code, out, errs, says)
	}
}

// as makes the environment that of a shell which evaluated these lines.
func as(t *testing.T, lines string) {
	t.Helper()
	out, err := exec.Command("sh", "-c", lines+"\nenv -0").Output()
	if err != nil {
		t.Fatal(err)
	}
	set := 0
	for _, kv := range strings.Split(string(out), "\x00") {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
			set++
		}
	}
	if set < 5 {
		t.Fatalf("%d variables are set by %q", set, lines)
	}
}

func TestUsersFromTheFirstToTheLast(t *testing.T) {
	at := "--data=" + startServer(t)
	table := does(t, "user", "add", "ann", "--role", "operator", at)
	if !regexp.MustCompile(`(?m)^user +ann\nrole +operator\naccess key id +AKIA[A-Z2-7]{16}\nsecret access key +\S{40}\n\nThe secret is not shown again\.\n$`).MatchString(table) {
		t.Errorf("printed is\n%s", table)
	}
	var rita native.UserKey
	if err := json.Unmarshal([]byte(does(t, "user", "add", "rita", "--role", "read-only", "--json", at)), &rita); err != nil || rita.Name != "rita" || rita.Role != "read-only" {
		t.Errorf("%+v, %v", rita, err)
	}
	list := does(t, "user", "list", at)
	if !regexp.MustCompile(`^USER +ROLE +ACCESS KEY ID +KEY MADE\nadmin +admin +AKIA.*\nann +operator +AKIA.*\nrita +read-only +`+rita.AccessKeyID+` +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(list) || strings.Contains(list, rita.SecretAccessKey) {
		t.Errorf("listed are\n%s", list)
	}
	fails(t, "a user \"ann\"", "user", "add", "Ann", "--role", "admin", at)
	fails(t, "read-only, operator, admin", "user", "add", "bob", "--role", "king", at)
	fails(t, "no user \"bob\"", "user", "rotate-key", "bob", at)
	fails(t, "rotate-key admin", "user", "remove", "admin", at)

	as(t, does(t, "user", "rotate-key", "ann", "--env", at))
	does(t, "freeze", "--reason", "by ann") // an operator, by the environment alone
	does(t, "unfreeze")
	fails(t, "User: ann is not authorized to perform: dbtls:AcceptClock with role operator; it takes role admin", "clock", "accept")
	fails(t, "dbtls:ListUsers", "user", "list")
	does(t, "user", "remove", "ann", at)
	fails(t, "InvalidClientTokenId", "status")

	old := does(t, "env", at)
	does(t, "user", "rotate-key", "admin", at)
	as(t, old)
	fails(t, "InvalidClientTokenId", "status")
	as(t, does(t, "env", at))
	does(t, "status")
	does(t, "user", "remove", "rita", at)
	if list := does(t, "user", "list", at); strings.Count(list, "\n") != 2 {
		t.Errorf("left are\n%s", list)
	}
}

func TestCallsAreInTheAuditLogOnRequest(t *testing.T) {
	t.Parallel()
	at := "--data=" + startServer(t)
	does(t, "user", "add", "ann", "--role", "operator", at)
	fails(t, "UserExists", "user", "add", "ann", "--role", "operator", at)
	does(t, "status", at)
	log := does(t, "audit", at)
	if strings.Contains(log, "ReadStatus") || !regexp.MustCompile(`admin +AddUser +ann +role operator(?s:.*)admin +AddUser +ann +refused: UserExists`).MatchString(log) {
		t.Errorf("without calls:\n%s", log)
	}
	want := regexp.MustCompile(`(?s)admin +AddUser +ann +role operator.*admin +AddUser +ann +refused: UserExists.*admin +ReadStatus`)
	for end := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
		log := does(t, "audit", "--calls", at)
		if want.MatchString(log) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("with calls:\n%s", log)
		}
	}
	var calls, others int
	for line := range strings.Lines(does(t, "audit", "--calls", "--json", at)) {
		var a native.AuditLine
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Action == "" {
			t.Errorf("%q: %v", line, err)
		}
		if a.Call {
			calls++
		} else {
			others++
		}
	}
	if calls < 2 || others < 4 {
		t.Errorf("%d calls and %d others", calls, others)
	}
}

func TestAWrongUserCommandIsExitCode2(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"user nonsense", "user add", "user add a b --role admin", "user add ann", "user add ann --role admin --json --env --data d", "user rotate-key",
		"user rotate-key a b", "user remove", "user list extra", "audit --calls=maybe",
	} {
		if code, out, errs := execute(strings.Fields(line)...); code != 2 || out != "" || !strings.HasPrefix(errs, "dbtls: ") {
			t.Errorf("dbtls %s: exit code %d, %s%s", line, code, out, errs)
		}
	}
}
