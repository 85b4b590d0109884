package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// world is users over a real state, with the built-in one.
type world struct {
	t     *testing.T
	store *store.Store
	box   *secrets.Box
	users *auth.Users
	first auth.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	w.must(err)
	t.Cleanup(func() { w.store.Close() })
	w.box, _, err = secrets.NewEnvelope(make([]byte, secrets.KeySize))
	w.must(err)
	w.users = w.load()
	w.first, err = w.users.First(t.Context(), time.Now())
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// load is a restart.
func (w *world) load() *auth.Users {
	w.t.Helper()
	u, err := auth.LoadUsers(w.t.Context(), w.store, w.box)
	w.must(err)
	return u
}

func by() store.AuditRecord {
	return store.AuditRecord{At: time.Now(), Actor: "root", RequestID: "request-1"}
}

func (w *world) add(name, role string) auth.Issued {
	w.t.Helper()
	k, err := w.users.Add(w.t.Context(), by(), name, role)
	w.must(err)
	return k
}

// counts says whose key counts, now and after a restart: "" for nobody's.
func (w *world) counts(k auth.Key, want auth.User) {
	w.t.Helper()
	for when, u := range map[string]*auth.Users{"now": w.users, "after a restart": w.load()} {
		who, known := u.ByKey(k.AccessKeyID)
		secret, ok := u.Secret(k.AccessKeyID)
		if is := want != (auth.User{}); who != want || known != is || ok != is || (is && secret != k.SecretAccessKey) {
			w.t.Errorf("%s key %s is of %+v (%t, secret right %t), want %+v", when, k.AccessKeyID, who, known, secret == k.SecretAccessKey, want)
		}
	}
}

func TestAUserComesGetsAnotherKeyAndGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.add("ann", auth.RoleOperator)
	is := auth.User{Name: "ann", Role: auth.RoleOperator}
	if ann.User != is || len(ann.SecretAccessKey) != 40 {
		t.Errorf("issued is %+v", ann.User)
	}
	w.counts(ann.Key, is)
	second, err := w.users.RotateKey(t.Context(), by(), "ANN")
	w.must(err)
	if second.User != is || second.Key == ann.Key {
		t.Errorf("issued is %+v, the same key %t", second.User, second.Key == ann.Key)
	}
	w.counts(ann.Key, auth.User{})
	w.counts(second.Key, is)
	w.must(w.users.Remove(t.Context(), by(), "ann"))
	w.counts(second.Key, auth.User{})
	w.counts(w.first, auth.User{Name: auth.BuiltIn, Role: auth.RoleAdmin})
	again := w.add("Ann", auth.RoleReadOnly)
	w.counts(again.Key, auth.User{Name: "Ann", Role: auth.RoleReadOnly})
}

func TestUsersAreListedByNameWithoutSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zoe, bob := w.add("zoe", auth.RoleReadOnly), w.add("bob", auth.RoleAdmin)
	var got []string
	for _, i := range w.users.List() {
		if time.Since(i.KeyMade) > time.Minute || i.KeyMade.IsZero() {
			t.Errorf("the key of %s was made %s", i.Name, i.KeyMade)
		}
		got = append(got, i.Name+" "+i.Role+" "+i.AccessKeyID)
	}
	want := []string{"admin admin " + w.first.AccessKeyID, "bob admin " + bob.AccessKeyID, "zoe read-only " + zoe.AccessKeyID}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWhatCannotBeIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add("ann", auth.RoleOperator)
	add := func(name, role string) func() error {
		return func() error { _, err := w.users.Add(t.Context(), by(), name, role); return err }
	}
	rotate := func(name string) func() error {
		return func() error { _, err := w.users.RotateKey(t.Context(), by(), name); return err }
	}
	remove := func(name string) func() error {
		return func() error { return w.users.Remove(t.Context(), by(), name) }
	}
	for _, c := range []struct {
		sentence string
		do       func() error
		code     fault.Code
		says     string
	}{
		{"no name", add("", auth.RoleAdmin), fault.InvalidParameter, "1 to 64"},
		{"a name that is too long", add(strings.Repeat("a", 65), auth.RoleAdmin), fault.InvalidParameter, "1 to 64"},
		{"a name with a slash", add("a/b", auth.RoleAdmin), fault.InvalidParameter, "a/b"},
		{"a name with a space", add("a b", auth.RoleAdmin), fault.InvalidParameter, "a b"},
		{"a name with a letter that is not ASCII", add("zoë", auth.RoleAdmin), fault.InvalidParameter, "zoë"},
		{"a name that ends a line", add("ann\n", auth.RoleAdmin), fault.InvalidParameter, `ann\n`},
		{"a name that a path would swallow", add("..", auth.RoleAdmin), fault.InvalidParameter, "dots"},
		{"the server's own name", add("DBTLS", auth.RoleAdmin), fault.InvalidParameter, "audit log"},
		{"a role that nobody knows", add("bob", "root"), fault.InvalidParameter, "read-only, operator, admin"},
		{"no role", add("bob", ""), fault.InvalidParameter, "read-only, operator, admin"},
		{"a name that is taken", add("ann", auth.RoleAdmin), auth.UserExists, "ann"},
		{"a name that is taken in another case", add("ANN", auth.RoleAdmin), auth.UserExists, "ann"},
		{"the built-in user once more", add("Admin", auth.RoleReadOnly), auth.UserExists, "admin"},
		{"a key for a user that is not there", rotate("bob"), auth.UserNotFound, "bob"},
		{"the end of a user that is not there", remove("bob"), auth.UserNotFound, "bob"},
		{"the end of the built-in user", remove("admin"), fault.InvalidParameter, "rotate-key admin"},
		{"the end of the built-in user in another case", remove("ADMIN"), fault.InvalidParameter, "rotate-key admin"},
	} {
		if err := c.do(); fault.CodeOf(err) != c.code || !strings.Contains(fault.Public(err), c.says) {
			t.Errorf("%s: %v", c.sentence, err)
		}
	}
	if n := len(w.users.List()); n != 2 {
		t.Errorf("%d users are left", n)
	}
	w.add(strings.Repeat("a", 61)+"@x-", auth.RoleReadOnly) // as long as can be
	w.add("a+=,.@_-Z9", auth.RoleReadOnly)
}

