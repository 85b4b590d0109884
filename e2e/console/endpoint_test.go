package console_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// endpoint: what the console shows of the tests, the API has too.
func endpoint(t *testing.T, w *world, _, ledger harness.Instance) {
	root, err := os.ReadFile(w.Root(t, "rds-ca-rsa2048-g1"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(root)
	if block == nil {
		t.Fatalf("no certificate in %s", root)
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	report := w.walk(t, "endpoint.mjs", object{"server": ledger.Address, "port": ledger.Port, "user": ledger.User, "password": ledger.Password,
		"wrong": caPEM(t, "nobody's CA"), "right": string(root), "missing": ca.Subject.CommonName})
	if got := fmt.Sprint(report["modes"]); got != "[none verify-ca verify-full]" {
		t.Errorf("the form offers the modes %s", got)
	}
	out, err := w.AWS(t, "dms", "describe-connections", "--query", "Connections[?EndpointIdentifier=='ledger'].Status", "--output", "text")
	if err != nil || out != "successful\n" {
		t.Errorf("the connection is %q, %v", out, err)
	}
}
