package sqlserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// login7 is a LOGIN7 message.
func login7(version uint32, user, password, program string) []byte {
	b := make([]byte, loginFixed)
	binary.LittleEndian.PutUint32(b[4:], version)
	for _, f := range []struct {
		at   int
		text []byte
	}{{36, nil}, {atUser, toUTF16(user)}, {atPassword, conceal(toUTF16(password))}, {atProgram, toUTF16(program)}} {
		binary.LittleEndian.PutUint16(b[f.at:], uint16(len(b)))
		binary.LittleEndian.PutUint16(b[f.at+2:], uint16(len(f.text)/2))
		b = append(b, f.text...)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

func conceal(b []byte) []byte {
	for i, x := range b {
		b[i] = (x<<4 | x>>4) ^ 0xa5
	}
	return b
}

// say sends a message and returns the answer.
func say(t *testing.T, c io.ReadWriter, kind byte, payload []byte, size int) []byte {
	t.Helper()
	if err := tds.WriteMessage(c, kind, payload, size); err != nil {
		t.Fatal(err)
	}
	return hear(t, c)
}

func hear(t *testing.T, c io.Reader) []byte {
	t.Helper()
	m, err := tds.ReadMessage(c, 1<<20)
	if err != nil || m.Type != typeReply {
		t.Fatalf("answer of type %x, %v", m.Type, err)
	}
	return m.Payload
}

// greet does PRELOGIN by hand and returns what the server agreed to.
func greet(t *testing.T, c net.Conn, want encryption) encryption {
	t.Helper()
	got, err := parsePrelogin(say(t, c, typePrelogin, prelogin{release{1, 0, 0, 0}, want}.encode(), 512))
	if err != nil {
		t.Fatal(err)
	}
	return got.encryption
}

func TestEncryptionIsAgreedOnAsTheProductDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ client, free, forced encryption }{
		{encryptOff, encryptOff, encryptRequired},
		{encryptOn, encryptOn, encryptOn},
		{encryptRequired, encryptOn, encryptOn},
		{encryptNotSupported, encryptNotSupported, encryptRequired},
		{encryptOn | encryptClientCertificate, encryptOn, encryptOn},
	} {
		free, err1 := negotiate(c.client, false)
		forced, err2 := negotiate(c.client, true)
		if err1 != nil || err2 != nil || free != c.free || forced != c.forced {
			t.Errorf("client %v: %v and, forced, %v; want %v and %v; %v %v", c.client, free, forced, c.free, c.forced, err1, err2)
		}
	}
	if _, err := negotiate(9, false); err == nil {
		t.Error("ENCRYPTION 9 is understood")
	}
}

func TestAForcedServerHearsNoPlainLogin(t *testing.T) {
	t.Parallel()
	h, _ := instance(t, newVersion, map[string]string{forceSSL: "1"})
	h.Login = func(string, string) bool {
		t.Error("a password that came in plain is asked about")
		return true
	}
	for _, want := range []encryption{encryptOff, encryptNotSupported} {
		c := connect(t, h)
		if got := greet(t, c, want); got != encryptRequired {
			t.Errorf("asked for %v: %v, want REQ", want, got)
		}
		if err := tds.WriteMessage(c, typeLogin, login7(tds74, "admin", "secret", ""), 4096); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err == nil && len(b) > 0 && b[0] == typeReply {
			t.Errorf("asked for %v: the plain login is answered with % x", want, b)
		}
	}
}

// Clients end TLS after the first packet of a login that is longer, or after
// the last; and may put several packets into one record.
func TestTheLoginAloneIsEncryptedHoweverItsPacketsCome(t *testing.T) {
	t.Parallel()
	var packets bytes.Buffer
	message := login7(tds74, "admin", "secret", strings.Repeat("p", 128))
	message = append(message, make([]byte, 700)...) // some room for features
	binary.LittleEndian.PutUint32(message, uint32(len(message)))
	if err := tds.WriteMessage(&packets, typeLogin, message, 512); err != nil {
		t.Fatal(err)
	}
	all := packets.Bytes()
	first, rest := all[:512], all[512:]
	for name, send := range map[string]func(secret, plain io.Writer){
		"the first packet in TLS, the others plain": func(s, p io.Writer) { _, _ = s.Write(first); _, _ = p.Write(rest) },
		"each packet in a record":                   func(s, _ io.Writer) { _, _ = s.Write(first); _, _ = s.Write(rest) },
		"all packets in one record":                 func(s, _ io.Writer) { _, _ = s.Write(all) },
		"a packet in many records": func(s, p io.Writer) {
			for _, b := range first {
				_, _ = s.Write([]byte{b})
			}
			_, _ = p.Write(rest)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, world := instance(t, newVersion, nil)
			plain := connect(t, h)
			if got := greet(t, plain, encryptOff); got != encryptOff {
				t.Fatalf("agreed on %v", got)
			}
			secret := tls.Client(&carrier{Conn: plain}, &tls.Config{RootCAs: roots(world), ServerName: "db.example"})
			if err := secret.Handshake(); err != nil {
				t.Fatal(err)
			}
			send(secret, plain)
			if got := hear(t, plain); !bytes.Contains(got, toUTF16("Microsoft SQL Server")) {
				t.Errorf("login is answered with %q", fromUTF16(got))
			}
			if open := h.Sessions.List(); len(open) != 1 || open[0].Encrypted || open[0].TLS != "" || open[0].Cipher != "" {
				t.Errorf("sessions %+v", open)
			}
		})
	}
}

func TestADeniedLoginLearnsNothingAndLeaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message []byte
		want    string
	}{
		"an unknown user":    {login7(tds74, "nobody", "secret", ""), "Login failed for user 'nobody'."},
		"another password":   {login7(tds74, "admin", "Secret", ""), "Login failed for user 'admin'."},
		"Windows":            {set(login7(tds74, "", "", ""), atFlags2, integrated), "Windows authentication"},
		"a new password":     {set(login7(tds74, "admin", "secret", ""), atFlags3, newPassword), "changes no password"},
		"an ancient client":  {login7(0x70000000, "admin", "secret", ""), "before 7.1"},
		"a malformed LOGIN7": {login7(tds74, "admin", "secret", "")[:90], ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := instance(t, newVersion, nil)
			conn := connect(t, h)
			greet(t, conn, encryptNotSupported)
			if err := tds.WriteMessage(conn, typeLogin, c.message, 4096); err != nil {
				t.Fatal(err)
			}
			m, err := tds.ReadMessage(conn, 4096)
			got := fromUTF16(m.Payload[min(len(m.Payload), 11):])
			if c.want == "" && err == nil || c.want != "" && !strings.Contains(got, c.want) {
				t.Errorf("answer %q, %v; want %q", got, err, c.want)
			}
			if strings.Contains(got, "ecret") {
				t.Errorf("the answer has the password: %q", got)
			}
			if _, err := io.ReadFull(conn, make([]byte, 1)); err == nil {
				t.Error("the connection goes on")
			}
			if open := h.Sessions.List(); len(open) != 0 {
				t.Errorf("sessions %+v", open)
			}
		})
	}
}

func set(b []byte, at int, bit byte) []byte {
	b[at] |= bit
	return b
}

// plainSession logs in without TLS.
func plainSession(t *testing.T, version uint32) net.Conn {
	t.Helper()
	h, _ := instance(t, newVersion, nil)
	c := connect(t, h)
	greet(t, c, encryptNotSupported)
	if got := say(t, c, typeLogin, login7(version, "admin", "secret", ""), 4096); !bytes.Contains(got, []byte{tokenLoginAck}) {
		t.Fatalf("login is answered with % x", got)
	}
	return c
}

// batch is a request of SQL text.
func batch(query string, d dialect) []byte {
	if d.old {
		return toUTF16(query)
	}
	return append([]byte{4, 0, 0, 0}, toUTF16(query)...)
}

func TestOlderDialectsHaveShorterNumbers(t *testing.T) {
	t.Parallel()
	c := plainSession(t, tds71)
	want := []byte{
		tokenColumns, 1, 0, 0, 0, 1, 0, byte(integer), 4, 0,
		tokenRow, 4, 7, 0, 0, 0,
		tokenDone, doneCount, 0, 0, 0, 1, 0, 0, 0,
	}
	if got := say(t, c, typeBatch, batch("select 7", dialect{old: true}), 4096); !bytes.Equal(got, want) {
		t.Errorf("TDS 7.1: % x, want % x", got, want)
	}
	c = plainSession(t, tds72)
	want = []byte{
		tokenColumns, 1, 0, 0, 0, 0, 0, 1, 0, byte(integer), 4, 0,
		tokenRow, 4, 7, 0, 0, 0,
		tokenDone, doneCount, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	}
	if got := say(t, c, typeBatch, batch("select 7", dialect{}), 4096); !bytes.Equal(got, want) {
		t.Errorf("TDS 7.2: % x, want % x", got, want)
	}
}

