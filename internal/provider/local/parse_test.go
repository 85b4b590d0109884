package local

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/provider"
)

func TestParseStatCountsFromTheLastParenthesis(t *testing.T) {
	t.Parallel()
	rest := " S 7 42 43 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 987654 1000 10"
	for name, text := range map[string]string{
		"a plain name":        "42 (postgres)" + rest,
		"a name with spaces":  "42 (a b) c)" + rest,
		"a name like a field": "42 (x) S 1 1 1)" + rest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat([]byte(text))
			want := process{pid: 42, ppid: 7, session: 43, state: 'S', threads: 1, start: 987654}
			if err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
	for _, text := range []string{"", "42", "42 (x", "42 (x) S 1", "(x)" + rest, "x (x)" + rest} {
		if got, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestAProcessWithAnotherStartTimeIsNeitherAliveNorSignalled(t *testing.T) {
	t.Parallel()
	self, err := readProcess(1)
	if err != nil {
		t.Skipf("SKIPPED: process 1 cannot be read: %v", err)
	}
	if !self.alive() {
		t.Error("process 1 is not alive")
	}
	for name, other := range map[string]process{
		"another start": {pid: 1, uid: self.uid, start: self.start + 1},
		"another owner": {pid: 1, uid: self.uid + 1, start: self.start},
	} {
		if other.alive() {
			t.Errorf("%s: taken for the process", name)
		}
		if err := other.signal(0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProcessIsDeadWithItsLastThread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pr   process
		dead bool
	}{
		"running":                            {process{state: 'S', threads: 1}, false},
		"a zombie":                           {process{state: 'Z', threads: 1}, true},
		"a zombie whose threads still leave": {process{state: 'Z', threads: 2}, false},
	} {
		if c.pr.dead() != c.dead {
			t.Errorf("%s: dead is %v", name, c.pr.dead())
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (postgres) S 7 42 43 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 987654 1000 10"))
	f.Add([]byte("1 (()) Z"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if pr, err := parseStat(b); err == nil && pr.state == 0 {
			t.Errorf("%q: no state", b)
		}
	})
}

func FuzzParseUID(f *testing.F) {
	f.Add([]byte("Name:\tx\nUid:\t1\t2\t3\t4\n"))
	f.Add([]byte("Uid:"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseUID(b); err == nil && !strings.Contains(string(b), "Uid:") {
			t.Errorf("%q: an owner out of nothing", b)
		}
	})
}

func FuzzSplitArgv(f *testing.F) {
	f.Add([]byte("postgres\x00-D\x00/data\x00"))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		argv := splitArgv(b)
		if joined := strings.Join(argv, "\x00"); strings.TrimRight(string(b), "\x00") != joined {
			t.Errorf("%q became %q", b, argv)
		}
	})
}

func FuzzLedger(f *testing.F) {
	f.Add([]byte(`{"files":{"conf/x":[{"digest":"sha256:00","generation":"g1"}]}}`))
	f.Add([]byte(`{"files":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l ledger
		if decodeLedger(b, &l) != nil {
			return
		}
		l.Files["x"] = []entry{{Digest: "d"}} // never nil
		text, err := json.Marshal(l)
		var again ledger
		if err != nil || decodeLedger(text, &again) != nil || !slices.Equal(again.Files["x"], l.Files["x"]) {
			t.Errorf("%s does not survive: %v", text, err)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"started":{"ID":"db-A","Engine":"x","Also":["127.0.0.2"]},"applied":{"ID":"db-A","Engine":"x","Primary":{"Port":1}}}`))
	f.Add([]byte(`{"started":{},"applied":{"Parameters":{"a":"b"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b)
		if err != nil {
			return
		}
		if r.of(provider.Instance{ID: r.Started.ID, Engine: r.Started.Engine}) && r.Applied.ID != r.Started.ID {
			t.Errorf("%s speaks of two instances and is one's", b)
		}
		text, err := json.Marshal(r)
		again, err2 := decodeRecord(text)
		if err != nil || err2 != nil || again.Started.ID != r.Started.ID || !sameSet(again.Applied.Also, r.Applied.Also) {
			t.Errorf("%s does not survive: %v, %v", text, err, err2)
		}
	})
}

func FuzzDirName(f *testing.F) {
	f.Add("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, id string) {
		name, err := dirName(id)
		if err == nil && (name == "" || len(name) > nameLen || strings.ContainsAny(name, "./\x00")) {
			t.Errorf("%q became %q", id, name)
		}
	})
}
