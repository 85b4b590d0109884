package engines_test

import (
	"testing"

	"github.com/dbtls/dbtls/internal/engines"
)

func TestEveryNameFindsItsEngineAndNoOther(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	index := engines.Index(engines.All())
	for _, e := range engines.All() {
		for _, name := range e.Spec.Names {
			got, ok := engines.ByName(name)
			if same, found := index(name); !found || same.Name() != got.Name() {
				t.Errorf("the index finds %q for %q, %v", same.Spec.Names, name, found)
			}
			if !ok || got.Name() != e.Name() || seen[name] {
				t.Errorf("ByName(%q) = %q, %v, want %q once", name, got.Spec.Names, ok, e.Name())
			}
			seen[name] = true
		}
		if e.Wire == nil || e.Spec.Description == "" || e.Spec.DefaultPort == 0 || e.Spec.Major == nil || e.Spec.Family == nil || e.Spec.HotReload == nil {
			t.Errorf("engine %q lacks what every engine has", e.Name())
		}
	}
	if _, ok := engines.ByName("Postgres"); ok {
		t.Error("names are matched without case")
	}
}
