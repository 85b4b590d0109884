package simulated

import (
	"bytes"
	"context"
	"testing"

	"github.com/dbtls/dbtls/internal/pki"
)

func TestThePoolNeverGivesAKeyThatIsInUse(t *testing.T) {
	t.Parallel()
	// EC keys are quick to make; the pool does not care.
	p := &pool{spec: pki.ECC256, size: 3}
	seen := map[string]bool{}
	var active, loaded []byte
	for n := range 100 {
		for range n % p.size { // others take keys too
			if _, err := p.get(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		k, err := p.get(t.Context(), active, loaded)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(k.der, active) || bytes.Equal(k.der, loaded) {
			t.Fatal("a key in use was given again")
		}
		active, loaded = k.der, active
		seen[string(k.der)] = true
	}
	if len(seen) != p.size {
		t.Errorf("%d keys were used, want all %d", len(seen), p.size)
	}
}

func TestAPoolThatCannotMakeKeysSaysSoEachTime(t *testing.T) {
	t.Parallel()
	p := &pool{spec: "DSA", size: 2}
	for range 3 {
		if _, err := p.get(t.Context()); err == nil {
			t.Fatal("a key of no kind")
		}
	}
}

func TestTheWaitForAKeyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&pool{spec: pki.RSA4096, size: 1}).get(ctx); err == nil {
		t.Error("a key of 4096 bits in no time")
	}
}

func TestPoolsHoldMoreKeysThanAnInstanceUses(t *testing.T) {
	t.Parallel()
	for spec, p := range newPools() {
		if p.spec != spec || p.size < 3 {
			t.Errorf("%s: %d keys of %s", spec, p.size, p.spec)
		}
	}
}
