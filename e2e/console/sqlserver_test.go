package console_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	_ "github.com/microsoft/go-mssqldb" // the driver "sqlserver"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	user     = "admin1"
	password = "correct-horse-99"
)

// newestFamily is the parameter group family of an engine's newest version.
func (w *world) newestFamily(t *testing.T, engine string) string {
	t.Helper()
	out, err := w.RDS(t, "").DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: &engine})
	if err != nil || len(out.DBEngineVersions) == 0 {
		t.Fatalf("versions of %s: %v", engine, err)
	}
	newest := slices.MaxFunc(out.DBEngineVersions, func(a, b types.DBEngineVersion) int {
		return cmp.Compare(aws.ToString(a.DBParameterGroupFamily), aws.ToString(b.DBParameterGroupFamily))
	})
	return aws.ToString(newest.DBParameterGroupFamily)
}

// sqlServer: what the console was told is so at the endpoint, which has moved.
func sqlServer(t *testing.T, w *world, _, _ harness.Instance) {
	w.walk(t, "sqlserver.mjs", object{"user": user, "password": password, "family": w.newestFamily(t, "sqlserver-se")})
	db := w.Wait(t, "sales", func(db types.DBInstance) bool { return aws.ToString(db.DBInstanceStatus) == "available" })
	if g := db.DBParameterGroups[0]; aws.ToString(g.DBParameterGroupName) != "crm-tls" || aws.ToString(g.ParameterApplyStatus) != "in-sync" {
		t.Errorf("its parameter group is %s, %s", *g.DBParameterGroupName, *g.ParameterApplyStatus)
	}
	roots := w.Root(t, aws.ToString(db.CACertificateIdentifier))
	at := fmt.Sprintf("%s:%d", aws.ToString(db.Endpoint.Address), aws.ToInt32(db.Endpoint.Port))
	// A client that asks for no encryption is made to encrypt, and then stops at a
	// certificate that nothing of its own vouches for.
	for encrypt, want := range map[string]string{"disable": "TLS Handshake failed", "true": "TRUE"} {
		if said := encrypted(t, at, encrypt, roots); !strings.Contains(said, want) {
			t.Errorf("with encrypt=%s the server says %q, want %q", encrypt, said, want)
		}
	}
}

// encrypted is whether a session is, as the server sees it, or why there is none.
func encrypted(t *testing.T, at, encrypt, roots string) string {
	t.Helper()
	q := url.Values{"encrypt": {encrypt}, "certificate": {roots}, "dial timeout": {"10"}}
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(user, password), Host: at, RawQuery: q.Encode()}
	pool, err := sql.Open("sqlserver", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var option string
	if err := pool.QueryRowContext(t.Context(), "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID").Scan(&option); err != nil {
		return err.Error()
	}
	return option
}
