package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/store"
)

func openEvidence(t *testing.T) (*store.Evidence, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evidence.db")
	e, err := store.OpenEvidence(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, path
}

func seen(user string, tls evidence.TLS, at time.Time, count int64) evidence.Client {
	return evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: user, Source: "10.0.0.1", TLS: tls}, First: at, Last: at, Count: count}
}

func add(t *testing.T, e *store.Evidence, b store.EvidenceBatch) {
	t.Helper()
	b.Database = "db-1"
	if err := e.Add(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func clients(t *testing.T, e *store.Evidence, since time.Time) []evidence.Client {
	t.Helper()
	all, _, err := e.Clients(t.Context(), "db-1", since)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b evidence.Client) int { return strings.Compare(a.User, b.User) })
	return all
}

func TestClientsThatLookTheSameAreOneRowAndTheRestAreNot(t *testing.T) {
	t.Parallel()
	e, _ := openEvidence(t)
	row := seen("u", evidence.Encrypted, noon, 1)
	rows := []evidence.Client{row, row}
	for _, change := range []func(*evidence.Key){
		func(k *evidence.Key) { k.Kind = evidence.PlainRefused }, func(k *evidence.Key) { k.How = evidence.FromView },
		func(k *evidence.Key) { k.User = "u2" }, func(k *evidence.Key) { k.Source = "::1" }, func(k *evidence.Key) { k.Application = "a" },
		func(k *evidence.Key) { k.Name = "n" }, func(k *evidence.Key) { k.TLS = evidence.Plain }, func(k *evidence.Key) { k.Version = "TLSv1.3" },
		func(k *evidence.Key) { k.Cipher = "c" }, func(k *evidence.Key) { k.Why = "w" }, func(k *evidence.Key) { k.Own = true }, func(k *evidence.Key) { k.Internal = true },
		func(k *evidence.Key) { k.User, k.Source = "u10.0.0.1", "" }, // the same letters elsewhere
	} {
		other := row
		change(&other.Key)
		rows = append(rows, other)
	}
	add(t, e, store.EvidenceBatch{Rows: rows})
	got := clients(t, e, noon)
	if len(got) != 14 {
		t.Fatalf("%d rows of 14 that differ", len(got))
	}
	for _, want := range rows {
		want.Database, want.Count = "db-1", 1
		if want.Key.User == "u" && want.Key == (evidence.Key{Database: "db-1", Kind: evidence.Login, How: evidence.FromLog, User: "u", Source: "10.0.0.1", TLS: evidence.Encrypted}) {
			want.Count = 2
		}
		if !slices.Contains(got, want) {
			t.Errorf("%+v is not among them", want)
		}
	}
	if other, _, err := e.Clients(t.Context(), "db-2", time.Time{}); err != nil || len(other) != 0 {
		t.Errorf("another database has %v, %v", other, err)
	}
}

func TestSinceIsRightToTheDayAndTheInstant(t *testing.T) {
	t.Parallel()
	e, _ := openEvidence(t)
	for _, at := range []time.Time{noon.AddDate(0, 0, -10), noon.Add(-time.Hour), noon, noon.Add(time.Hour), noon.AddDate(0, 0, 5)} {
		add(t, e, store.EvidenceBatch{Rows: []evidence.Client{seen("often", evidence.Encrypted, at, 2)}})
	}
	add(t, e, store.EvidenceBatch{Rows: []evidence.Client{seen("once", evidence.Plain, noon, 1)}})
	for sentence, c := range map[string]struct {
		since time.Time
		users string
		count int64 // of often
		first time.Time
	}{
		"all":                                    {time.Time{}, "often once", 10, noon.AddDate(0, 0, -10)},
		"to the instant of the last":             {noon, "often once", 8, noon.Add(-time.Hour)},
		"a moment later":                         {noon.Add(time.Millisecond), "often", 8, noon.Add(-time.Hour)},
		"after the last of that day":             {noon.Add(2 * time.Hour), "often", 2, noon.AddDate(0, 0, 5)},
		"a day without any, before others":       {noon.AddDate(0, 0, 3), "often", 2, noon.AddDate(0, 0, 5)},
		"after everything":                       {noon.AddDate(0, 0, 5).Add(time.Millisecond), "", 0, time.Time{}},
		"from the first one's instant it is all": {noon.AddDate(0, 0, -10), "often once", 10, noon.AddDate(0, 0, -10)},
	} {
		var users []string
		for _, r := range clients(t, e, c.since) {
			users = append(users, r.User)
			if r.User == "often" && (r.Count != c.count || !r.First.Equal(c.first) || !r.Last.Equal(noon.AddDate(0, 0, 5))) {
				t.Errorf("%s: %+v, want %d from %v", sentence, r, c.count, c.first)
			}
		}
		slices.Sort(users)
		want := strings.Fields(c.users)
		slices.Sort(want)
		if !slices.Equal(users, want) {
			t.Errorf("%s: %v, want %v", sentence, users, want)
		}
	}
}

func TestABatchIsKeptWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	e, path := openEvidence(t)
	add(t, e, store.EvidenceBatch{Rows: []evidence.Client{seen("a", evidence.Plain, noon, 1)}, Marks: map[string][]byte{"log": []byte("1"), "gone": nil},
		Spans: []evidence.Span{{How: evidence.FromLog, From: noon, To: noon}}, Told: map[string]time.Time{"x 1": noon, "x 2": noon, "y": noon}})
	e.Close()
	if err := e.Add(t.Context(), store.EvidenceBatch{Database: "db-1", Marks: map[string][]byte{"log": []byte("2")}}); err == nil {
		t.Fatal("a closed file takes a batch")
	}
	again, err := store.OpenEvidence(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	mark, err := again.Mark(t.Context(), "db-1", "log")
	if err != nil || string(mark) != "1" || len(clients(t, again, time.Time{})) != 1 {
		t.Errorf("mark %q, %v", mark, err)
	}
	if none, err := again.Mark(t.Context(), "db-1", "gone"); none != nil || err != nil {
		t.Errorf("a mark that is not there is %q, %v", none, err)
	}
	told, n, err := again.Told(t.Context(), "db-1", "x 1", "x ")
	if err != nil || !told || n != 2 {
		t.Errorf("told %t, %d, %v", told, n, err)
	}
	add(t, again, store.EvidenceBatch{Marks: map[string][]byte{"log": nil}, Spans: []evidence.Span{{How: evidence.FromLog, From: noon, To: noon.Add(time.Hour), Ended: "so"}}})
	spans, err := again.Spans(t.Context(), "db-1")
	if err != nil || len(spans) != 1 || spans[0] != (evidence.Span{Database: "db-1", How: evidence.FromLog, From: noon, To: noon.Add(time.Hour), Ended: "so"}) {
		t.Errorf("spans %+v, %v", spans, err)
	}
	if mark, err := again.Mark(t.Context(), "db-1", "log"); mark != nil || err != nil {
		t.Errorf("a mark that was removed is %q, %v", mark, err)
	}
}

func TestTooManyClientsAreFoldedAndNoPlainLoginIsLost(t *testing.T) {
	t.Parallel()
	e, path := openEvidence(t)
	const all = 2000
	add(t, e, store.EvidenceBatch{Rows: []evidence.Client{seen("first", evidence.Plain, noon, 1)}})
	pretend(t, path, evidence.MostClients*9/10) // from here on sources are one network, and applications one
	var b store.EvidenceBatch
	for n := range all {
		c := seen(fmt.Sprintf("user-%d", n%10), evidence.Plain, noon.Add(time.Duration(n)*time.Millisecond), 1)
		c.Source, c.Application = fmt.Sprintf("10.0.%d.%d", n>>8, n&255), fmt.Sprintf("app-%d", n)
		b.Rows = append(b.Rows, c)
	}
	add(t, e, b)
	got, spans, err := e.Clients(t.Context(), "db-1", time.Time{})
	if want := 1 + 10*8; err != nil || len(got) != want { // users times networks
		t.Fatalf("%d clients are %d rows, want %d, %v", all, len(got), want, err)
	}
	if sum := evidence.Sum(got, spans, time.Time{}, noon, evidence.OnlyPlain, 1000); sum.Plain != all+1 {
		t.Errorf("%d plain logins of %d", sum.Plain, all+1)
	}
	if at, err := e.FoldedAt(t.Context(), "db-1"); err != nil || at.IsZero() {
		t.Errorf("folded at %v, %v", at, err)
	}
}

