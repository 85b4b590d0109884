package rotation

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	h := hierarchy()
	const name = "127.1.2.3"
	bridged, _ := h.Bridge(t, rsa2048, ecc384, name)
	plain, _ := h.Leaf(t, ecc384, name)
	before, _ := h.Leaf(t, rsa2048, name)
	elsewhere, _ := h.Leaf(t, ecc384, "127.9.9.9")
	wanted := Wanted{Serial: pki.SerialHex(bridged[0]), Old: pki.SerialHex(before[0]), Name: name, Roots: h.TrustStore(rsa2048, ecc384)}
	for _, c := range []struct {
		sentence string
		sight    Sight
		change   func(*Wanted)
		reason   inventory.StuckReason
		final    bool // waiting changes nothing
	}{
		{"the new leaf in a chain for both roots", Sight{Chain: bridged}, nil, "", true},
		{"the old leaf", Sight{Chain: before}, nil, inventory.StuckReload, false},
		{"another leaf", Sight{Chain: plain}, nil, inventory.StuckWrongLeaf, false},
		{"the old leaf, when no old one is known", Sight{Chain: before}, func(w *Wanted) { w.Old = "" }, inventory.StuckWrongLeaf, false},
		{"the leaf on record, which is old and new", Sight{Chain: bridged}, func(w *Wanted) { w.Old = w.Serial }, "", true},
		{"the new leaf without the bridge", Sight{Chain: plain}, func(w *Wanted) { w.Serial = pki.SerialHex(plain[0]) }, inventory.StuckChain, true},
		{"the new leaf without its issuing CA", Sight{Chain: bridged[:1]}, nil, inventory.StuckChain, true},
		{"the new leaf for another name", Sight{Chain: elsewhere}, func(w *Wanted) { w.Serial, w.Roots = pki.SerialHex(elsewhere[0]), h.TrustStore(ecc384) }, inventory.StuckChain, true},
		{"the new leaf and no root to judge it by", Sight{Chain: bridged}, func(w *Wanted) { w.Roots = nil }, inventory.StuckChain, true},
		{"no certificate", Sight{}, nil, inventory.StuckWrongLeaf, false},
		{"a server that answers without TLS", Sight{Err: fmt.Errorf("dial: %w", engine.ErrNoTLS)}, nil, inventory.StuckNoTLS, false},
		{"nothing that answers", Sight{Err: errors.New("connection refused")}, nil, inventory.StuckUnreachable, false},
	} {
		w := wanted
		if c.change != nil {
			c.change(&w)
		}
		v, final := Judge(c.sight, w, time.Now())
		if v.Reason != c.reason || final != c.final || (c.reason != "" && v.Detail == "") {
			t.Errorf("%s: %+v, final %t", c.sentence, v, final)
		}
	}
}
