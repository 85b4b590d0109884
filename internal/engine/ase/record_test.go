package ase

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/tds"
)

func orders() []order { return []order{binary.LittleEndian, binary.BigEndian} }

func login(t testing.TB, change func([]byte)) []byte {
	t.Helper()
	b, err := newRecord("admin", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(b)
	}
	return b
}

func TestALoginRecordIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := record{user: "admin", password: "secret", program: program, order: binary.LittleEndian}
	if got, err := parseRecord(login(t, nil)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := parseRecord(login(t, func(b []byte) { b[atInt2], b[atSecurity], b[atProgram] = 2, 0x21, 0x1b }))
	want = record{user: "admin", password: "secret", program: program[1:], order: binary.BigEndian, encrypted: true}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsNoLoginRecordIsRefused(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"a record that ends":   login(t, nil)[:recordSize-1],
		"another protocol":     login(t, func(b []byte) { b[atVersion] = 4 }),
		"a user beyond limits": login(t, func(b []byte) { b[atUser+maxText] = 31 }),
	} {
		if r, err := parseRecord(b); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestAnAnswerToALoginIsRead(t *testing.T) {
	t.Parallel()
	tokens := func(f func(*writer)) []byte {
		w := &writer{order: binary.LittleEndian}
		f(w)
		return w.b
	}
	for name, test := range map[string]struct {
		b    []byte
		want response
		bad  bool
	}{
		"let in":               {b: tokens((*writer).welcome), want: response{login: loginGood, version: "16.0"}},
		"refused":              {b: tokens(func(w *writer) { w.refuse("no\x1b!") }), want: response{login: loginBad, version: "16.0", failed: true, text: "no!"}},
		"a remark is no error": {b: tokens(func(w *writer) { w.message(5701, 10, "changed"); w.done(0, 0) })},
		"another way to send the password": {
			b:    tokens(func(w *writer) { w.loginAck(loginNegotiate, "s"); w.byte(0x65, 3, 1, 0, 30) }),
			want: response{login: loginNegotiate, version: "16.0"}},
		"a token nobody knows":     {b: []byte{0x99, 1, 0, 0}, bad: true},
		"a token cut off":          {b: []byte{tokenLoginAck}, bad: true},
		"a length beyond its end":  {b: []byte{tokenEED, 9, 0, 1}, bad: true},
		"an error without content": {b: []byte{tokenEED, 7, 0, 0, 0, 0, 0, 0, 16, 0}, want: response{failed: true}},
	} {
		got, err := parseResponse(test.b)
		if (err != nil) != test.bad || err == nil && got != test.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(login(f, nil))
	f.Add(login(f, func(b []byte) { b[atInt2] = 2 }))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err == nil && (len(r.user) > 3*maxText || len(r.password) > maxText || strings.ContainsRune(r.user, 0)) {
			t.Fatalf("%+v", r)
		}
	})
}

func FuzzServerSide(f *testing.F) {
	for _, o := range orders() {
		w := &writer{order: o}
		w.byte(tokenLanguage)
		w.long(9)
		w.byte([]byte("\x00select 1")...)
		f.Add(byte(typeNormal), w.b)
		f.Add(byte(typeNormal), optionCommand(o))
	}
	f.Add(byte(typeNormal), []byte{tokenLogout, 0})
	f.Add(byte(typeCancel), []byte{})
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		for _, o := range orders() {
			s := &session{order: o, id: 51, version: version, cipher: "TLS"}
			out, _ := s.answer(tds.Message{Type: kind, Payload: b})
			if len(out) == 0 || len(out) > maxMessage+1000 {
				t.Fatalf("the answer has %d bytes", len(out))
			}
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	w := &writer{order: binary.LittleEndian}
	w.refuse("Login failed.")
	f.Add(w.b)
	w = &writer{order: binary.LittleEndian}
	w.welcome()
	f.Add(w.b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseResponse(b); err == nil && strings.ContainsAny(got.text, "\x00\x1b\n") {
			t.Fatalf("%q", got.text)
		}
	})
}
