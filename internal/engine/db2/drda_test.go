package db2

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

func TestCodePage500IsAPermutationAndKnowsItsLetters(t *testing.T) {
	t.Parallel()
	var all []rune
	for r := range rune(256) {
		all = append(all, r)
	}
	b, err := encode(string(all))
	if err != nil || decode(b) != string(all) {
		t.Errorf("the table is no permutation: %v", err)
	}
	if b, _ := encode("AZaz09 ![]^|"); string(b) != "\xc1\xe9\x81\xa9\xf0\xf9\x40\x4f\x4a\x5a\x5f\xbb" {
		t.Errorf("%x", b)
	}
	if _, err := encode("€"); err == nil {
		t.Error("the euro sign is encoded")
	}
}

func TestNamesLoseWhatPadsThemAndWhatATerminalActsOn(t *testing.T) {
	t.Parallel()
	b, err := encode("\x1b[31mdb\x00\x07  ")
	if err != nil {
		t.Fatal(err)
	}
	if got := name(b); got != "[31mdb" {
		t.Errorf("%q", got)
	}
	if got := name(bytes.Repeat([]byte{0xc1}, 1000)); got != strings.Repeat("A", maxName) {
		t.Errorf("%d characters", len(got))
	}
}

// conversation gives what is to be read and takes what is written.
type conversation struct {
	io.Reader
	written bytes.Buffer
}

func (c *conversation) Write(b []byte) (int, error) { return c.written.Write(b) }

func newSession(login func(user, password string) bool) *session {
	ours, _ := net.Pipe() // for its address
	return &session{
		host: &engine.Host{Version: version, Login: login, Sessions: &engine.Sessions{}},
		conn: ours,
	}
}

func request(code uint16, parts ...[]byte) []byte {
	return chain([]dss{{dssRequest, 1, list(code, parts...)}})
}

func TestRequestsOutOfOrderEndTheSession(t *testing.T) {
	t.Parallel()
	security := object(cpSECMEC, short(userAndPassword)...)
	for what, b := range map[string][]byte{
		"a database before a login":           request(cpACCRDB, object(cpRDBNAM, text("shop")...)),
		"SQL":                                 request(0x200d),
		"an encrypted password":               request(cpSECCHK, object(cpSECMEC, short(9)...)),
		"no mechanism":                        request(cpSECCHK),
		"a reply from a client":               chain([]dss{{dssReply, 1, list(cpEXCSAT)}}),
		"a request after a bad login":         chain([]dss{{dssRequest, 1, list(cpSECCHK, security, object(cpUSRID, text("a")...), object(cpPASSWORD, text("b")...))}, {dssRequest, 2, list(cpACCRDB)}}),
		"a structure without an object":       {0, 6, 0xd0, 1, 0, 1},
		"a structure of data":                 {0xff, 0xff, 0xd0, 1, 0, 1, 0, 4, 0x10, 0x41},
		"HTTP":                                []byte("GET / HTTP/1.1\r\n\r\n"),
		"an object longer than its structure": {0, 10, 0xd0, 1, 0, 1, 0, 99, 0x10, 0x41},
		"an endless chain":                    bytes.Repeat([]byte{0, 10, 0xd0, 0x41, 0, 1, 0, 4, 0x10, 0x41}, 2*maxChain),
	} {
		s, c := newSession(func(string, string) bool { return false }), &conversation{Reader: bytes.NewReader(b)}
		for range maxAttempts {
			if err := s.turn(c); err != nil {
				break
			}
		}
		if s.user != "" || bytes.Contains(c.written.Bytes(), short(cpRDBNFNRM)) {
			t.Errorf("%s: user %q, answered %x", what, s.user, c.written.Bytes())
		}
	}
}

func TestAMissingNameOrPasswordIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	security := object(cpSECMEC, short(userAndPassword)...)
	for code, b := range map[byte][]byte{
		checkUserMissing:     request(cpSECCHK, security, object(cpPASSWORD, text("b")...)),
		checkPasswordMissing: request(cpSECCHK, security, object(cpUSRID, text("b")...)),
	} {
		s := newSession(func(string, string) bool { t.Error("Login is called"); return true })
		c := &conversation{Reader: bytes.NewReader(b)}
		if err := s.turn(c); err != nil {
			t.Fatal(err)
		}
		replies, err := readChain(&c.written)
		if err != nil || len(replies) != 1 || number(fields(replies[0].body)[cpSECCHKCD]) != int(code) {
			t.Errorf("0x%02x: %+v, %v", code, replies, err)
		}
	}
}

func TestRepliesToALoginAreJudged(t *testing.T) {
	t.Parallel()
	checked := object(cpSECCHKCD, 0)
	for name, test := range map[string]struct {
		replies map[uint16][]byte
		want    error
		fails   bool
	}{
		"let in":                 {replies: map[uint16][]byte{cpSECCHKRM: checked, cpACCRDBRM: nil}},
		"no database":            {replies: map[uint16][]byte{cpSECCHKRM: checked, cpRDBNFNRM: nil}, want: engine.ErrNoDatabase},
		"a wrong password":       {replies: map[uint16][]byte{cpSECCHKRM: object(cpSECCHKCD, 0x13)}, want: engine.ErrLoginRefused},
		"a check without a code": {replies: map[uint16][]byte{cpSECCHKRM: nil, cpACCRDBRM: nil}, want: engine.ErrLoginRefused},
		"no right to it":         {replies: map[uint16][]byte{cpSECCHKRM: checked, cpRDBATHRM: nil}, want: engine.ErrNoDatabase},
		"something else":         {replies: map[uint16][]byte{cpSECCHKRM: checked, 0x221a: nil}, fails: true},
		"no check":               {replies: map[uint16][]byte{cpACCRDBRM: nil}, fails: true},
		"nothing":                {fails: true},
	} {
		err := judge(test.replies, "shop")
		if test.want != nil && !errors.Is(err, test.want) || (err != nil) != (test.fails || test.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func seeds(t testing.TB) (client, server [][]byte) {
	t.Helper()
	n, err := encodeNames(user, secret, "shop")
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(func(string, string) bool { return true })
	for _, b := range [][]byte{greeting(n), credentials(n)} {
		c := &conversation{Reader: bytes.NewReader(b)}
		if err := s.turn(c); err != nil {
			t.Fatal(err)
		}
		client, server = append(client, b), append(server, c.written.Bytes())
	}
	return client, server
}

func FuzzServerSide(f *testing.F) {
	client, _ := seeds(f)
	for _, b := range append(client, bytes.Join(client, nil)) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		asked := 0
		s := newSession(func(string, string) bool { asked++; return false })
		c := &conversation{Reader: bytes.NewReader(b)}
		for s.turn(c) == nil {
		}
		if asked > 1 || s.user != "" {
			t.Fatalf("%d logins were tried, user %q is in", asked, s.user)
		}
		for c.written.Len() > 0 {
			if _, err := readChain(&c.written); err != nil {
				t.Fatalf("the answer cannot be read: %v", err)
			}
		}
	})
}

func FuzzClientSide(f *testing.F) {
	_, server := seeds(f)
	for _, b := range append(server, bytes.Join(server, nil)) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		answers, err := readChain(bytes.NewReader(b))
		if err != nil {
			return
		}
		m := map[uint16][]byte{}
		for _, a := range answers {
			m[a.code] = a.body
		}
		if judge(m, "shop") == nil && number(fields(m[cpSECCHKRM])[cpSECCHKCD]) != 0 {
			t.Fatal("let in without a security check that was passed")
		}
		_ = name(fields(m[cpEXCSATRD])[cpSRVCLSNM])
	})
}
