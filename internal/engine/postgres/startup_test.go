package postgres

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

func TestReadPacketLeavesTheNextByteUnread(t *testing.T) {
	t.Parallel()
	r := strings.NewReader(sslRequest + "x")
	code, body, err := readPacket(r)
	rest, _ := io.ReadAll(r)
	if code != codeTLS || len(body) != 0 || err != nil || string(rest) != "x" {
		t.Errorf("packet %d %q, %v, and %q is left", code, body, err, rest)
	}
}

func TestParseStartup(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Startup{
		"user\x00me\x00\x00": {User: "me", Database: "me"},
		"user\x00me\x00database\x00db\x00options\x00-c x=y\x00\x00":       {User: "me", Database: "db"},
		"user\x00me\x00database\x00db\x00replication\x00database\x00\x00": {User: "me", Database: "db"},
		"replication\x00on\x00user\x00me\x00\x00":                         {User: "me", Database: "me", Replication: true},
	} {
		if got, err := parseStartup([]byte(body)); got != want || err != nil {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{"", "user", "user\x00me", "user\x00me\x00", "user\x00\x00", "\x00me\x00\x00", "user\x00me\x00\x00x"} {
		if got, err := parseStartup([]byte(body)); err == nil {
			t.Errorf("%q is taken as %+v", body, got)
		}
	}
}

func FuzzStartup(f *testing.F) {
	f.Add([]byte(sslRequest))
	f.Add([]byte("\x00\x00\x00\x11\x00\x03\x00\x00user\x00me\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x22\x00\x03\x00\x00user\x00me\x00replication\x00true\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff\x00\x03\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x09\x00\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		_, body, err := readPacket(r)
		if err != nil {
			return
		}
		if used := len(b) - r.Len(); used != len(body)+8 || len(body) > maxStartup || int(binary.BigEndian.Uint32(b)) != used {
			t.Fatalf("%d bytes read of a packet with %d of body", used, len(body))
		}
		s, err := parseStartup(body)
		if err != nil {
			return
		}
		// What names the user and the database is told to the client again.
		message := fatal{state: stateNotAuthorized, text: refusedPlain("15.18", s)}.bytes()
		if n := binary.BigEndian.Uint32(message[1:]); int(n) != len(message)-1 {
			t.Fatalf("message of %d bytes says %d", len(message), n)
		}
		if text := errorText(message[1:]); !strings.Contains(text, "pg_hba.conf") || !strings.Contains(text, `"28000"`) {
			t.Fatalf("message %q reads as %s", message, text)
		}
	})
}
