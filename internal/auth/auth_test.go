package auth_test

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

func TestAFreshServerHasExactlyOneWayIn(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	load := func() *auth.Users {
		t.Helper()
		u, err := auth.LoadUsers(t.Context(), s, box)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	users := load()
	key, err := users.First(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(key.AccessKeyID) || len(key.SecretAccessKey) != 40 {
		t.Errorf("the key pair is not of AWS's form: %s", key.AccessKeyID)
	}
	for when, u := range map[string]*auth.Users{"at once": users, "after a restart": load()} {
		again, err := u.First(t.Context(), time.Now())
		if err != nil || again != key {
			t.Errorf("%s the first key is another: %v", when, err)
		}
		if secret, ok := u.Secret(key.AccessKeyID); !ok || secret != key.SecretAccessKey {
			t.Errorf("%s the secret is not found", when)
		}
		if who, ok := u.ByKey(key.AccessKeyID); !ok || who.Name != "admin" || who.Role != auth.RoleAdmin {
			t.Errorf("%s the user is %+v", when, who)
		}
		if _, ok := u.Secret("AKIAUNKNOWN"); ok {
			t.Errorf("%s an unknown key has a secret", when)
		}
	}
	rows, err := s.Read(t.Context()).Users()
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d users, %v", len(rows), err)
	}
	other, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.LoadUsers(t.Context(), s, other); err == nil {
		t.Error("the secrets open under another data key")
	}
}
