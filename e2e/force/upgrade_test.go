package force_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestAServerThatUpgradesIsUpgradedAtItsReboot: a client that asked for nothing
// is encrypted after it, and not before.
func TestAServerThatUpgradesIsUpgradedAtItsReboot(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--provider", "simulated")
	p := product{engine: "sqlserver-se", group: "ms-tls", parameter: "rds.force_ssl", on: "1", off: "0"}
	makeGroup(t, s, p, types.ApplyMethodPendingReboot)
	i := s.Create(t, "ms", p.engine, func(in *rds.CreateDBInstanceInput) {
		in.DBParameterGroupName, in.DBInstanceClass = &p.group, aws.String("db.simulated")
	})
	d := &database{product: p, Instance: i, srv: s}
	if got := d.option(t); got != "FALSE" {
		t.Fatalf("a client that asks for nothing has ENCRYPT_OPTION %s", got)
	}
	plan, code := d.awaitVerdict(t, "UPGRADED", d.User, "")
	if at := plan.Instances[0].Effect; at != "at its reboot" || code == 1 {
		t.Errorf("exit code %d, it takes effect %s", code, at)
	}
	if said := d.mustForce(t, "on", "--accept-unknown", "--confirm-within", "10m"); !strings.Contains(said, "at its reboot") {
		t.Errorf("forced: %s", said)
	}
	wantEvents(t, s, types.SourceTypeDbInstance, d.Name, "TLS is forced at its reboot: rds.force_ssl is a static parameter", "encrypted without asking", "user "+d.User)
	if got := d.option(t); got != "FALSE" {
		t.Errorf("before the reboot ENCRYPT_OPTION is %s", got)
	}
	d.reboot(t)
	if got := d.option(t); got != "TRUE" {
		t.Errorf("after the reboot ENCRYPT_OPTION is %s", got)
	}
	wantEvents(t, s, types.SourceTypeDbInstance, d.Name, "TLS is forced by this restart")
	d.mustForce(t, "undo")
	wantEvents(t, s, types.SourceTypeDbInstance, d.Name, "TLS is not forced any more at its reboot")
	if got := d.option(t); got != "TRUE" {
		t.Errorf("undone, and not rebooted, ENCRYPT_OPTION is %s", got)
	}
	d.reboot(t)
	if got := d.option(t); got != "FALSE" {
		t.Errorf("undone and rebooted ENCRYPT_OPTION is %s", got)
	}
	d.mustForce(t, "on", "--accept-unknown", "--confirm-within", "10m")
	d.mustForce(t, "undo")
	wantEvents(t, s, types.SourceTypeDbInstance, d.Name, "had not been told to yet")
}

// option is what seed 004's question says of a client that asks for no TLS.
func (d *database) option(t *testing.T) string {
	t.Helper()
	dsn := url.URL{Scheme: "sqlserver", User: url.UserPassword(d.User, d.Password), Host: net.JoinHostPort(d.Address, strconv.Itoa(d.Port)), RawQuery: "encrypt=disable&TrustServerCertificate=true&dial+timeout=15"}
	cfg, err := msdsn.Parse(dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // what is asked is whether there is TLS
	db := sql.OpenDB(mssql.NewConnectorConfig(cfg))
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var option string
	if err := db.QueryRowContext(ctx, "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID").Scan(&option); err != nil {
		t.Fatal(err)
	}
	return option
}

func (d *database) reboot(t *testing.T) {
	t.Helper()
	before := time.Now()
	if _, err := d.srv.RDS(t, "").RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &d.Name}); err != nil {
		t.Fatal(err)
	}
	d.srv.Wait(t, d.Name, func(db types.DBInstance) bool {
		return aws.ToString(db.DBInstanceStatus) == "available" && time.Since(before) > 0
	})
}