func TestRequestsThatAreNoQuery(t *testing.T) {
	t.Parallel()
	c := plainSession(t, tds74)
	long := toUTF16("select N'max'")
	unboundedCall := append([]byte{4, 0, 0, 0, 0xff, 0xff, executeSQL, 0, 0, 0, 0, 0, typeNVarChar, 0xff, 0xff}, collation()...)
	unboundedCall = binary.LittleEndian.AppendUint64(unboundedCall, uint64(len(long)))
	unboundedCall = binary.LittleEndian.AppendUint32(unboundedCall, uint32(len(long)))
	unboundedCall = append(append(unboundedCall, long...), 0, 0, 0, 0)
	done := func(token byte, status int) []byte {
		r := reply{}
		r.done(token, status, 0)
		return r.bytes
	}
	for name, c2 := range map[string]struct {
		kind    byte
		payload []byte
		want    []byte // the end of the answer
	}{
		"attention":                     {typeAttention, nil, done(tokenDone, doneAttention)},
		"an empty batch":                {typeBatch, batch(" ; ", dialect{}), done(tokenDone, 0)},
		"a bulk load":                   {typeBulk, []byte{1}, done(tokenDone, doneError)},
		"sp_executesql, NVARCHAR(MAX)":  {typeRPC, unboundedCall, done(tokenDoneProc, 0)},
		"sp_executesql that ends early": {typeRPC, unboundedCall[:18], done(tokenDoneProc, doneError)},
		"another procedure":             {typeRPC, []byte{4, 0, 0, 0, 0xff, 0xff, 13, 0}, done(tokenDoneProc, doneError)},
	} {
		if got := say(t, c, c2.kind, c2.payload, 4096); !bytes.HasSuffix(got, c2.want) {
			t.Errorf("%s: % x, want it to end with % x", name, got, c2.want)
		}
	}
	// Packets that ask for the session as new get the word for it.
	var b bytes.Buffer
	_ = tds.WriteMessage(&b, typeBatch, batch("select 1", dialect{}), 4096)
	b.Bytes()[1] |= 0x08
	_, _ = c.Write(b.Bytes())
	if got := hear(t, c); !bytes.HasPrefix(got, []byte{tokenEnvironment, 3, 0, changeReset, 0, 0}) {
		t.Errorf("reset: % x", got)
	}
	// And a message that is taken back is not run.
	b.Reset()
	_ = tds.WriteMessage(&b, typeBatch, batch("select 1", dialect{}), 4096)
	b.Bytes()[1] |= tds.Ignore
	_, _ = c.Write(b.Bytes())
	if got := hear(t, c); !bytes.Equal(got, done(tokenDone, doneError)) {
		t.Errorf("taken back: % x", got)
	}
	for name, payload := range map[string][]byte{"no headers": {1}, "headers longer than the request": {9, 0, 0, 0}} {
		c := plainSession(t, tds74)
		_ = tds.WriteMessage(c, typeBatch, payload, 4096)
		if b, err := io.ReadAll(c); err != nil || len(b) != 0 {
			t.Errorf("%s: % x, %v; want the connection closed", name, b, err)
		}
	}
}

func TestServeEndsWithItsContextAndWithSilence(t *testing.T) {
	t.Parallel()
	h, _ := instance(t, newVersion, nil)
	synctest.Test(t, func(t *testing.T) {
		client, srv := net.Pipe()
		begin := time.Now()
		if err := serve(context.Background(), srv, h); err != nil || time.Since(begin) != loginTime {
			t.Errorf("a silent client: %v after %v, want nil after %v", err, time.Since(begin), loginTime)
		}
		_ = client.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		client, srv := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- serve(ctx, srv, h) }()
		greet(t, client, encryptNotSupported)
		say(t, client, typeLogin, login7(tds74, "admin", "secret", ""), 4096)
		time.Sleep(24 * time.Hour) // an idle session may last
		if len(h.Sessions.List()) != 1 {
			t.Error("no session")
		}
		cancel()
		if err := <-done; err != nil || len(h.Sessions.List()) != 0 {
			t.Errorf("serve = %v, %d sessions left", err, len(h.Sessions.List()))
		}
	})
}

func TestServeSaysThatItHasNoCertificate(t *testing.T) {
	t.Parallel()
	h, _ := instance(t, newVersion, nil)
	none := errors.New("no pair")
	h.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, none }
	client, srv := link(t)
	done := make(chan error, 1)
	go func() { done <- serve(context.Background(), srv, h) }()
	c, _, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
	if err != nil {
		t.Fatal(err)
	}
	if tls.Client(c, &tls.Config{ServerName: "db.example"}).Handshake() == nil {
		t.Error("a handshake without a certificate")
	}
	if err := <-done; !errors.Is(err, none) {
		t.Errorf("serve = %v, want what Certificate said", err)
	}
}

func TestVersionsOfTDS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		client uint32
		strict bool
		want   uint32 // 0: none
	}{
		{tds74, false, tds74}, {tds74, true, tds74}, {tds80, true, tds80}, {tds80, false, tds74},
		{tds73, false, tds73}, {tds73a, false, tds73a}, {tds72, false, tds72}, {0x71000000, false, tds71},
		{0x75000000, false, tds74}, {0x70000000, false, 0}, {0, false, 0},
	} {
		d, ok := agree(c.client, c.strict)
		if d.version != c.want || ok != (c.want != 0) || d.old != (c.want == tds71 || c.want == 0) {
			t.Errorf("client %08x: %+v, %v; want %08x", c.client, d, ok, c.want)
		}
	}
}
