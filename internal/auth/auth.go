// Package auth knows who may call: users, their access keys and roles. It does
// not check signatures (internal/awswire/sigv4 does) and knows no action.
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// RoleAdmin may do everything.
const RoleAdmin = "admin"

// User is somebody who may call.
type User struct{ Name, Role string }

// Key is an access key pair in clear.
type Key struct{ AccessKeyID, SecretAccessKey string }

type entry struct {
	user   User
	secret string
}

// Users answers by access key, from memory: it is asked for every request.
type Users struct {
	store *store.Store
	box   *secrets.Box
	mu    sync.RWMutex
	byKey map[string]entry
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
		u.byKey[row.AccessKey] = entry{User{row.Name, row.Role}, string(secret)}
	}
	return u, nil
}

func label(accessKey string) string { return "secret of access key " + accessKey }

// Secret returns the secret access key of an access key id.
func (u *Users) Secret(accessKey string) (string, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	e, ok := u.byKey[accessKey]
	return e.secret, ok
}

// ByKey returns the user of an access key id.
func (u *Users) ByKey(accessKey string) (User, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	e, ok := u.byKey[accessKey]
	return e.user, ok
}

// First returns the first administrator's key, making the user when there is
// none: a fresh server has exactly one way in.
func (u *Users) First(ctx context.Context, now time.Time) (Key, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, e := range u.byKey {
		if e.user.Name == "admin" {
			return Key{id, e.secret}, nil
		}
	}
	key := newKey()
	row := store.User{AccessKey: key.AccessKeyID, Name: "admin", Role: RoleAdmin, CreatedAt: now,
		Sealed: u.box.Seal(label(key.AccessKeyID), []byte(key.SecretAccessKey))}
	if err := u.store.Write(ctx, func(tx *store.Tx) error { return tx.InsertUser(row) }); err != nil {
		return Key{}, fmt.Errorf("make first user: %w", err)
	}
	u.byKey[key.AccessKeyID] = entry{User{row.Name, row.Role}, key.SecretAccessKey}
	return key, nil
}

// newKey makes a key pair of AWS's form: AKIA and 16 characters, 40 characters.
func newKey() Key {
	secret := make([]byte, 30)
	rand.Read(secret)
	return Key{AccessKeyID: "AKIA" + rand.Text()[:16], SecretAccessKey: base64.StdEncoding.EncodeToString(secret)}
}
