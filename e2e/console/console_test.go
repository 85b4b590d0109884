package console_test

import (
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestConsole shares one server, one browser and the databases among its parts:
// first what needs no database, while they are made, then the journeys, each in
// a browser profile of its own, and at last every page with what is there then.
func TestConsole(t *testing.T) {
	if len(harness.Engines(t)) < 2 {
		t.Skip("SKIPPED: the journeys need PostgreSQL and MariaDB")
	}
	w := open(t)
	var shop, ledger harness.Instance
	var making sync.WaitGroup
	w.shopGroup(t)
	making.Go(func() {
		shop = w.Create(t, "shop", "postgres", func(in *rds.CreateDBInstanceInput) { in.DBParameterGroupName = aws.String("web") })
	})
	making.Go(func() { ledger = w.Create(t, "ledger", "mariadb") })
	t.Run("sign in", func(t *testing.T) { signIn(t, w) })
	t.Run("strangers are refused", func(t *testing.T) { strangers(t, w) })
	t.Run("uploads are limited", func(t *testing.T) { uploads(t, w) })
	making.Wait()
	if shop.Port == 0 || ledger.Port == 0 {
		t.Fatal("the databases of the journeys could not be made")
	}
	t.Run("journeys", func(t *testing.T) {
		for name, walk := range map[string]func(*testing.T, *world, harness.Instance, harness.Instance){
			"PostgreSQL":   postgres,
			"SQL Server":   sqlServer,
			"certificates": certificates,
			"endpoint":     endpoint,
			"reader":       reader,
		} {
			t.Run(name, func(t *testing.T) { t.Parallel(); walk(t, w, shop, ledger) })
		}
	})
	t.Run("pages", func(t *testing.T) { pages(t, w) })
}
