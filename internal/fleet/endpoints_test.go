package fleet

import (
	"slices"
	"testing"

	"github.com/dbtls/dbtls/internal/inventory"
)

func TestClientsReachAnInstanceByEveryNameAndAddressOfIt(t *testing.T) {
	t.Parallel()
	i := inventory.Instance{Host: "crew-1.example", Address: "10.0.0.1", Port: 5432,
		Shared: []inventory.Shared{{Host: "crew.cluster.example", Address: "10.0.0.9"}, {Host: "10.0.0.1", Address: "10.0.0.1"}}}
	want := []string{"crew-1.example:5432", "crew.cluster.example:5432", "10.0.0.1:5432", "10.0.0.9:5432"}
	if got := endpoints(i); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
