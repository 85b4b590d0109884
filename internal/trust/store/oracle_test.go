package store_test

import (
	"os"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// Wallets that orapki of release 23 made; the wallet package tells how.
func TestOrapkisWalletsAreReadAndNotTornApart(t *testing.T) {
	t.Parallel()
	for name, frozen := range map[string]string{
		"o23_trusted1": "both must change together",
		"o23_self":     "more than trusted certificates",
	} {
		data, err := os.ReadFile("../../../wallet/testdata/" + name + "/cwallet.sso")
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Decode(data, "")
		if err != nil || len(s.Entries) == 0 {
			t.Errorf("%s: %d entries, %v", name, len(s.Entries), err)
			continue
		}
		if _, err := store.Encode(s, "", at); err == nil || !strings.Contains(fault.Public(err), frozen) {
			t.Errorf("%s is written back: %v", name, err)
		}
		copied := makeStore(t, store.PEM, s.Certs()...)
		if got, err := store.Decode(encode(t, copied), ""); err != nil || !sameCerts(got.Certs(), s.Certs()) {
			t.Errorf("%s as PEM: %v", name, err)
		}
	}
}
