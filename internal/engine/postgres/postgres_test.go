package postgres

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

func TestStartTLSByTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		want   string // part of the error, "" for none
		noTLS  bool
	}{
		"yes":                      {answer: "S"},
		"no":                       {answer: "N", want: "N", noTLS: true},
		"an error of protocol 3":   {answer: "E\x00\x00\x00\x20SFATAL\x00C53300\x00Mno slot left\x00\x00", want: `"no slot left" (SQLSTATE "53300")`},
		"an error of protocol 2":   {answer: "Efork failed\n\x00", want: "fork failed"},
		"another protocol":         {answer: "HTTP/1.1 400", want: "0x48"},
		"nothing, and it hangs up": {answer: "", want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := net.Pipe()
			defer client.Close()
			go func() {
				defer srv.Close()
				request := make([]byte, 8)
				if _, err := io.ReadFull(srv, request); err != nil || !bytes.Equal(request, []byte{0, 0, 0, 8, 4, 210, 22, 47}) {
					return
				}
				_, _ = io.WriteString(srv, c.answer)
			}()
			_, _, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("StartTLS = %v, want %q", err, c.want)
			}
			if errors.Is(err, engine.ErrNoTLS) != c.noTLS {
				t.Errorf("errors.Is(%v, ErrNoTLS) is not %v", err, c.noTLS)
			}
		})
	}
}

func TestStartTLSLeavesTheNextByteUnread(t *testing.T) {
	t.Parallel()
	client, srv := net.Pipe()
	defer client.Close()
	go func() {
		defer srv.Close()
		_, _ = io.ReadFull(srv, make([]byte, 8))
		_, _ = io.WriteString(srv, "Sx")
	}()
	c, _, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(c)
	if err != nil || string(rest) != "x" {
		t.Errorf("after StartTLS the connection holds %q, %v; want the byte after the answer", rest, err)
	}
}

func TestStartTLSEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, srv := net.Pipe()
		defer client.Close()
		defer srv.Close()
		go func() { _, _ = io.Copy(io.Discard, srv) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, _, err := wire{}.StartTLS(ctx, client, engine.Start{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("StartTLS of a silent server = %v after %v, want the deadline at a minute", err, time.Since(begin))
		}
	})
}

func FuzzErrorText(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x20SFATAL\x00C53300\x00Mtext\x00\x00"))
	f.Add([]byte("fork failed\n\x00"))
	f.Add([]byte{0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		if text := errorText(b); strings.ContainsAny(text, "\x00\n\x1b") {
			t.Errorf("text %q holds bytes that a terminal acts on", text)
		}
	})
}

func TestVersionOf(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": "15.18",
		"postgres (PostgreSQL) 9.6.24":                         "9.6.24",
		"postgres (PostgreSQL) 18beta1":                        "",
		"postgres (PostgreSQL) 19devel":                        "",
		"psql (PostgreSQL) 15.18":                              "",
		"":                                                     "",
	} {
		if got := versionOf(line); got != want {
			t.Errorf("versionOf(%q) = %q, want %q", line, got, want)
		}
	}
	if supported("9.6.24") != "" || supported("10.23") == "" {
		t.Error("the oldest version supported is not 10")
	}
}

func TestSpecByVersion(t *testing.T) {
	t.Parallel()
	spec := New().Spec
	for version, want := range map[string][2]string{"15.18": {"15", "postgres15"}, "9.6.24": {"9.6", "postgres9.6"}, "10.1": {"10", "postgres10"}} {
		if m, f := spec.Major(version), spec.Family(version); m != want[0] || f != want[1] {
			t.Errorf("version %q: major %q, family %q, want %q", version, m, f, want)
		}
	}
	if spec.HotReload("9.6.24") || !spec.HotReload("10.1") {
		t.Error("a certificate is taken by reload since version 10")
	}
}

