package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const lookPassword = "correct horse"

// sqlServer is a simulated one, which has logins and the view that is asked; its
// URL and the file of its root.
func sqlServer(t *testing.T) (url, ca string, h *engine.Host) {
	t.Helper()
	e, ok := engines.ByName("sqlserver-se")
	if !ok {
		t.Fatal("no such engine")
	}
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, "rds-ca-rsa2048-g1", "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	version := e.Spec.Versions[len(e.Spec.Versions)-1]
	h = &engine.Host{
		Version: version, Address: "127.0.0.1", Parameters: e.Spec.Values(version, nil), Sessions: &engine.Sessions{},
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
		Login:       func(u, p string) bool { return u == "reader" && p == lookPassword },
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); clients.Wait() })
	clients.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer c.Close()
				if err := e.Simulator.Serve(ctx, c, h); err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	})
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pki.EncodeCertsPEM(world.TrustStore("rds-ca-rsa2048-g1")...), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlserver://" + l.Addr().String(), ca, h
}

// lookedAt runs a command line of dbtls sessions with a password on standard
// input where it is asked for there.
func lookedAt(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	var o lookOptions
	c := &cobra.Command{Use: "sessions", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error { return lookAt(c, args[0], o) }}
	o.flags(c)
	c.SetArgs(args)
	c.SetIn(strings.NewReader(lookPassword + "\n"))
	c.SetOut(&out)
	c.SetErr(io.Discard)
	c.SilenceErrors, c.SilenceUsage = true, true
	err = c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSessionsOfAServerByItsURL(t *testing.T) {
	t.Parallel()
	url, ca, h := sqlServer(t)
	h.Sessions.Add(engine.Session{User: "app", Client: "192.0.2.9", Since: time.Now()})
	out, err := lookedAt(t, url, "--user", "reader", "--password-file", "-", "--ca", ca)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"USER", "192.0.2.9", "plain", "(dbtls)", "clients' sessions without TLS 1, with TLS 0.\n", "One look shows the sessions that are open at that moment",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, lookPassword) {
		t.Errorf("the password is printed:\n%s", out)
	}
	for end := time.Now().Add(20 * time.Second); len(h.Sessions.List()) > 1 && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // the server has not noticed yet that the look is over
	}
	out, err = lookedAt(t, url, "--user", "reader", "--password-file", "-", "--ca", ca, "--json")
	var got seenReport
	if err != nil || json.Unmarshal([]byte(out), &got) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Looks != 1 || len(got.Clients) != 2 || got.Clients[0].TLS != evidence.Plain || got.Clients[0].How != evidence.FromView || got.Clients[0].Count != 1 || !got.Clients[1].Own || got.Limits == "" {
		t.Errorf("%+v", got)
	}
}

func TestAWatchMergesWhatItSees(t *testing.T) {
	t.Parallel()
	url, ca, h := sqlServer(t)
	h.Sessions.Add(engine.Session{User: "app", Client: "192.0.2.9", Since: time.Now()})
	out, err := lookedAt(t, url, "--user", "reader", "--password-file", "-", "--ca", ca, "--json", "--watch", "2500ms")
	var got seenReport
	if err != nil || json.Unmarshal([]byte(out), &got) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Looks < 2 || got.Failed != 0 || len(got.Clients) != 2 || got.Clients[0].Count != 1 || !got.Clients[0].Last.After(got.Clients[0].First) {
		t.Errorf("one session, seen %d times: %+v", got.Looks, got)
	}
	if own := got.Clients[1]; !own.Own || own.Count != int64(got.Looks) {
		t.Errorf("%d looks are %d sessions: %+v", got.Looks, own.Count, own)
	}
}

func TestALookIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	url, ca, _ := sqlServer(t)
	_, other, _ := sqlServer(t)
	for rule, c := range map[string]struct {
		args []string
		want string
	}{
		"no user":                       {[]string{url}, "--print-role"},
		"no such mode":                  {[]string{url, "--user", "x", "--ssl-mode", "prefer"}, "--ssl-mode is none, require"},
		"no such engine":                {[]string{"dbase://h", "--user", "x"}, "unknown engine"},
		"a product without a query":     {[]string{"db2://h", "--user", "x"}, "cannot ask IBM Db2"},
		"a watch without an end":        {[]string{url, "--user", "x", "--watch", "25h"}, "--watch is 0 to"},
		"a time that is over":           {[]string{url, "--user", "x", "--timeout", "0s"}, "--timeout is more than 0"},
		"standard input twice":          {[]string{url, "--user", "x", "--ca", "-", "--password-file", "-"}, "one of them"},
		"a wrong password":              {[]string{url, "--user", "reader", "--password", "wrong", "--ca", ca}, "refuses the login"},
		"a CA that is not the server's": {[]string{url, "--user", "reader", "--password", lookPassword, "--ca", other}, "certificate"},
		"a role that there is not":      {[]string{"db2://h", "--print-role"}, "no account"},
	} {
		out, err := lookedAt(t, c.args...)
		if err == nil || !strings.Contains(message(err), c.want) || out != "" {
			t.Errorf("%s: %q, %v; want %q", rule, out, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), lookPassword) || strings.Contains(err.Error(), "wrong\"")) {
			t.Errorf("%s: the password is told: %v", rule, err)
		}
	}
}

