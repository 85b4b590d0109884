package cluster_test

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// state is dbtls's state file, opened to read: only it knows when a rotation
// began, and it is there while dbtls is not.
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
	ID                 int64
	ResourceID         string
	Reason             string
	Step               string
	Attempts           int
	Outcome            string
	Stuck              struct{ Reason string }
	StartedAt, EndedAt time.Time
}

// since are the rotations after a row, oldest first.
func (s *state) since(t *testing.T, id int64) []rotation {
	t.Helper()
	rows, err := s.db.Query(`SELECT doc FROM rotations WHERE id>? ORDER BY id`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []rotation
	for rows.Next() {
		var doc string
		var r rotation
		if err := rows.Scan(&doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(doc), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// last is the id of the newest rotation.
func (s *state) last(t *testing.T) (id int64) {
	t.Helper()
	if err := s.db.QueryRow(`SELECT coalesce(max(id), 0) FROM rotations`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// statuses are the instances' lifecycle statuses by name.
func (s *state) statuses(t *testing.T) map[string]string {
	t.Helper()
	rows, err := s.db.Query(`SELECT name, status FROM instances`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, status string
		if err := rows.Scan(&name, &status); err != nil {
			t.Fatal(err)
		}
		all[name] = status
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// oneAtATime fails where two rotations overlap in time, or one was not
// committed at the first try.
func oneAtATime(t *testing.T, all []rotation) {
	t.Helper()
	for n, r := range all {
		if r.Outcome != "committed" || r.Attempts != 0 || r.Stuck.Reason != "" {
			t.Errorf("rotation %d (%s) ended %q after %d failures: %s", r.ID, r.Reason, r.Outcome, r.Attempts, r.Stuck.Reason)
		}
		if n > 0 && r.StartedAt.Before(all[n-1].EndedAt) {
			t.Errorf("rotation %d began at %s, while %d was under way until %s", r.ID, r.StartedAt, all[n-1].ID, all[n-1].EndedAt)
		}
	}
}
