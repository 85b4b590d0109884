package store

import (
	"database/sql"
	"errors"
	"time"
)

// Meta reads a single value of the state, nil when it is not set.
func (t *Tx) Meta(key string) ([]byte, error) {
	var v []byte
	err := t.one(`SELECT value FROM meta WHERE key=?`, []any{key}, &v)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// SetMeta writes a single value; nil removes it.
func (t *Tx) SetMeta(key string, value []byte) error {
	if value == nil {
		_, err := t.exec(`DELETE FROM meta WHERE key=?`, key)
		return err
	}
	_, err := t.exec(`INSERT INTO meta (key, value) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value=excluded.value`, key, value)
	return err
}

// User is somebody who may call, with the sealed secret of the access key.
type User struct {
	AccessKey, Name, Role string
	Sealed                []byte
	CreatedAt             time.Time
}

// Users lists all users.
func (t *Tx) Users() ([]User, error) {
	var all []User
	err := t.rows(`SELECT access_key, name, role, sealed, created_at FROM users`, nil, func(r *sql.Rows) error {
		var u User
		var at int64
		err := r.Scan(&u.AccessKey, &u.Name, &u.Role, &u.Sealed, &at)
		u.CreatedAt = time.UnixMilli(at).UTC()
		all = append(all, u)
		return err
	})
	return all, err
}

// InsertUser adds a user.
func (t *Tx) InsertUser(u User) error {
	_, err := t.exec(`INSERT INTO users (access_key, name, role, sealed, created_at) VALUES (?,?,?,?,?)`,
		u.AccessKey, u.Name, u.Role, u.Sealed, u.CreatedAt.UnixMilli())
	return err
}

// DeleteUser removes the user of an access key; ErrNotFound when there is none.
func (t *Tx) DeleteUser(accessKey string) error {
	n, err := t.exec(`DELETE FROM users WHERE access_key=?`, accessKey)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}
