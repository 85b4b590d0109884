package forcetls

import (
	"fmt"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

// BenchmarkPlan plans for an instance with as many distinct clients as are kept
// of one.
func BenchmarkPlan(b *testing.B) {
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	f := facts{rule: rule{Force: engine.Force{Parameter: "force", On: "1"}, Forced: true}, effect: EffectNow, since: now.AddDate(0, 0, -30), now: now}
	for n := range 100_000 {
		k := evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: fmt.Sprint("user", n%100), Source: fmt.Sprintf("10.1.%d.%d", n/250%250, n%250), Application: fmt.Sprint("job", n), TLS: evidence.Encrypted}
		if n%10 == 0 {
			k.TLS = evidence.Plain
		}
		f.rows = append(f.rows, evidence.Client{Key: k, First: now.AddDate(0, 0, -20), Last: now.Add(-time.Duration(n) * time.Second), Count: 7})
	}
	for b.Loop() {
		if p := f.plan(); p.Counts[Refused] != 10_000 || len(p.Clients) != mostClients {
			b.Fatalf("%v, %d shown", p.Counts, len(p.Clients))
		}
	}
}
