package wallet_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"log"
	"os"

	"github.com/dbtls/dbtls/wallet"
)

// A client wallet that trusts every certificate of a bundle.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "wallet")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := wallet.Create(ctx, dir, wallet.Access{}, wallet.Format{Login: wallet.AutoLoginOnly}); err != nil {
		log.Fatal(err)
	}
	bundle, err := os.ReadFile("testdata/lab-root.pem")
	if err != nil {
		log.Fatal(err)
	}
	err = wallet.Update(ctx, dir, wallet.Access{}, func(w *wallet.Wallet) error {
		for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
			if _, err := w.AddTrusted(block.Bytes, "lab-root"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	opened, err := wallet.Read(dir, wallet.Access{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range opened.Wallet.Trusted() {
		fmt.Println(c.Alias, wallet.FormatDN(c.X509.RawSubject))
	}
	// Output: lab-root CN=Lab Root A,O=Lab,C=US
}
