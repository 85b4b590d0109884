package mysql

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

// login is a handshake response with what follows its fixed part.
func login(capabilities uint32, rest string) []byte {
	p := make([]byte, sslReqLength)
	binary.LittleEndian.PutUint32(p, capabilities|capProtocol41)
	return append(p, rest...)
}

func TestParseResponse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload []byte
		want    response
		err     bool
	}{
		"an SSLRequest":              {payload: sslRequest(1)[4:], want: response{capabilities: capSSL | capProtocol41 | capSecureConnection | capPluginAuth}},
		"a user with a password":     {payload: login(capSecureConnection, "me\x00\x03abcdb\x00"), want: response{capabilities: capProtocol41 | capSecureConnection, user: "me", password: true}},
		"a user without a password":  {payload: login(capSecureConnection, "me\x00\x00"), want: response{capabilities: capProtocol41 | capSecureConnection, user: "me", password: false}},
		"an empty password in clear": {payload: login(capPluginAuthLenenc, "me\x00\x01\x00"), want: response{capabilities: capProtocol41 | capPluginAuthLenenc, user: "me", password: false}},
		"a login after TLS":          {payload: login(capSSL, "me\x00\x01x"), want: response{capabilities: capProtocol41 | capSSL, user: "me", password: true}},
		"nothing after the user":     {payload: login(0, "me\x00"), want: response{capabilities: capProtocol41, user: "me", password: false}},
		"what the client says of itself": {
			payload: login(capPluginAuthLenenc|capConnectWithDB|capPluginAuth|capConnectAttrs, "me\x00\x02ab"+"shop\x00"+"plugin\x00"+"\x1a\x03_os\x01x\x0cprogram_name\x06orders"),
			want: response{
				capabilities: capProtocol41 | capPluginAuthLenenc | capConnectWithDB | capPluginAuth | capConnectAttrs,
				user:         "me", password: true, database: "shop", program: "orders",
			},
		},
		"a description longer than the packet": {
			payload: login(capSecureConnection|capConnectAttrs, "me\x00\x01x\xfe\xff\xff\xff\xff\xff\xff\xff\xff"),
			want:    response{capabilities: capProtocol41 | capSecureConnection | capConnectAttrs, user: "me", password: true},
		},
		"a proof longer than the packet": {
			payload: login(capSecureConnection|capConnectWithDB, "me\x00\x09x\x00"),
			want:    response{capabilities: capProtocol41 | capSecureConnection | capConnectWithDB, user: "me", password: true},
		},
		"a user without an end": {payload: login(0, "me"), err: true},
		"a fixed part cut off":  {payload: login(0, "")[:31], err: true},
		"a client before 4.1":   {payload: make([]byte, 40), err: true},
		"nothing":               {err: true},
	} {
		got, err := parseResponse(c.payload)
		if got != c.want || errors.Is(err, errBadHandshake) != c.err {
			t.Errorf("%s: parseResponse = %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add(sslRequest(1)[4:])
	f.Add(login(capSecureConnection, "me\x00\x03abcdb\x00"))
	f.Add(login(capPluginAuthLenenc|capConnectAttrs, "me\x00\x00\x1a\x03_os\x01x\x0cprogram_name\x06orders"))
	f.Add(login(capPluginAuthLenenc, "me\x00\xfe\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := parseResponse(p)
		if err == nil && len(r.user)+len(r.database)+len(r.program) > len(p)-sslReqLength {
			t.Errorf("%+v is longer than what follows the fixed part", r)
		}
	})
}

// FuzzServe: whatever a client sends, its session ends and is no fault of the
// instance.
func FuzzServe(f *testing.F) {
	f.Add(packet(1, login(capSecureConnection, "me\x00\x00")))
	f.Add(sslRequest(1))
	f.Add([]byte{0xff, 0xff, 0xff, 1})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		client, srv := net.Pipe()
		done := make(chan error, 1)
		go func() {
			defer srv.Close()
			done <- MariaDB().Simulator.Serve(t.Context(), srv, &engine.Host{Version: "10.11.13"})
		}()
		go func() {
			go func() { _, _ = io.Copy(io.Discard, client) }() // a pipe holds nothing back
			_, _ = client.Write(sent)
			_ = client.Close()
		}()
		if err := <-done; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

// The greeting is read by the parser that reads real servers' greetings, and
// its salt has no NUL, which would end it.
func TestGreetingIsWellFormed(t *testing.T) {
	t.Parallel()
	p := playing{announce: mariadbWire, plugin: func(string) string { return nativePlugin }}
	for range 100 {
		b := p.greet("10.11.13")
		got, err := parseHandshake(b)
		if err != nil || got != (greeting{"10.11.13-MariaDB-log", true}) {
			t.Fatalf("parseHandshake = %+v, %v", got, err)
		}
		at := 1 + len("5.5.5-10.11.13-MariaDB-log") + 1 + 4
		salt := append(append([]byte{}, b[at:at+8]...), b[at+27:at+39]...)
		for _, c := range salt {
			if c == 0 || c == '$' || c > 126 {
				t.Fatalf("salt %q", salt)
			}
		}
	}
}
