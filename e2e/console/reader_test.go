package console_test

import (
	"encoding/json"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// reader: the console of somebody with the role read-only. That the server
// refuses such a caller whatever a page allows, the tests of roles show.
func reader(t *testing.T, w *world, _, _ harness.Instance) {
	out := w.dbtls(t, "user", "add", "auditor", "--role", "read-only", "--data", w.Dir, "--json")
	var made struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.ID == "" {
		t.Fatalf("dbtls user add: %v: %s", err, out)
	}
	if alive, _ := w.walk(t, "reader.mjs", object{"id": made.ID, "secret": made.Secret})["alive"].([]any); len(alive) > 0 {
		t.Errorf("a reader may press %v", alive)
	}
}
