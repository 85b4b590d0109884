package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

// pgServer answers SSLRequest with TLS, with a chain for 127.0.0.1, and returns
// its URL and the files of its root and of another.
func pgServer(t *testing.T) (url, ca, otherCA string) {
	t.Helper()
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Leaf(t, "rds-ca-rsa2048-g1", "127.0.0.1", "db.example")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
					return
				}
				_, _ = io.WriteString(c, "S")
				s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pkitest.TLS(chain, key)}})
				if s.Handshake() == nil {
					_, _ = io.Copy(io.Discard, s)
				}
			}()
		}
	}()
	dir := t.TempDir()
	put := func(name, ca string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pki.EncodeCertsPEM(h.TrustStore(ca)...), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return "postgres://" + l.Addr().String(), put("ca.pem", "rds-ca-rsa2048-g1"), put("other.pem", "rds-ca-2019")
}

// probed runs a command line as main does and gives its exit code.
func probed(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	c := probeCommand()
	c.SetArgs(args)
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.ExecuteContext(t.Context())
	switch {
	case err == nil:
	case isUsage(err):
		code = 2
	default:
		code = 1
	}
	if err != nil {
		fmt.Fprint(&errs, message(err))
	}
	return out.String(), errs.String(), code
}

func TestProbeTellsByItsExitCode(t *testing.T) {
	url, ca, other := pgServer(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad, both := file("good", url+" # one\n\n"), file("bad", url+"\npostgres//x\n"), file("both", url+"\npostgres://127.0.0.1:1\n")
	t.Setenv("SSL_CERT_FILE", ca)
	for rule, c := range map[string]struct {
		args  []string
		stdin string
		code  int
		says  string
	}{
		"a good server":               {[]string{url, "--ca", ca}, "", 0, "* verify-full  connects"},
		"against the system's roots":  {[]string{url}, "", 0, "this system's 1 roots"},
		"the wrong CA":                {[]string{url, "--ca", other}, "", 1, "* verify-full  DOES NOT CONNECT  UnknownCA (chain)"},
		"the wrong CA, not verified":  {[]string{url, "--ca", other, "--ssl-mode", "require"}, "", 0, "* require      connects"},
		"the wrong name":              {[]string{url, "--ca", ca, "--server-name", "x.example"}, "", 1, "WrongName (name)"},
		"another right name":          {[]string{url, "--ca", ca, "--server-name", "db.example"}, "", 0, "connects to db.example"},
		"a good list":                 {[]string{"--targets", good, "--ca", ca}, "", 0, "verify-full"},
		"a list on standard input":    {[]string{"--targets", "-", "--ca", ca}, url, 0, "verify-full"},
		"the CA on standard input":    {[]string{url, "--ca", "-"}, string(read(t, ca)), 0, "connects"},
		"one of a list fails":         {[]string{"--targets", both, "--ca", ca}, "", 1, "to 1 of 2 targets a client in mode verify-full does not connect"},
		"a bad line, found first":     {[]string{"--targets", bad, "--ca", ca}, "", 2, "line 2 of"},
		"a bad line, on the way":      {[]string{"--targets", "-", "--ca", ca}, "postgres//x", 2, "line 1 of -"},
		"no target":                   {nil, "", 2, "ENGINE://HOST:PORT"},
		"an unknown engine":           {[]string{"informix://h"}, "", 2, "use one of ase,"},
		"an unknown mode":             {[]string{url, "--ssl-mode", "prefer"}, "", 2, "verify-full, not"},
		"a password in the URL":       {[]string{"postgres://u:hunter2@h"}, "", 2, "no password"},
		"no concurrency":              {[]string{url, "--concurrency", "0"}, "", 2, "1 to 4096"},
		"a rate that is no number":    {[]string{url, "--rate-per-host", "NaN"}, "", 2, "--rate-per-host"},
		"no time":                     {[]string{url, "--timeout", "0"}, "", 2, "--timeout"},
		"two uses of standard input":  {[]string{"--targets", "-", "--ca", "-"}, "", 2, "one of them"},
		"two places of trust":         {[]string{url, "--ca", ca, "--wallet", dir}, "", 2, "one of --ca and --wallet"},
		"a wallet that is not there":  {[]string{url, "--wallet", dir}, "", 1, "has no cwallet.sso"},
		"a list that is not there":    {[]string{"--targets", dir + "/no"}, "", 1, "no such file"},
		"a list whose lines go on":    {[]string{"--targets", file("long", strings.Repeat("x", 1<<16))}, "", 2, "more than 4096 bytes"},
		"a CA file without a CA":      {[]string{url, "--ca", good}, "", 1, "good"},
		"a flag that is not there":    {[]string{url, "--tls"}, "", 1, "unknown flag"}, // main makes it a usage error
		"a list of nothing is no bad": {[]string{"--targets", file("empty", "# none\n")}, "", 0, ""},
	} {
		t.Run(rule, func(t *testing.T) {
			out, errs, code := probed(t, c.stdin, c.args...)
			if code != c.code || !strings.Contains(out+errs, c.says) || strings.Contains(out+errs, "hunter2") {
				t.Errorf("exit code %d, want %d and %q:\n%s%s", code, c.code, c.says, out, errs)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestProbeReadsAnOracleWallet(t *testing.T) {
	t.Parallel()
	url, ca, _ := pgServer(t)
	dir := t.TempDir()
	if out, err := truststore(t, "build", "--format", "wallet", "--out", filepath.Join(dir, "cwallet.sso"), ca); err != nil {
		t.Fatal(out)
	}
	if out, errs, code := probed(t, "", url, "--wallet", dir); code != 0 {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
}

func TestProbePrintsOneObjectPerTarget(t *testing.T) {
	t.Parallel()
	url, ca, _ := pgServer(t)
	out, _, code := probed(t, "", url, url, "postgres://127.0.0.1:1", "--ca", ca, "--json", "--rate-per-host", "0")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	ok := 0
	for _, line := range lines {
		var r probe.Report
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.OK {
			ok++
		}
	}
	if len(lines) != 3 || ok != 2 {
		t.Errorf("%d lines, %d ok:\n%s", len(lines), ok, out)
	}
	one, _, _ := probed(t, "", url, "--ca", ca, "--json")
	if strings.Count(one, "\n") != 1 {
		t.Errorf("a single target has %q", one)
	}
}

func TestProgressDrawsAndTakesItselfAway(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &progress{w: &b, total: 4}
	p.draw(1, true)
	p.draw(2, false)
	p.clear()
	p.clear()
	if want := "\r[=======                       ] 1/4, 0 failed\x1b[K\r[===============               ] 2/4, 1 failed\x1b[K\r\x1b[K"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	(&progress{w: &b, total: -1}).draw(7, true)
	if b.String() != "\r7 probed, 0 failed\x1b[K" {
		t.Errorf("%q", b.String())
	}
	var none *progress
	none.draw(1, true)
	none.clear()
	if onTerminal(&b) {
		t.Error("a builder is a terminal")
	}
}
