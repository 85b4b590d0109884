package local_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/local"
)

// BenchmarkObserve is the cost of one look at a stopped instance, most of it
// the search for its server among the machine's processes.
func BenchmarkObserve(b *testing.B) {
	dir, err := os.MkdirTemp("", "db")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		b.Fatal(err)
	}
	p, err := local.New(local.Options{Dir: dir, Engines: []engine.Engine{(&fakeEngine{}).engine()}})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	i := provider.Instance{ID: "db-" + rand.Text(), Engine: "fake", Version: "15.1", Address: "127.0.0.1", Port: 15998}
	if err := p.Create(ctx, i, provider.Source{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Observe(ctx, i); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogins is the cost of reading on when there is nothing new, which is
// what a watcher does most of the time.
func BenchmarkLogins(b *testing.B) {
	dir, err := os.MkdirTemp("", "db")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		b.Fatal(err)
	}
	e := (&fakeEngine{}).engine()
	e.Log = lineLog()
	p, err := local.New(local.Options{Dir: dir, Engines: []engine.Engine{e}})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	i := provider.Instance{ID: "db-" + rand.Text(), Engine: "fake", Version: "15.1", Address: "127.0.0.1", Port: 15998}
	if err := p.Create(ctx, i, provider.Source{}); err != nil {
		b.Fatal(err)
	}
	var at provider.LogPosition
	for b.Loop() {
		batch, err := p.Logins(ctx, i, at, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		at = batch.Next
	}
}
