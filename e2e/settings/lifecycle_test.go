package settings_test

import (
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// window is a maintenance window that is far away, so that nothing happens in
// it by itself.
func window() *string {
	begin := time.Now().UTC().Add(12 * time.Hour)
	at := func(t time.Time) string { return strings.ToLower(t.Format("Mon:15:04")) }
	return aws.String(at(begin) + "-" + at(begin.Add(2*time.Hour)))
}

// TestTheLifeOfAServer takes one PostgreSQL through its life. The parts follow
// on one another.
func TestTheLifeOfAServer(t *testing.T) {
	t.Parallel()
	if !slices.Contains(harness.Engines(t), "postgres") {
		t.Skip("SKIPPED: no postgres on this machine")
	}
	s := harness.Start(t, harness.Data(t))
	d := open(t, s, s.Create(t, "orders", "postgres", func(in *rds.CreateDBInstanceInput) { in.PreferredMaintenanceWindow = window() }))
	home, roots := d.home(t), s.Root(t, caRSA2)
	for _, part := range []struct {
		name string
		do   func(*testing.T, *database, string, string)
	}{
		{"a group counts from the next reboot on", groupAtReboot},
		{"a reboot is another process", reboots},
		{"stopped until somebody starts it", stops},
		{"a rename at once", renames},
		{"a rename that waits, and is taken along", renamesLater},
		{"killed in the middle of it", killedInTheMiddle},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.do(t, d, home, roots) }) {
			t.Fatalf("the server's log ends with:\n%s", lastLines(s.Log()))
		}
	}
}

// groupAtReboot: the name of a group changes at once, its values at a reboot.
func groupAtReboot(t *testing.T, d *database, _, _ string) {
	d.Group = "narrow"
	_, err := d.api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: &d.Group, DBParameterGroupFamily: &d.Family, Description: aws.String("TLS 1.2 alone")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &d.Group,
		Parameters: []types.Parameter{{ParameterName: aws.String("ssl_max_protocol_version"), ParameterValue: aws.String("TLSv1.2"), ApplyMethod: types.ApplyMethodImmediate}}})
	if err != nil {
		t.Fatal(err)
	}
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) {
		in.DBParameterGroupName, in.ApplyImmediately = &d.Group, aws.Bool(true)
	})
	if row := d.row(t); aws.ToString(row.DBParameterGroups[0].DBParameterGroupName) != d.Group || apply(row) != pendingReboot {
		t.Errorf("the group is %+v, want %s, pending-reboot", row.DBParameterGroups, d.Group)
	}
	if got, err := newest(t, d); err != nil || got != "TLS 1.3" {
		t.Errorf("before the reboot a client gets %q, %v, want TLS 1.3", got, err)
	}
	_, err = d.api.DeleteDBParameterGroup(t.Context(), &rds.DeleteDBParameterGroupInput{DBParameterGroupName: &d.Group})
	wantFault(t, "delete a group in use", err, "InvalidDBParameterGroupState", d.Name)
	d.reboot(t)
	d.await(t, "in sync", settled)
	if got, err := newest(t, d); err != nil || got != "TLS 1.2" {
		t.Errorf("after the reboot a client gets %q, %v, want TLS 1.2", got, err)
	}
	none := "default." + d.Family
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) { in.DBParameterGroupName = &none })
	if row := d.row(t); apply(row) != pendingReboot {
		t.Errorf("back to the default group is %s, want pending-reboot", apply(row))
	}
}

func reboots(t *testing.T, d *database, home, roots string) {
	before := leader(home)
	s := d.mustConnect(t, "before the reboot", roots)
	d.reboot(t)
	if now := leader(home); now == 0 || now == before {
		t.Errorf("the server's process was %d and is %d", before, now)
	}
	if got, err := d.connect(t, roots); err != nil {
		t.Errorf("at once after the reboot: %v, %v", got, err)
	}
	if _, err := s.ask("SELECT 1"); err == nil {
		t.Error("a session lives after a reboot")
	}
	if got, err := newest(t, d); err != nil || got != "TLS 1.3" {
		t.Errorf("with the default group again a client gets %q, %v", got, err)
	}
	d.wantEvents(t, "[availability]: DB instance restarted")
}

func stops(t *testing.T, d *database, home, roots string) {
	if _, err := harness.Psql(t, d.Instance, roots, "CREATE TABLE kept AS SELECT 42 AS n"); err != nil {
		t.Fatal(err)
	}
	var reply struct{ DBInstance types.DBInstance }
	cli(t, d.srv, &reply, "stop-db-instance", "--db-instance-identifier", d.Name)
	if got := aws.ToString(reply.DBInstance.DBInstanceStatus); got != "stopping" {
		t.Errorf("the reply to a stop says %s", got)
	}
	d.await(t, "stopped", status("stopped"))
	d.wantGone(t, home, "stopped")

	d.srv.Restart(t)
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		if pid := leader(home); pid != 0 {
			t.Fatalf("a start of dbtls started the stopped server: process %d", pid)
		}
	}
	d.wantGone(t, home, "stopped, after a restart of dbtls")
	if got := aws.ToString(d.row(t).DBInstanceStatus); got != "stopped" {
		t.Errorf("after a restart of dbtls it is %s", got)
	}
	wantFault(t, "modify a stopped instance", d.modify(t, func(in *rds.ModifyDBInstanceInput) { in.CACertificateIdentifier = aws.String(caECC) }), "InvalidDBInstanceState", "stopped")
	_, err := d.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &d.Name})
	wantFault(t, "reboot a stopped instance", err, "InvalidDBInstanceState", "stopped")
	_, err = d.api.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: &d.Name})
	wantFault(t, "stop a stopped instance", err, "InvalidDBInstanceState", "stopped")

	cli(t, d.srv, &reply, "start-db-instance", "--db-instance-identifier", d.Name)
	if got := aws.ToString(reply.DBInstance.DBInstanceStatus); got != "starting" {
		t.Errorf("the reply to a start says %s", got)
	}
	d.await(t, "started", status("available"))
	if got, err := harness.Psql(t, d.Instance, roots, "SELECT n FROM kept"); err != nil || got != "42" {
		t.Errorf("the data after stop and start: %q, %v", got, err)
	}
	_, err = d.api.StartDBInstance(t.Context(), &rds.StartDBInstanceInput{DBInstanceIdentifier: &d.Name})
	wantFault(t, "start a running instance", err, "InvalidDBInstanceState", "available")
	d.wantEvents(t, "[notification]: DB instance stopped", "[availability]: DB instance started")
}

// wantGone: no process, and a port that refuses.
func (d *database) wantGone(t *testing.T, home, when string) {
	t.Helper()
	if pid := leader(home); pid != 0 {
		t.Errorf("%s: the process %d runs", when, pid)
	}
	wantClosed(t, when, d.endpoint())
}

func wantClosed(t *testing.T, when, endpoint string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", endpoint, patience)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s: %s says %v, want a refused connection", when, endpoint, err)
	}
}

// names are what a certificate is for.
func names(c *x509.Certificate) []string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	slices.Sort(all)
	return all
}