// A server that says that it has no TLS, or somebody between who says so, gets
// no password.
func TestNoPasswordIsSentInPlainUnlessThatWasSaid(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	heard := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.ReadFull(c, make([]byte, 8)) // SSLRequest
		_, _ = io.WriteString(c, "N")
		rest, _ := io.ReadAll(io.LimitReader(c, 1<<10))
		heard <- string(rest)
	}()
	_, err = lookedAt(t, "postgres://"+l.Addr().String(), "--user", "reader", "--password", lookPassword, "--ssl-mode", "require")
	if !errors.Is(err, engine.ErrNoTLS) || !strings.Contains(err.Error(), "--ssl-mode none") {
		t.Errorf("%v", err)
	}
	if got := <-heard; got != "" {
		t.Errorf("the server heard %q", got)
	}
}

func TestRolesArePrintedForEachProductThatHasOne(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[string]string{
		"postgres": `GRANT pg_read_all_stats TO "dbtls_reader"`, "aurora-postgresql": "pg_read_all_stats", "mysql": "GRANT SELECT (THREAD_ID", "mariadb": "GRANT SELECT (THREAD_ID",
		"aurora": "performance_schema.threads", "sqlserver": "GRANT VIEW SERVER STATE TO [dbtls_reader]", "oracle": "GRANT SELECT ON SYS.V_$SESSION TO DBTLS_READER",
		"mongodb": "clusterMonitor", "redshift": "SYSLOG ACCESS UNRESTRICTED",
	} {
		out, err := lookedAt(t, scheme+"://db.example", "--print-role")
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", scheme, err, out)
		}
	}
	if out, err := lookedAt(t, "mysql://db.example", "--print-role", "--user", "re`ader"); err != nil || !strings.Contains(out, "`re``ader`@'%'") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSightingsAreMergedIntoRows(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	session := func(id, user string, tls engine.TLSState) engine.Sighting {
		return engine.Sighting{Kind: engine.SightSession, Session: id, User: user, Source: "192.0.2.1", TLS: tls, At: at}
	}
	s := newSeen("mysql://db:3306")
	s.add(engine.Look{At: at, Sessions: []engine.Sighting{session("1", "app", engine.TLSEncrypted), session("2", "app", engine.TLSPlain)}})
	later := at.Add(time.Minute)
	unknown := session("4", "job", engine.TLSUnknown)
	unknown.Why = "performance_schema is off"
	thread := engine.Sighting{Kind: engine.SightSession, Session: "5", User: "event_scheduler", TLS: engine.TLSUnknown, Internal: true}
	s.add(engine.Look{
		At: later, Sessions: []engine.Sighting{session("1", "app", engine.TLSEncrypted), session("3", "app", engine.TLSEncrypted), unknown, thread},
		Unknown: unknown.Why, Fix: "turn it on", Since: at, Counts: []engine.LoginCount{{User: "app", Source: "192.0.2.1", Logins: 7}, {User: "cron", Source: "192.0.2.5", Logins: 50}, {User: "root", Source: "local", Logins: 9, Own: true}},
	})
	s.missed(errors.New("connection refused"))
	var rows []string
	for _, r := range s.sorted() {
		rows = append(rows, fmt.Sprint(r.User, " ", r.TLS, " ", r.Count, " ", r.First.Sub(at), " ", r.Last.Sub(at)))
	}
	if got, want := strings.Join(rows, "; "), "app plain 1 0s 0s; job unknown 1 1m0s 1m0s; app encrypted 2 0s 1m0s; event_scheduler unknown 1 1m0s 1m0s"; got != want {
		t.Errorf("rows %s\nwant %s", got, want)
	}
	r := s.report()
	if r.Looks != 2 || r.Failed != 1 || r.Unknown == "" || len(r.Logins) != 2 || r.Logins[0].Logins != 7 || r.ServerSince == nil {
		t.Errorf("%+v", r)
	}
	var out bytes.Buffer
	if err := s.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"clients' sessions without TLS 1, with TLS 2, of which the server does not say 1.", "Not known: performance_schema is off.", "To know it: turn it on.",
		"do not say how: cron from 192.0.2.5 50 times.\n", "Looks that failed: 1, the last with: connection refused", "event_scheduler (server)", "2 looks, one a second",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