func TestEveryChangeIsAuditedAndNoSecretIsInTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.add("ann", auth.RoleOperator)
	second, err := w.users.RotateKey(t.Context(), by(), "ann")
	w.must(err)
	w.must(w.users.Remove(t.Context(), by(), "ann"))
	log, err := w.store.Read(t.Context()).AuditLog(0, 10)
	w.must(err)
	want := []store.AuditRecord{
		{Actor: "dbtls", Action: "AddUser", Target: "admin", Detail: "role admin, access key " + w.first.AccessKeyID},
		{Actor: "root", Action: "AddUser", Target: "ann", RequestID: "request-1", Detail: "role operator, access key " + ann.AccessKeyID},
		{Actor: "root", Action: "RotateUserKey", Target: "ann", RequestID: "request-1", Detail: "access key " + second.AccessKeyID + " replaces " + ann.AccessKeyID},
		{Actor: "root", Action: "RemoveUser", Target: "ann", RequestID: "request-1", Detail: "role operator, access key " + second.AccessKeyID},
	}
	for n := range log {
		log[n].ID, log[n].At = 0, time.Time{}
	}
	if !slices.Equal(log, want) {
		t.Errorf("audited is %+v", log)
	}
	rows, err := w.store.Read(t.Context()).Users()
	w.must(err)
	if len(rows) != 1 || strings.Contains(string(rows[0].Sealed), w.first.SecretAccessKey) {
		t.Errorf("%d rows, or a secret in clear", len(rows))
	}
}

func TestAKeyThatCannotBeKeptOnTheMachineDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var kept []auth.Key
	full := errors.New("no space left on device")
	fail := true
	w.users.Keep = func(k auth.Key) error {
		kept = append(kept, k)
		if fail && k != w.first {
			return full
		}
		return nil
	}
	if _, err := w.users.RotateKey(t.Context(), by(), auth.BuiltIn); !errors.Is(err, full) {
		t.Fatalf("%v", err)
	}
	w.counts(w.first, auth.User{Name: auth.BuiltIn, Role: auth.RoleAdmin})
	if len(kept) != 2 || kept[1] != w.first {
		t.Errorf("kept is %v: the key that counts must be put back", len(kept))
	}
	fail = false
	issued, err := w.users.RotateKey(t.Context(), by(), auth.BuiltIn)
	w.must(err)
	w.counts(w.first, auth.User{})
	w.counts(issued.Key, auth.User{Name: auth.BuiltIn, Role: auth.RoleAdmin})
	if kept[len(kept)-1] != issued.Key {
		t.Error("the new key is not kept")
	}
	first, err := w.load().First(t.Context(), time.Now())
	if err != nil || first != issued.Key {
		t.Errorf("after a restart the first key is another: %v", err)
	}
	n := len(kept)
	w.add("ann", auth.RoleAdmin)
	if _, err := w.users.RotateKey(t.Context(), by(), "ann"); err != nil || len(kept) != n {
		t.Errorf("somebody else's key is kept on the machine (%v)", err)
	}
}

func TestAChangeThatIsNotCommittedDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.add("ann", auth.RoleOperator)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.users.Add(gone, by(), "bob", auth.RoleAdmin); err == nil {
		t.Error("added")
	}
	if _, err := w.users.RotateKey(gone, by(), "ann"); err == nil {
		t.Error("rotated")
	}
	if err := w.users.Remove(gone, by(), "ann"); err == nil {
		t.Error("removed")
	}
	w.counts(ann.Key, auth.User{Name: "ann", Role: auth.RoleOperator})
	if n := len(w.users.List()); n != 2 {
		t.Errorf("%d users", n)
	}
}

func TestChangesAtTheSameTimeLeaveOneKeyPerUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add("ann", auth.RoleOperator)
	var wg sync.WaitGroup
	var mu sync.Mutex
	added := 0
	for range 8 {
		wg.Go(func() {
			if _, err := w.users.RotateKey(t.Context(), by(), "ann"); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			_, err := w.users.Add(t.Context(), by(), "bob", auth.RoleReadOnly)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				added++
			} else if fault.CodeOf(err) != auth.UserExists {
				t.Error(err)
			}
		})
		wg.Go(func() { w.users.Secret(w.first.AccessKeyID); w.users.List() })
	}
	wg.Wait()
	now, then := w.users.List(), w.load().List()
	if added != 1 || len(now) != 3 || len(then) != 3 {
		t.Fatalf("%d were added, %d users, %d after a restart", added, len(now), len(then))
	}
	for n := range now {
		if now[n].AccessKeyID != then[n].AccessKeyID {
			t.Errorf("%s has another key after a restart", now[n].Name)
		}
	}
}
