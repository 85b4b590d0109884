package wallet

import (
	"fmt"
	"testing"
)

// The work of one truststore build: 130 roots into a new wallet, both files.
func BenchmarkBuild130(b *testing.B) {
	var ders [][]byte
	for i := range 130 {
		ders = append(ders, newCA(b, fmt.Sprint("Root ", i), nil).cert.Raw)
	}
	for _, c := range []struct {
		name string
		do   func(*Wallet) ([]byte, error)
	}{
		{"ewallet.p12", func(w *Wallet) ([]byte, error) { return w.P12(fixturePassword, Format{}, nil) }},
		{"cwallet.sso", func(w *Wallet) ([]byte, error) { return w.SSO(Format{Login: AutoLoginOnly}, here, nil) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				w := New()
				for i, der := range ders {
					if _, err := w.AddTrusted(der, fmt.Sprint("root-", i)); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := c.do(w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
