package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
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

// memo remembers what documents decode to: most reads find what the last one
// found, and decoding is most of their cost. The key is the document itself, so
// nothing has to be invalidated. What it returns is shared: callers replace
// slices in it and never change their elements.
type memo[T any] struct {
	mu sync.RWMutex
	m  map[string]T
}

// memoMost bounds a memo; one that is full starts over.
const memoMost = 20_000

func (c *memo[T]) decode(doc []byte) (T, error) {
	c.mu.RLock()
	v, ok := c.m[string(doc)]
	c.mu.RUnlock()
	if ok {
		return v, nil
	}
	if err := json.Unmarshal(doc, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= memoMost {
		c.m = map[string]T{}
	}
	c.m[string(doc)] = v
	return v, nil
}

// decode is the plain way.
func decode[T any](doc []byte) (v T, err error) {
	if err := json.Unmarshal(doc, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// documents decodes the single doc column of every row into T.
func documents[T any](t *Tx, decode func([]byte) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := t.rows(query, args, func(r *sql.Rows) error {
		var doc sql.RawBytes
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := decode(doc)
		all = append(all, v)
		return err
	})
	return all, err
}

// document is documents for one row; ErrNotFound when there is none.
func document[T any](t *Tx, decode func([]byte) (T, error), query string, args ...any) (T, error) {
	all, err := documents(t, decode, query, args...)
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
