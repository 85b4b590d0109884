package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// millis is how times are indexed: Unix milliseconds, NULL for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// documents decodes the single doc column of every row into T.
func documents[T any](t *Tx, query string, args ...any) ([]T, error) {
	var all []T
	err := t.rows(query, args, func(r *sql.Rows) error {
		var doc []byte
		if err := r.Scan(&doc); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal(doc, &v); err != nil {
			return fmt.Errorf("decode %T: %w", v, err)
		}
		all = append(all, v)
		return nil
	})
	return all, err
}

// document is documents for one row; ErrNotFound when there is none.
func document[T any](t *Tx, query string, args ...any) (T, error) {
	all, err := documents[T](t, query, args...)
	if err != nil {
		var zero T
		return zero, err
	}
	if len(all) == 0 {
		var zero T
		return zero, ErrNotFound
	}
	return all[0], nil
}
