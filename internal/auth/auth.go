// Package auth knows who may call, and what: users, their access keys, their
// roles, and which role may call which action. It does not check signatures
// (internal/awswire/sigv4 does) and reads no request.
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// BuiltIn is the user that every server has: commands on the server's own
// machine call with its key. It is an administrator and cannot be removed.
const BuiltIn = "admin"

// User is somebody who may call.
type User struct{ Name, Role string }

// Key is an access key pair in clear.
type Key struct{ AccessKeyID, SecretAccessKey string }

type entry struct {
	user User
	key  Key
	made time.Time // the key
}

// Users answers by access key, from memory: it is asked for every request.
// A change counts when the call that made it returns.
type Users struct {
	// Keep, when set, puts a new key of the built-in user where commands on
	// the server's machine find it. One that cannot be kept does not count.
	// Set it before the first call.
	Keep func(Key) error

	store  *store.Store
	box    *secrets.Box
	change sync.Mutex // one change at a time; readers do not wait for its transaction
	mu     sync.RWMutex
	byKey  map[string]entry
}

// LoadUsers decrypts all users.
func LoadUsers(ctx context.Context, s *store.Store, box *secrets.Box) (*Users, error) {
	u := &Users{store: s, box: box, byKey: map[string]entry{}}
	rows, err := s.Read(ctx).Users()
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	for _, row := range rows {
		secret, err := box.Open(label(row.AccessKey), row.Sealed)
		if err != nil {
			return nil, fmt.Errorf("read user %q: %w", row.Name, err)
		}
		u.byKey[row.AccessKey] = entry{User{row.Name, row.Role}, Key{row.AccessKey, string(secret)}, row.CreatedAt}
	}
	return u, nil
}

func label(accessKey string) string { return "secret of access key " + accessKey }

// Secret returns the secret access key of an access key id.
func (u *Users) Secret(accessKey string) (string, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	e, ok := u.byKey[accessKey]
	return e.key.SecretAccessKey, ok
}

// ByKey returns the user of an access key id.
func (u *Users) ByKey(accessKey string) (User, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	e, ok := u.byKey[accessKey]
	return e.user, ok
}

// byName finds a user; names are the same in any case, as in IAM.
func (u *Users) byName(name string) (entry, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	for _, e := range u.byKey {
		if strings.EqualFold(e.user.Name, name) {
			return e, true
		}
	}
	return entry{}, false
}

// Named finds a user by name.
func (u *Users) Named(name string) (User, bool) {
	e, ok := u.byName(name)
	return e.user, ok
}

// First returns the built-in user's key, making the user when there is none:
// a fresh server has exactly one way in.
func (u *Users) First(ctx context.Context, now time.Time) (Key, error) {
	u.change.Lock()
	defer u.change.Unlock()
	if e, ok := u.byName(BuiltIn); ok {
		return e.key, nil
	}
	made := entry{User{BuiltIn, RoleAdmin}, newKey(), now}
	if err := u.insert(ctx, store.AuditRecord{At: now, Actor: "dbtls"}, made); err != nil {
		return Key{}, fmt.Errorf("make first user: %w", err)
	}
	return made.key, nil
}

// row is how an entry is kept.
func (u *Users) row(e entry) store.User {
	return store.User{AccessKey: e.key.AccessKeyID, Name: e.user.Name, Role: e.user.Role, CreatedAt: e.made,
		Sealed: u.box.Seal(label(e.key.AccessKeyID), []byte(e.key.SecretAccessKey))}
}

// newKey makes a key pair of AWS's form: AKIA and 16 characters, 40 characters.
func newKey() Key {
	secret := make([]byte, 30)
	rand.Read(secret)
	return Key{AccessKeyID: "AKIA" + rand.Text()[:16], SecretAccessKey: base64.StdEncoding.EncodeToString(secret)}
}
