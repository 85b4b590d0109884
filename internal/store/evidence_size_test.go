package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/store"
)

// history fills a file with logins of so many distinct clients, spread over 90
// days: each client comes on its own days, several times in each.
func history(tb testing.TB, e *store.Evidence, clients, days, logins int) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	each := logins / clients / days
	for day := range 90 {
		var b store.EvidenceBatch
		b.Database = "db-1"
		at := noon.AddDate(0, 0, day-90)
		for n := range clients {
			if (n*7+day)%90 >= days {
				continue
			}
			from := at.Add(time.Duration(rng.IntN(8*3600)) * time.Second)
			b.Rows = append(b.Rows, evidence.Client{Key: someone(n), First: from, Last: from.Add(time.Hour), Count: int64(each)})
		}
		b.Spans = []evidence.Span{{How: evidence.FromLog, From: noon.AddDate(0, 0, -90), To: at}}
		if err := e.Add(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
	}
}

func someone(n int) evidence.Key {
	k := evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: fmt.Sprintf("app_%d", n%40), Source: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
		Application: fmt.Sprintf("service-%d worker", n%300), Name: fmt.Sprintf("shop_%d", n%10), TLS: evidence.Encrypted, Version: "TLSv1.3", Cipher: "TLS_AES_256_GCM_SHA384"}
	if n%50 == 0 {
		k.TLS, k.Version, k.Cipher = evidence.Plain, "", ""
	}
	return k
}

func sizeOf(tb testing.TB, path string) (total int64) {
	tb.Helper()
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(path + end)
		if err != nil {
			tb.Fatal(err)
		}
		total += info.Size()
	}
	return total
}

// BenchmarkEvidenceReport is one report over a million logins.
func BenchmarkEvidenceReport(b *testing.B) {
	for name, c := range map[string]struct{ clients, days int }{
		"a thousand clients on every day":        {1_000, 90},
		"eighty thousand clients, a day each":    {80_000, 1},
		"eighty thousand clients, ten days each": {80_000, 10},
	} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "evidence.db")
			e, err := store.OpenEvidence(context.Background(), path)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			history(b, e, c.clients, c.days, 1_000_000)
			for b.Loop() {
				clients, spans, err := e.Clients(b.Context(), "db-1", noon.AddDate(0, 0, -90))
				if err != nil || len(clients) != c.clients {
					b.Fatalf("%d clients, %v", len(clients), err)
				}
				r := evidence.Sum(clients, spans, noon.AddDate(0, 0, -90), noon, "", 1000)
				if r.Plain == 0 || len(r.Clients) != min(1000, c.clients) {
					b.Fatalf("%+v", r.Totals)
				}
			}
			b.ReportMetric(float64(sizeOf(b, path))/1e6, "MB")
		})
	}
}
