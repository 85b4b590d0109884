// Command goora prints what go-ora, a database driver with a wallet reader of
// its own, finds in a cwallet.sso: the subject of each certificate, sorted,
// and the number of private keys. It is a module of its own so that the driver
// is no dependency of what ships.
package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"sort"

	"github.com/sijms/go-ora/v2/configurations"
)

func main() {
	w, err := configurations.NewWallet(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var names []string
	for _, der := range w.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		names = append(names, c.Subject.String())
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Println(n)
	}
	fmt.Println("keys", len(w.PrivateKeys))
}
