package api_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestAClockThatJumpedHoldsEverything moves the machine's uptime by ten hours
// under the server, in a time namespace: within one boot that is the same as
// a wall clock that was set wrong. Then the operator confirms the clock.
func TestAClockThatJumpedHoldsEverything(t *testing.T) {
	engine := harness.Engines(t)[0]
	shift := []string{"unshare", "--time", "--boottime", "36000", "--fork", "--"}
	if out, err := exec.Command(shift[0], append(shift[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no time namespace to be had here: %v: %s", err, out)
	}
	dir := harness.Data(t)
	before := harness.Start(t, dir)
	i := before.Create(t, "steady", engine)
	before.Stop(t)

	s := harness.StartUnder(t, shift, dir)
	c := s.RDS(t, "")
	st := s.Status(t)
	if !strings.Contains(st.Clock, "moved by") || !strings.Contains(st.Clock, "dbtls clock accept") {
		t.Errorf("dbtls status says of the clock %q, want what happened and the way out", st.Clock)
	}
	table, _, _ := s.CLI(t, "status")
	if !strings.Contains(table, "moved by") {
		t.Errorf("the table of dbtls status does not say that the clock jumped:\n%s", table)
	}
	if text := string(get(t, s, "/metrics")); !strings.Contains(text, "\ndbtls_clock_distrusted 1") {
		t.Error("/metrics does not say that the clock is distrusted")
	}
	to := "rds-ca-ecc384-g1"
	_, err := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &i.Name, CACertificateIdentifier: &to, ApplyImmediately: aws.Bool(true)})
	if err != nil {
		t.Fatalf("plan a CA change: %v", err)
	}
	if _, err := c.CreateDBInstance(t.Context(), input("waits", engine)); err != nil {
		t.Fatalf("plan an instance: %v", err)
	}
	holdsFor(t, s, 3*time.Second)
	if _, err := harness.Query(t, i, s.Root(t, "rds-ca-rsa2048-g1"), "select 1"); err != nil {
		t.Errorf("the database does not serve meanwhile: %v", err)
	}

	if out, stderr, code := s.CLI(t, "clock", "accept"); code != 0 || !strings.Contains(out, "trusted") {
		t.Fatalf("dbtls clock accept: %d %s %s", code, out, stderr)
	}
	s.Wait(t, i.Name, func(d types.DBInstance) bool { return aws.ToString(d.CACertificateIdentifier) == to })
	s.Wait(t, "waits", func(d types.DBInstance) bool { return aws.ToString(d.DBInstanceStatus) == "available" })
	if got := s.Status(t).Clock; got != "" {
		t.Errorf("after the confirmation status still says %q", got)
	}
	if out, _, _ := s.CLI(t, "audit"); !strings.Contains(out, "clock") {
		t.Errorf("the audit log does not have the confirmation:\n%s", out)
	}
}

// holdsFor watches that neither the change nor the new instance happens.
func holdsFor(t *testing.T, s *harness.Server, d time.Duration) {
	t.Helper()
	c := s.RDS(t, "")
	for end := time.Now().Add(d); time.Now().Before(end); <-time.After(200 * time.Millisecond) {
		out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, db := range out.DBInstances {
			name, ca := aws.ToString(db.DBInstanceIdentifier), aws.ToString(db.CACertificateIdentifier)
			if name == "steady" && ca != "rds-ca-rsa2048-g1" {
				t.Fatalf("a rotation was made on a clock that jumped: %s has %s", name, ca)
			}
			if name == "waits" && db.Endpoint != nil {
				t.Fatal("a first certificate was issued on a clock that jumped")
			}
		}
	}
}
