package simulated

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"sync"

	"github.com/dbtls/dbtls/internal/pki"
)

// ready is a key and its PKCS #8, which all who share it share too.
type ready struct {
	key crypto.Signer
	der []byte
}

func makeKey(spec pki.KeySpec) (ready, error) {
	key, err := pki.GenerateKey(spec)
	if err != nil {
		return ready{}, err
	}
	der, err := pki.MarshalKey(key)
	return ready{key, der}, err
}

// pool is the RSA keys of one size that simulated instances share. They are
// made in the background from when the first is asked for.
type pool struct {
	spec pki.KeySpec
	size int // more than an instance can have in use

	mu      sync.Mutex
	keys    []ready
	next    int
	filling bool
	grown   chan struct{} // closed when keys or err changed
	err     error         // why the last filling ended early
}

func newPools() map[pki.KeySpec]*pool {
	return map[pki.KeySpec]*pool{
		pki.RSA2048: {spec: pki.RSA2048, size: 8},
		pki.RSA4096: {spec: pki.RSA4096, size: 3}, // active, loaded, and a new one
	}
}

// get returns a key that is none of those in avoid, in turn.
func (p *pool) get(ctx context.Context, avoid ...[]byte) (ready, error) {
	for {
		k, grown, err := p.pick(avoid)
		if grown == nil {
			return k, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ready{}, fmt.Errorf("wait for a key %s: %w", p.spec, ctx.Err())
		}
	}
}

// pick is get without waiting: grown is what to wait for, nil for nothing.
func (p *pool) pick(avoid [][]byte) (k ready, grown <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.err; err != nil {
		p.err = nil // told once; the next caller tries again
		return ready{}, nil, err
	}
	if len(p.keys) < p.size && !p.filling {
		p.filling, p.grown = true, make(chan struct{})
		go p.fill()
	}
	for range p.keys {
		k := p.keys[p.next%len(p.keys)]
		p.next++
		if !has(avoid, k.der) {
			return k, nil, nil
		}
	}
	return ready{}, p.grown, nil
}

func has(list [][]byte, der []byte) bool {
	for _, b := range list {
		if bytes.Equal(b, der) {
			return true
		}
	}
	return false
}

// fill makes keys until the pool is full. It touches nothing but the pool, so
// nobody waits for its end.
func (p *pool) fill() {
	for more := true; more; {
		k, err := makeKey(p.spec)
		p.mu.Lock()
		if err == nil {
			p.keys = append(p.keys, k)
		}
		p.err = err
		more = err == nil && len(p.keys) < p.size
		p.filling = more
		close(p.grown)
		p.grown = make(chan struct{})
		p.mu.Unlock()
	}
}
