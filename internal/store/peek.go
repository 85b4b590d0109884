package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
)

// OpenReadOnly opens a state file without changing it, not even its schema:
// for a look beside a running server, or when none runs. It fails with
// fs.ErrNotExist when there is no file.
func OpenReadOnly(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open state %q: %w", path, err)
	}
	return &Store{writer: db, reader: db}, nil
}

// PeekMeta reads one value from a state file before anything else is done
// with it; nil when there is no such file.
func PeekMeta(ctx context.Context, path, key string) ([]byte, error) {
	s, err := OpenReadOnly(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var tables int
	tx := s.Read(ctx)
	if err := tx.one(`SELECT count(*) FROM sqlite_master WHERE name='meta'`, nil, &tables); err != nil {
		return nil, fmt.Errorf("read state %q: %w", path, err)
	}
	if tables == 0 {
		return nil, nil // made by a first start that ended before its first write
	}
	v, err := tx.Meta(key)
	if err != nil {
		return nil, fmt.Errorf("read state %q: %w", path, err)
	}
	return v, nil
}
