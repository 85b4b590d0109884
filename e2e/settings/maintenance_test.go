package settings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// life2019 is how long rds-ca-2019 lives on the server of these tests: less than
// the notice that is given before a CA's end.
const life2019 = 100 * 24 * time.Hour

// TestMaintenance has simulated instances: what is pending, who answers it and
// how, and certificates that wait for a restart.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--ca-2019-life", life2019.String())
	for name, do := range map[string]func(*testing.T, *harness.Server){
		"a CA change that waits is listed, put off and done":    pendingChange,
		"a CA that ends is advised to be left":                  endingCA,
		"what is not pending cannot be answered":                nothingPending,
		"a certificate that waits for the next reboot":          waitsForReboot,
		"a restart for a certificate, unless it is forbidden":   restartsForCertificate,
		"no restart is needed where the engine reloads":         reloadsAnyway,
		"a version without a CA refuses it":                     lackingCA,
		"tags of instances, clusters and groups":                tagged,
		"events have the categories that are listed":            categories,
		"copied, reset and deleted groups":                      groupsOfGroups,
		"what a group does not take leaves all of it unchanged": groupRefusals,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); do(t, s) })
	}
}

// pending is what describe-pending-maintenance-actions says of an instance.
func (d *database) pending(t *testing.T) []types.PendingMaintenanceAction {
	t.Helper()
	out, err := d.api.DescribePendingMaintenanceActions(t.Context(), &rds.DescribePendingMaintenanceActionsInput{
		Filters: []types.Filter{{Name: aws.String("db-instance-id"), Values: []string{d.Name}}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.PendingMaintenanceActions) == 0 {
		return nil
	}
	if got := aws.ToString(out.PendingMaintenanceActions[0].ResourceIdentifier); len(out.PendingMaintenanceActions) > 1 || got != d.arn() {
		t.Errorf("actions of %d resources, the first %s, want only those of %s", len(out.PendingMaintenanceActions), got, d.arn())
	}
	return out.PendingMaintenanceActions[0].PendingMaintenanceActionDetails
}

func (d *database) arn() string { return "arn:aws:rds:us-east-1:123456789012:db:" + d.Name }

// answer is apply-pending-maintenance-action; it returns what is left.
func (d *database) answer(t *testing.T, optIn string) []types.PendingMaintenanceAction {
	t.Helper()
	out, err := d.api.ApplyPendingMaintenanceAction(t.Context(), &rds.ApplyPendingMaintenanceActionInput{
		ResourceIdentifier: aws.String(d.arn()), ApplyAction: aws.String("ca-certificate-rotation"), OptInType: &optIn})
	if err != nil {
		t.Fatalf("answer %s: %v", optIn, err)
	}
	return out.ResourcePendingMaintenanceActions.PendingMaintenanceActionDetails
}

func pendingCA(row types.DBInstance) string {
	return aws.ToString(row.PendingModifiedValues.CACertificateIdentifier)
}

// wantPending checks the one action that is pending.
func wantPending(t *testing.T, what string, all []types.PendingMaintenanceAction, optIn, says string) types.PendingMaintenanceAction {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%s: %d actions are pending, want 1", what, len(all))
	}
	a := all[0]
	if aws.ToString(a.Action) != "ca-certificate-rotation" || aws.ToString(a.OptInStatus) != optIn || !strings.Contains(aws.ToString(a.Description), says) {
		t.Errorf("%s: %s, %q, %q; want ca-certificate-rotation, %q and %q", what, aws.ToString(a.Action), aws.ToString(a.OptInStatus), aws.ToString(a.Description), optIn, says)
	}
	return a
}

func pendingChange(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "waiting", "postgres", "", func(in *rds.CreateDBInstanceInput) { in.PreferredMaintenanceWindow = window() })
	if got := d.pending(t); got != nil {
		t.Errorf("of a new instance %+v is pending", got)
	}
	cli(t, s, nil, "modify-db-instance", "--db-instance-identifier", d.Name, "--ca-certificate-identifier", caECC, "--no-apply-immediately")
	var listed struct {
		PendingMaintenanceActions []types.ResourcePendingMaintenanceActions
	}
	cli(t, s, &listed, "describe-pending-maintenance-actions", "--resource-identifier", d.arn())
	if len(listed.PendingMaintenanceActions) != 1 {
		t.Fatalf("the aws command lists %+v", listed)
	}
	a := wantPending(t, "a change without ApplyImmediately", listed.PendingMaintenanceActions[0].PendingMaintenanceActionDetails, "next-maintenance", caECC)
	if from := time.Until(aws.ToTime(a.CurrentApplyDate)); from < 11*time.Hour || from > 13*time.Hour {
		t.Errorf("it is applied in %v, want in the window, 12 hours from now", from)
	}
	if got := d.answer(t, "undo-opt-in"); len(got) != 0 {
		t.Errorf("after undo-opt-in %+v is left", got)
	}
	if row := d.row(t); pendingCA(row) != "" || d.pending(t) != nil {
		t.Errorf("after undo-opt-in %q is pending", pendingCA(row))
	}
	before := d.leaf(t).SerialNumber
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) { in.CACertificateIdentifier = aws.String(caECC) })
	wantPending(t, "asked for again", d.pending(t), "next-maintenance", caECC)
	if d.leaf(t).SerialNumber.Cmp(before) != 0 {
		t.Error("a change that waits was made")
	}
	d.answer(t, "immediate")
	d.await(t, "moved", func(row types.DBInstance) bool {
		return aws.ToString(row.CACertificateIdentifier) == caECC && pendingCA(row) == "" && status("available")(row)
	})
	wantIssuer(t, d, "ECC384")
	if got := d.pending(t); got != nil {
		t.Errorf("after it is done %+v is pending", got)
	}
}

