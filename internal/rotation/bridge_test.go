package rotation

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

func TestNextBridge(t *testing.T) {
	t.Parallel()
	far := noon.AddDate(20, 0, 0)
	from2019 := inventory.Bridge{CA: ca2019, Until: noon.Add(10 * day24)}
	ended := inventory.Bridge{CA: ca2019, Until: noon}
	none := inventory.Bridge{}
	for _, c := range []struct {
		sentence string
		on       string
		bridge   inventory.Bridge
		to       string
		reason   inventory.Reason
		overlap  time.Duration
		oldEnd   time.Time
		want     inventory.Bridge
	}{
		{"to another CA the overlap begins", rsa2048, none, ecc384, inventory.ReasonCAChanged, overlap, far, inventory.Bridge{CA: rsa2048, Until: noon.Add(overlap)}},
		{"back again it begins the other way", rsa2048, from2019, ca2019, inventory.ReasonCAChanged, overlap, far, inventory.Bridge{CA: rsa2048, Until: noon.Add(overlap)}},
		{"on to a third CA it begins from the second", rsa2048, from2019, ecc384, inventory.ReasonCAChanged, overlap, far, inventory.Bridge{CA: rsa2048, Until: noon.Add(overlap)}},
		{"a renewal inside the overlap keeps its planned end", rsa2048, from2019, rsa2048, inventory.ReasonHalfLife, overlap, far, from2019},
		{"a renewal after the overlap has none", rsa2048, ended, rsa2048, inventory.ReasonBridgeEnded, overlap, far, none},
		{"a renewal without one has none", rsa2048, none, rsa2048, inventory.ReasonHalfLife, overlap, far, none},
		{"a compromised key has none", rsa2048, none, ecc384, inventory.ReasonKeyCompromised, overlap, far, none},
		{"a compromised key ends one under way", rsa2048, from2019, rsa2048, inventory.ReasonKeyCompromised, overlap, far, none},
		{"overlap 0 turns it off", rsa2048, none, ecc384, inventory.ReasonCAChanged, 0, far, none},
		{"it ends with the old root", rsa2048, none, ecc384, inventory.ReasonCAExpiring, overlap, noon.Add(day24), inventory.Bridge{CA: rsa2048, Until: noon.Add(day24)}},
		{"from a root that has ended there is none", rsa2048, none, ecc384, inventory.ReasonCAChanged, overlap, noon, none},
		{"the first certificate has none", "", none, rsa2048, inventory.ReasonCreated, overlap, time.Time{}, none},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			i := inventory.Instance{Leaf: inventory.Leaf{CA: c.on}, Bridge: c.bridge}
			got := NextBridge(i, c.to, c.reason, c.overlap, c.oldEnd, noon)
			if got.CA != c.want.CA || !got.Until.Equal(c.want.Until) {
				t.Errorf("the bridge is %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestLostCover(t *testing.T) {
	t.Parallel()
	covering := inventory.Bridge{CA: ca2019, Until: noon.Add(day24)}
	for _, c := range []struct {
		sentence string
		bridge   inventory.Bridge
		to       string
		reason   inventory.Reason
		want     string
	}{
		{"a third CA inside the overlap pushes the first out", covering, ecc384, inventory.ReasonCAChanged, ca2019},
		{"the way back loses nobody", covering, ca2019, inventory.ReasonCAChanged, ""},
		{"a renewal loses nobody", covering, rsa2048, inventory.ReasonHalfLife, ""},
		{"a compromised key loses whom the bridge covered", covering, rsa2048, inventory.ReasonKeyCompromised, ca2019},
		{"a compromised key that moves on loses the present CA", inventory.Bridge{}, ecc384, inventory.ReasonKeyCompromised, rsa2048},
		{"after the overlap nobody is left to lose", inventory.Bridge{CA: ca2019, Until: noon}, ecc384, inventory.ReasonCAChanged, ""},
		{"without one nobody is lost", inventory.Bridge{}, ecc384, inventory.ReasonCAChanged, ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			i := inventory.Instance{Leaf: inventory.Leaf{CA: rsa2048}, Bridge: c.bridge}
			if got := LostCover(i, c.to, c.reason, noon); got != c.want {
				t.Errorf("loses %q, want %q", got, c.want)
			}
		})
	}
}
