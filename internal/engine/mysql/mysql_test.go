package mysql

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// hello is a greeting as servers send it, without the parts after the lower
// capabilities.
func hello(version string, capabilities uint16) []byte {
	p := append([]byte{10}, version...)
	p = append(p, 0, 1, 0, 0, 0)     // connection id
	p = append(p, "saltsalt\x00"...) // salt and filler
	return append(p, byte(capabilities), byte(capabilities>>8))
}

func TestParseHandshake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload []byte
		want    greeting
		err     string
	}{
		"MariaDB with TLS":          {payload: hello("5.5.5-10.11.19-MariaDB", capSSL|capProtocol41), want: greeting{"10.11.19-MariaDB", true}},
		"MariaDB 11 without prefix": {payload: hello("11.8.1-MariaDB", capSSL), want: greeting{"11.8.1-MariaDB", true}},
		"MySQL 5.5.5 itself":        {payload: hello("5.5.5-m3", capSSL), want: greeting{"5.5.5-m3", true}},
		"a server without TLS":      {payload: hello("9.7.4", capProtocol41), want: greeting{"9.7.4", false}},
		"too many connections":      {payload: []byte("\xff\x10\x04Too many connections"), err: `error 1040: "Too many connections"`},
		"an error with a state":     {payload: []byte("\xff\x6a\x04#HY000Host is blocked"), err: `error 1130: "Host is blocked"`},
		"an error cut off":          {payload: []byte("\xff\x10"), err: "ends before the code"},
		"another protocol version":  {payload: []byte{9, 'x', 0}, err: "0x09"},
		"no version":                {payload: []byte{10, 'x'}, err: "no end"},
		"no capabilities":           {payload: hello("x", 0)[:16], err: "before the capabilities"},
		"nothing":                   {payload: nil, err: "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseHandshake(c.payload)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("parseHandshake = %+v, %v; want %+v, %q", got, err, c.want, c.err)
			}
		})
	}
}

func FuzzParseHandshake(f *testing.F) {
	f.Add(hello("5.5.5-10.11.19-MariaDB", capSSL))
	f.Add([]byte("\xff\x10\x04Too many connections"))
	f.Add([]byte{10, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		g, err := parseHandshake(p)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\x00\x1b\n") {
				t.Errorf("error %q holds bytes that a terminal acts on", err)
			}
			return
		}
		if !bytes.Contains(p, []byte(g.version)) {
			t.Errorf("version %q is not in the packet", g.version)
		}
	})
}

func TestStartTLSAsksInOrder(t *testing.T) {
	t.Parallel()
	client, srv := net.Pipe()
	defer client.Close()
	request := make(chan []byte, 1)
	go func() {
		defer srv.Close()
		_, _ = srv.Write(packet(0, hello("5.5.5-10.11.19-MariaDB", capSSL)))
		b := make([]byte, 36)
		_, _ = io.ReadFull(srv, b)
		request <- b
	}()
	c, g, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
	if err != nil || c == nil || g.Version != "10.11.19-MariaDB" {
		t.Fatalf("StartTLS = %v, %+v, %v", c, g, err)
	}
	b := <-request
	if want := []byte{32, 0, 0, 1}; !bytes.Equal(b[:4], want) {
		t.Errorf("header of the request = %v, want length 32 and sequence 1", b[:4])
	}
	if capabilities := uint32(b[4]) | uint32(b[5])<<8; capabilities&capSSL == 0 {
		t.Error("the request does not ask for TLS")
	}
}

func TestStartTLSRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent  []byte
		want  string
		noTLS bool
	}{
		"no TLS":              {sent: packet(0, hello("9.7.4", capProtocol41)), want: "no TLS", noTLS: true},
		"an error packet":     {sent: packet(0, []byte("\xff\x10\x04Too many connections")), want: "1040"},
		"a packet too long":   {sent: []byte("HTTP/1.1 400"), want: "claims"},
		"a packet cut off":    {sent: packet(0, hello("9.7.4", capSSL))[:9], want: "EOF"},
		"nothing, and an end": {want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := net.Pipe()
			defer client.Close()
			go func() {
				defer srv.Close()
				_, _ = srv.Write(c.sent)
			}()
			_, _, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, engine.ErrNoTLS) != c.noTLS {
				t.Errorf("StartTLS = %v, want %q", err, c.want)
			}
		})
	}
}

func TestStartTLSEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, srv := net.Pipe()
		defer client.Close()
		defer srv.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, _, err := wire{}.StartTLS(ctx, client, engine.Start{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("StartTLS of a silent server = %v after %v, want the deadline at a minute", err, time.Since(begin))
		}
	})
}

func TestMariaDBVersion(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)": "10.11.19",
		"/usr/sbin/mysqld  Ver 10.3.39-MariaDB for Linux on x86_64":                           "",
		"/usr/sbin/mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)":      "",
	} {
		if got := mariadbVersion(line); got != want {
			t.Errorf("mariadbVersion(%q) = %q, want %q", line, got, want)
		}
	}
	spec := MariaDB().Spec
	if m, f := spec.Major("10.11.19"), spec.Family("10.11.19"); m != "10.11" || f != "mariadb10.11" {
		t.Errorf("major %q, family %q", m, f)
	}
}

// The stored form is what MariaDB 10.11 answers to SELECT PASSWORD('password').
func TestNativePassword(t *testing.T) {
	t.Parallel()
	if got, want := nativePassword("password"), "VIA mysql_native_password USING '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'"; got != want {
		t.Errorf("nativePassword = %s, want %s", got, want)
	}
}

func TestFilesQuote(t *testing.T) {
	t.Parallel()
	s := engine.Settings{ID: "db-1", Address: "127.0.0.9", Port: 3307, HostUser: "o`p",
		Layout: engine.Layout{Data: `/d #"\`, Conf: "/c", TLS: "/t", Run: "/r"}}
	files := MariaDB().Server.Files(engine.Install{}, s)
	if conf := string(files[0].Content); !strings.Contains(conf, `datadir="/d #\"\\"`+"\n") || !strings.Contains(conf, `ssl-cert="/t/current/server.crt"`+"\n") || !strings.Contains(conf, `tmpdir="/r"`+"\n") {
		t.Errorf("my.cnf:\n%s", conf)
	}
	init := string(files[1].Content)
	if !strings.Contains(init, "`o``p`@'localhost'") || !strings.Contains(init, "DROP USER IF EXISTS 'root'@'localhost'") {
		t.Errorf("init.sql:\n%s", init)
	}
	for line := range strings.Lines(init) {
		if !strings.HasSuffix(line, ";\n") {
			t.Errorf("init.sql has a statement over two lines: %q", line)
		}
	}
}

func TestBindingAndEffectivePathsAgree(t *testing.T) {
	t.Parallel()
	s := engine.Settings{Layout: engine.Layout{TLS: t.TempDir()}}
	p := engine.PairPaths{Cert: s.TLS + "/gen-7/server.crt", Key: s.TLS + "/gen-7/server.key"}
	link := MariaDB().Server.Bind(p, s).Link
	if link == nil || link.Target != "gen-7" {
		t.Fatalf("Bind = %+v, want a relative link", link)
	}
	if err := os.Symlink(link.Target, link.Path); err != nil {
		t.Fatal(err)
	}
	got, err := followLink(engine.PairPaths{Cert: link.Path + "/server.crt", Key: link.Path + "/server.key"}, s)
	if err != nil || got != p {
		t.Errorf("effective = %+v, %v; want %+v", got, err, p)
	}
	foreign := engine.PairPaths{Cert: "/etc/mine.crt", Key: "/etc/mine.key"}
	if got, err := followLink(foreign, s); err != nil || got != foreign {
		t.Errorf("effective = %+v, %v; want somebody's own paths as they are", got, err)
	}
}

func TestDataVersion(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"mysql_upgrade_info": "10.11", "mariadb_upgrade_info": "10.11", "other": ""} {
		got, err := MariaDB().Server.DataVersion(fstest.MapFS{file: {Data: []byte("10.11.19-MariaDB")}})
		if err != nil || got != want {
			t.Errorf("DataVersion with %s = %q, %v; want %q", file, got, err, want)
		}
	}
}