// RFC 7677 section 3 gives the server's signature of an exchange; the key that
// makes it must come out of the verifier.
func TestScramVerifierAgreesWithRFC7677(t *testing.T) {
	t.Parallel()
	const (
		salt      = "W22ZaJ0SNY7soEsUEjb6gQ=="
		nonce     = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
		exchange  = "n=user,r=rOprNGfwEbeRWgbNEkqO," + nonce + ",s=" + salt + ",i=4096,c=biws," + nonce
		signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	)
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := scramVerifierWith("pencil", raw)
	if err != nil {
		t.Fatal(err)
	}
	keys, ok := strings.CutPrefix(got, "SCRAM-SHA-256$4096:"+salt+"$")
	_, serverKey, both := strings.Cut(keys, ":")
	key, err := base64.StdEncoding.DecodeString(serverKey)
	if !ok || !both || err != nil {
		t.Fatalf("verifier %q is not of the server's form", got)
	}
	if sig := base64.StdEncoding.EncodeToString(sign(key, exchange)); sig != signature {
		t.Errorf("server signature = %s, want %s", sig, signature)
	}
	if again, _ := scramVerifier("pencil"); again == got {
		t.Error("two verifiers share a salt")
	}
}

func TestFilesByVersion(t *testing.T) {
	t.Parallel()
	s := engine.Settings{ID: "db-1", Address: "127.0.0.9", Also: []string{"127.0.0.10"}, Port: 5433, HostUser: `o"p`,
		Layout: engine.Layout{Data: `/d'\x`, Conf: "/c", TLS: "/t", Run: "/r"}}
	files := func(version string) map[string]string {
		out := map[string]string{}
		for _, f := range New().Server.Files(engine.Install{Version: version}, s) {
			if !strings.HasPrefix(string(f.Content), "# written by dbtls") {
				t.Errorf("%s does not say who wrote it", f.Path)
			}
			out[f.Path] = string(f.Content)
		}
		return out
	}
	for version, want := range map[string]bool{"15.18": false, "14.20": true} {
		if strings.Contains(files(version)["/c/pg_hba.conf"], "\nhostnossl ") != want {
			t.Errorf("version %s: plain sessions are not refused from version 15 on, and only then", version)
		}
	}
	for version, want := range map[string]bool{"10.23": false, "11.22": false, "12.22": true} {
		if strings.Contains(files(version)["/c/postgresql.conf"], "ssl_min_protocol_version") != want {
			t.Errorf("version %s: the protocol limits are not told to those versions alone that know them", version)
		}
	}
	conf := files("15.18")["/c/postgresql.conf"]
	for _, want := range []string{`data_directory = '/d''\\x'`, "include '/c/tls.conf'", "port = '5433'", "ssl = 'on'", "listen_addresses = '127.0.0.9,127.0.0.10'"} {
		if !strings.Contains(conf, want+"\n") {
			t.Errorf("postgresql.conf lacks %s", want)
		}
	}
	if strings.Contains(conf, "ssl_cert_file") {
		t.Error("postgresql.conf names a certificate beside the binding")
	}
	if !strings.Contains(files("15.18")["/c/pg_ident.conf"], `"o""p" dbtls_agent`) {
		t.Error("pg_ident.conf does not quote the operating-system user")
	}
}

func TestDataVersion(t *testing.T) {
	t.Parallel()
	got, err := New().Server.DataVersion(fstest.MapFS{"PG_VERSION": {Data: []byte("15\n")}})
	if err != nil || got != "15" {
		t.Errorf("DataVersion = %q, %v", got, err)
	}
	if got, err := New().Server.DataVersion(fstest.MapFS{"PG_VERSION/x": {}}); err == nil {
		t.Errorf("DataVersion of an unreadable file = %q without an error", got)
	}
}

func TestMastersThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]engine.Master{
		"the agent's name":          {User: "dbtls_agent", Password: "x"},
		"a reserved prefix":         {User: "pg_me", Password: "x"},
		"a name that would be cut":  {User: strings.Repeat("x", 64), Password: "x"},
		"a password clients differ": {User: "me", Password: "pässword"},
	} {
		err := checkMaster(m)
		if fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: %v, want InvalidParameter", name, err)
		}
		if strings.Contains(fault.Public(err), "pässword") {
			t.Errorf("%s: the password is in the error", name)
		}
	}
}
