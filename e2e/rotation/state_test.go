package rotation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// state is dbtls's state file, opened to read: the tests look at a rotation's
// step every millisecond, which no command is fast enough for.
type state struct{ db *sql.DB }

func openState(t *testing.T, dir string) *state {
	t.Helper()
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: filepath.Join(dir, "state.db"), RawQuery: q.Encode()}).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &state{db}
}

// rotation is what the tests need to know of a rotation row.
type rotation struct {
	ID                        int64
	Reason, Step, Generation  string
	Attempts                  int
	Outcome                   string
	Leaf                      struct{ Serial string }
	Stuck                     struct{ Reason, Detail, WayBack string }
	StartedAt, EndedAt, DueAt time.Time
}

// last is an instance's newest rotation.
func (s *state) last(resource string) (rotation, error) {
	var r rotation
	var doc string
	err := s.db.QueryRow(`SELECT doc FROM rotations WHERE resource_id=? ORDER BY id DESC LIMIT 1`, resource).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(doc), &r)
	}
	return r, err
}

// resource finds an instance's resource id.
func (s *state) resource(t *testing.T, name string) string {
	t.Helper()
	var id string
	if err := s.db.QueryRow(`SELECT resource_id FROM instances WHERE name=?`, name).Scan(&id); err != nil {
		t.Fatalf("find instance %q: %v", name, err)
	}
	return id
}

// generation is the key pair of an instance's committed certificate.
func (s *state) generation(t *testing.T, resource string) string {
	t.Helper()
	var g string
	if err := s.db.QueryRow(`SELECT json_extract(doc,'$.Leaf.Generation') FROM instances WHERE resource_id=?`, resource).Scan(&g); err != nil {
		t.Fatalf("read certificate of %q: %v", resource, err)
	}
	return g
}

// home is the directory of an instance.
func home(dir, resource string) string {
	name := strings.ToLower(strings.TrimPrefix(resource, "db-"))
	return filepath.Join(dir, "db", name[:min(len(name), 13)])
}

// generations are the key pairs on disk.
func generations(t *testing.T, home string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(home, "tls"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range list {
		if d.IsDir() {
			names = append(names, d.Name())
		}
	}
	return names
}

// enginePID is the main process of the server that runs in an instance's
// directory, 0 when none does: the leader of its session.
func enginePID(home string) int {
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range procs {
		line, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(line), home) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		if session(pid) == pid {
			return pid
		}
	}
	return 0
}

// session is the session id of a process (proc_pid_stat(5), field 6), 0 when
// it is gone or a zombie.
func session(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 4 || f[0] == "Z" {
		return 0
	}
	sid, _ := strconv.Atoi(f[3])
	return sid
}

// eventually polls until ok or fails with what is waited for.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("after %s: not %s", limit, what)
		}
		pause(20 * time.Millisecond)
	}
	return time.Since(began)
}

// pause is the interval of a poll.
func pause(d time.Duration) { <-time.After(d) }

// newKeyPEM makes a private key of no certificate.
func newKeyPEM(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