// wantIssuer looks at the wire for the CA.
func wantIssuer(t *testing.T, d *database, part string) {
	t.Helper()
	if got := d.leaf(t).Issuer.CommonName; !strings.Contains(got, part) {
		t.Errorf("%s serves a leaf of %q, want one of %s", d.Name, got, part)
	}
}

// endingCA: rds-ca-2019 is never left without being asked, so it is advised.
func endingCA(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "ending", "mysql", "8.0", func(in *rds.CreateDBInstanceInput) {
		in.CACertificateIdentifier, in.PreferredMaintenanceWindow = aws.String(ca2019), window()
	})
	a := wantPending(t, "near the end of its CA", d.pending(t), "", "CA rds-ca-2019 ends on ")
	if !strings.Contains(aws.ToString(a.Description), caRSA2) {
		t.Errorf("%q does not say where to move", aws.ToString(a.Description))
	}
	if end := time.Until(aws.ToTime(a.ForcedApplyDate)); (end - life2019).Abs() > time.Hour {
		t.Errorf("the last date is in %v, want at the CA's end", end)
	}
	if a.AutoAppliedAfterDate != nil {
		t.Errorf("it is applied after %v by itself; rds-ca-2019 is left only when somebody asks", a.AutoAppliedAfterDate)
	}
	wantPending(t, "opted in", d.answer(t, "next-maintenance"), "next-maintenance", caRSA2)
	if got := pendingCA(d.row(t)); got != caRSA2 {
		t.Errorf("the pending CA is %q, want %s", got, caRSA2)
	}
	wantPending(t, "opted out", d.answer(t, "undo-opt-in"), "", "CA rds-ca-2019 ends on ") // the advice stays
	d.answer(t, "immediate")
	d.await(t, "moved", func(row types.DBInstance) bool {
		return aws.ToString(row.CACertificateIdentifier) == caRSA2 && status("available")(row)
	})
	wantIssuer(t, d, "RSA2048")
	if got := d.pending(t); got != nil {
		t.Errorf("after the move %+v is pending", got)
	}
}

func nothingPending(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "calm", "postgres", "")
	ask := func(arn, action, optIn string) error {
		_, err := d.api.ApplyPendingMaintenanceAction(t.Context(), &rds.ApplyPendingMaintenanceActionInput{ResourceIdentifier: &arn, ApplyAction: &action, OptInType: &optIn})
		return err
	}
	wantFault(t, "nothing is pending", ask(d.arn(), "ca-certificate-rotation", "immediate"), "ResourceNotFoundFault", d.Name)
	wantFault(t, "another action", ask(d.arn(), "os-upgrade", "immediate"), "ResourceNotFoundFault", "os-upgrade")
	wantFault(t, "another answer", ask(d.arn(), "ca-certificate-rotation", "perhaps"), "InvalidParameterValue", "perhaps")
	wantFault(t, "nobody's ARN", ask(d.arn()+"x", "ca-certificate-rotation", "immediate"), "ResourceNotFoundFault", "")
	wantFault(t, "no ARN", ask(d.Name, "ca-certificate-rotation", "immediate"), "ResourceNotFoundFault", "ARN")
	_, err := d.api.DescribePendingMaintenanceActions(t.Context(), &rds.DescribePendingMaintenanceActionsInput{
		Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}})
	wantFault(t, "an unknown filter", err, "InvalidParameterValue", "Unrecognized filter name: colour")
}
