package probe_test

import (
	"context"
	"database/sql"
	"net/url"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb"
)

// mssql reports whether Microsoft's Go driver logs in in a mode. It has no
// verify-ca.
func mssql(t *testing.T, port int, ca, host, mode string) (bool, string) {
	t.Helper()
	q := url.Values{"dial timeout": {"10"}, "database": {"master"}}
	switch mode {
	case "none":
		q.Set("encrypt", "disable")
	case "require":
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "true")
	case "verify-full":
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "false")
		q.Set("certificate", ca)
		q.Set("hostNameInCertificate", host)
	}
	dsn := url.URL{Scheme: "sqlserver", User: url.UserPassword("admin1", loginPassword), Host: address(port), RawQuery: q.Encode()}
	db, err := sql.Open("sqlserver", dsn.String())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return false, err.Error()
	}
	return true, ""
}

func TestProbeAndMicrosoftsDriverAgreeInEveryCell(t *testing.T) {
	t.Parallel()
	compare(t, "sqlserver-se", noTLSTDS, []string{"none", "require", "verify-full"}, mssql, map[difference]string{
		{"CN only", "verify-full"}:                               "crypto/x509 knows no names in the CN any more; the report warns of that",
		{"the client has the intermediate alone", "verify-full"}: "crypto/x509 takes every trusted certificate as an anchor; the report warns of that",
		{"weak key", "verify-full"}:                              "crypto/x509 takes RSA keys of 1024 bits, OpenSSL's security level 2 does not",
	})
}