// pretend makes a database have so many rows of clients without making them,
// which would take minutes. BenchmarkEvidenceReport fills files for real.
func pretend(t *testing.T, path string, rows int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE databases SET clients=?`, rows); err != nil {
		t.Fatal(err)
	}
}

func TestOldEvidenceIsDroppedInSlicesAndTheRestStays(t *testing.T) {
	t.Parallel()
	e, _ := openEvidence(t)
	old := noon.AddDate(0, 0, -100)
	for n := range 25 {
		rows := []evidence.Client{seen(fmt.Sprint("old", n), evidence.Plain, old, 1), seen(fmt.Sprint("both", n), evidence.Encrypted, old, 3), seen(fmt.Sprint("both", n), evidence.Encrypted, noon, 4)}
		add(t, e, store.EvidenceBatch{Rows: rows})
	}
	add(t, e, store.EvidenceBatch{Spans: []evidence.Span{{How: evidence.FromLog, From: old, To: old}, {How: evidence.FromView, From: old, To: noon}}, Told: map[string]time.Time{"old": old, "new": noon}})
	if err := e.Add(t.Context(), store.EvidenceBatch{Database: "gone", Rows: []evidence.Client{seen("u", evidence.Plain, old, 1)}, Marks: map[string][]byte{"log": []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	slices := 0
	for next := int64(0); ; slices++ {
		var err error
		if next, err = e.Drop(t.Context(), noon.AddDate(0, 0, -90), next, 7); err != nil {
			t.Fatal(err)
		}
		if next == 0 {
			break
		}
	}
	got := clients(t, e, time.Time{})
	if len(got) != 25 || slices < 7 || got[0].Count != 4 || !got[0].First.Equal(noon) {
		t.Errorf("%d rows in %d slices, the first %+v", len(got), slices, got[0])
	}
	spans, err := e.Spans(t.Context(), "db-1")
	if err != nil || len(spans) != 1 || spans[0].How != evidence.FromView {
		t.Errorf("spans %+v, %v", spans, err)
	}
	if told, _, err := e.Told(t.Context(), "db-1", "old", "old"); told || err != nil {
		t.Errorf("told %t, %v", told, err)
	}
	if mark, err := e.Mark(t.Context(), "gone", "log"); mark != nil || err != nil {
		t.Errorf("a database without evidence has mark %q, %v", mark, err)
	}
	add(t, e, store.EvidenceBatch{Rows: []evidence.Client{seen("both0", evidence.Encrypted, noon, 1)}})
	if got := clients(t, e, noon.AddDate(0, 0, -1)); got[0].Count != 5 {
		t.Errorf("after that %+v", got[0])
	}
}

func TestADamagedFileIsToldFromOthersAndSetAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "evidence.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenEvidence(t.Context(), path); err == nil {
		t.Fatal("it opens")
	}
	to, err := store.SetAside(path, noon)
	if err != nil || !strings.HasSuffix(to, ".damaged-20260610T120000Z") {
		t.Fatalf("%q, %v", to, err)
	}
	e, err := store.OpenEvidence(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestEndpointsAreFollowedUntilTheyAreNot(t *testing.T) {
	t.Parallel()
	e, _ := openEvidence(t)
	for _, c := range []struct {
		arn  string
		on   bool
		want string
	}{{"b", true, "b"}, {"a", true, "a b"}, {"b", false, "a"}, {"never", false, "a"}} {
		if err := e.Follow(t.Context(), c.arn, c.on); err != nil {
			t.Fatal(err)
		}
		if got, err := e.Followed(t.Context()); err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("followed are %v, %v, want %s", got, err, c.want)
		}
	}
}
