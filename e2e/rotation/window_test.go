package rotation_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestMaintenanceWindow: without ApplyImmediately a CA change waits for the
// window and says that it does.
func TestMaintenanceWindow(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	d := create(t, s, st, "window", harness.Engines(t)[0])
	before := mustServe(t, d.Instance)[0]
	err := d.modify(t, func(in *rds.ModifyDBInstanceInput) {
		in.CACertificateIdentifier, in.PreferredMaintenanceWindow = aws.String(caECC), aws.String(window(closed))
	})
	if err != nil {
		t.Fatal(err)
	}
	stays(t, time.Second, "pending until the window opens", func() bool {
		v := d.describe(t)
		return v.PendingModifiedValues == nil || aws.ToString(v.PendingModifiedValues.CACertificateIdentifier) != caECC ||
			aws.ToString(v.CACertificateIdentifier) != caRSA2 || aws.ToString(v.DBInstanceStatus) != "available"
	})
	if now := mustServe(t, d.Instance)[0]; !now.Equal(before) {
		t.Error("another leaf is served before the window opens")
	}
	if err := d.modify(t, func(in *rds.ModifyDBInstanceInput) { in.PreferredMaintenanceWindow = aws.String(window(open)) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "done in the window", func() bool {
		v := d.describe(t)
		return aws.ToString(v.CACertificateIdentifier) == caECC && (v.PendingModifiedValues == nil || v.PendingModifiedValues.CACertificateIdentifier == nil)
	})
	d.agrees(t, "in the window", caECC, s.Root(t, caRSA2), s.Root(t, caECC))
}
