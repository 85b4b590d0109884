package console_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// application is what the client without TLS calls itself.
const application = "old-exporter"

// shopGroup is a parameter group that does not force TLS.
func (w *world) shopGroup(t *testing.T) {
	t.Helper()
	api := w.RDS(t, "")
	versions, err := api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: aws.String("postgres"), DefaultOnly: aws.Bool(true)})
	if err != nil || len(versions.DBEngineVersions) == 0 {
		t.Fatalf("versions of PostgreSQL: %v", err)
	}
	group := aws.String("web")
	if _, err := api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: group,
		DBParameterGroupFamily: versions.DBEngineVersions[0].DBParameterGroupFamily, Description: aws.String("lets clients in without TLS")}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: group, Parameters: []types.Parameter{{
		ParameterName: aws.String("rds.force_ssl"), ParameterValue: aws.String("0"), ApplyMethod: types.ApplyMethodImmediate}}}); err != nil {
		t.Fatal(err)
	}
}

// plain logs in without TLS.
func plain(t *testing.T, i harness.Instance) error {
	t.Helper()
	c := exec.CommandContext(t.Context(), "psql", "-XAtqc", "SELECT 1", fmt.Sprintf("host=%s port=%d user=%s dbname=postgres connect_timeout=10 sslmode=disable application_name=%s", i.Address, i.Port, i.User, application))
	c.Env = append(os.Environ(), "PGPASSWORD="+i.Password)
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// postgres: a client without TLS is found, then TLS is forced, which refuses it;
// then the CA is changed.
func postgres(t *testing.T, w *world, shop, _ harness.Instance) {
	if err := plain(t, shop); err != nil {
		t.Fatalf("before TLS is forced: %v", err)
	}
	said, _ := w.walk(t, "plain_client.mjs", object{"application": application})["said"].(string)
	if !strings.Contains(said, shop.User) || !strings.Contains(strings.ToLower(said), "plain") {
		t.Errorf("Sessions says of the client without TLS: %q", said)
	}
	w.walk(t, "force_tls.mjs", object{"application": application})
	if err := plain(t, shop); err == nil || !strings.Contains(err.Error(), "no encryption") {
		t.Errorf("after TLS is forced, a client without it: %v", err)
	}
	const from, to = "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1"
	if _, err := harness.Psql(t, shop, w.Root(t, from), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	w.walk(t, "change_ca.mjs", object{"to": to, "issuer": "Issuing CA ECC384", "application": application})
	if _, err := harness.Psql(t, shop, w.Root(t, to), "SELECT 1"); err != nil {
		t.Errorf("with the new CA alone: %v", err)
	}
}
