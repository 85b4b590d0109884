package simulated

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func whole() record {
	m := &master{User: "admin", Salt: []byte("salt"), Rounds: 1, Hash: bytes.Repeat([]byte{7}, 32)}
	return record{
		ID: "db-X", Engine: "e", Version: "1.0", Address: "127.0.0.2", Port: 5432, Also: []string{"::1"},
		Parameters: map[string]string{"a": "b"}, On: true, Starts: 3, StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Master: m, Active: "g2", Loaded: "g1",
		Generations: map[string]keyChain{"g1": {[]byte("k"), [][]byte{[]byte("c")}}, "g2": {[]byte("l"), [][]byte{[]byte("d")}}, "g3": {Key: []byte("m")}},
	}
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, r := range []record{whole(), {ID: "db-Y", Engine: "e"}} {
		b, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		// DeepEqual is what save compares by: a difference would be a write.
		if got, err := decode(b); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("read %+v, %v\nwrote %+v", got, err, r)
		}
	}
}

func TestErrorsOfAFileHoldNothingOfIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"id":"SECRET"`, `{"generations":{"g":{"key":"SECRET!"}}}`, `{"port":"SECRET"}`, `SECRET`} {
		if _, err := decode([]byte(text)); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, err := whole().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	for _, s := range []string{``, `{}`, `{"id":"db-X","engine":"e"}`, `{"id":"db-X","engine":"e","on":true,"loaded":"g"}`, `{"id":"../x","engine":"e"}`, `null`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			return
		}
		if !plain(r.ID) || r.On && len(r.Generations[r.Loaded].Chain) == 0 {
			t.Fatalf("accepted %+v", r)
		}
		if _, err := r.pair(r.Loaded); err == nil && r.Loaded == "" {
			t.Fatal("a pair of no generation")
		}
		r.Master.accepts("", "")
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		if same, err := decode(again); err != nil || same.ID != r.ID || same.Active != r.Active {
			t.Fatalf("written again it is %+v, %v", same, err)
		}
	})
}
