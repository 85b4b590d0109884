package settings_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// needsRestart are versions whose servers read a certificate at their start
// only: an old one of an engine whose newer ones reload, and an engine none of
// whose versions does.
var needsRestart = []struct{ name, engine, version string }{
	{"pg96", "postgres", "9.6"},
	{"sql", "sqlserver-se", "15.00"},
}

// waitsForReboot: with CertificateRotationRestart=false the new leaf is made and
// not served before somebody reboots the instance.
func waitsForReboot(t *testing.T, s *harness.Server) {
	for _, v := range needsRestart {
		d := simulated(t, s, "hold-"+v.name, v.engine, v.version)
		d.wantRestart(t)
		before := d.leaf(t)
		if years := before.NotAfter.Sub(before.NotBefore); years < 3*365*24*time.Hour {
			t.Errorf("a leaf of %s %s lives %v, want three years", d.Engine, d.Version, years)
		}
		cli(t, s, nil, "modify-db-instance", "--db-instance-identifier", d.Name, "--ca-certificate-identifier", caECC, "--no-certificate-rotation-restart", "--apply-immediately")
		// The rotation stands still, so that waiting cannot prove it; its row can.
		d.await(t, "waiting for a restart", func(types.DBInstance) bool { return d.waits(t) })
		row := d.row(t)
		if aws.ToString(row.CACertificateIdentifier) != caRSA2 || pendingCA(row) != caECC {
			t.Errorf("%s has %s, pending %q, want %s and %s", d.Name, aws.ToString(row.CACertificateIdentifier), pendingCA(row), caRSA2, caECC)
		}
		if d.leaf(t).SerialNumber.Cmp(before.SerialNumber) != 0 {
			t.Errorf("%s serves another leaf without a reboot", d.Name)
		}
		d.reboot(t)
		d.await(t, "moved", func(row types.DBInstance) bool {
			return aws.ToString(row.CACertificateIdentifier) == caECC && pendingCA(row) == ""
		})
		wantIssuer(t, d, "ECC384")
		if got := d.leaf(t).SerialNumber; got.Cmp(before.SerialNumber) == 0 {
			t.Errorf("%s serves the old leaf after the reboot", d.Name)
		}
	}
}

// waits reports that a rotation has done all that it can without a restart.
func (d *database) waits(t *testing.T) bool {
	t.Helper()
	for _, i := range d.srv.Status(t).Instances {
		if i.Name == d.Name && i.Rotation != nil {
			return i.Rotation.Step == "restart"
		}
	}
	return false
}

// wantRestart: the version says of itself that it needs a restart.
func (d *database) wantRestart(t *testing.T) {
	t.Helper()
	out, err := d.api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: &d.Engine, EngineVersion: &d.Version})
	if err != nil || len(out.DBEngineVersions) != 1 || aws.ToBool(out.DBEngineVersions[0].SupportsCertificateRotationWithoutRestart) {
		t.Errorf("%s %s: %v, %v, want one version that needs a restart", d.Engine, d.Version, out, err)
	}
}

// restartsForCertificate: without a word about it, or with true, the change
// includes the restart.
func restartsForCertificate(t *testing.T, s *harness.Server) {
	for n, v := range needsRestart {
		d := simulated(t, s, "free-"+v.name, v.engine, v.version)
		d.mustModify(t, func(in *rds.ModifyDBInstanceInput) {
			in.CACertificateIdentifier, in.ApplyImmediately = aws.String(caECC), aws.Bool(true)
			if n == 0 {
				in.CertificateRotationRestart = aws.Bool(true)
			}
		})
		d.await(t, "moved", func(row types.DBInstance) bool {
			return aws.ToString(row.CACertificateIdentifier) == caECC && pendingCA(row) == "" && status("available")(row)
		})
		wantIssuer(t, d, "ECC384")
	}
}

// reloadsAnyway: where no restart is needed, forbidding one changes nothing.
func reloadsAnyway(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "reloads", "postgres", "17")
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) {
		in.CACertificateIdentifier, in.CertificateRotationRestart, in.ApplyImmediately = aws.String(caECC), aws.Bool(false), aws.Bool(true)
	})
	d.await(t, "moved", func(row types.DBInstance) bool {
		return aws.ToString(row.CACertificateIdentifier) == caECC && pendingCA(row) == ""
	})
	wantIssuer(t, d, "ECC384")
	leaf := d.leaf(t)
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 367*24*time.Hour {
		t.Errorf("a leaf of %s %s lives %v, want one year", d.Engine, d.Version, life)
	}
}

// lackingCA: a version that does not list a CA takes it neither at its creation
// nor later, and those it lists it takes.
func lackingCA(t *testing.T, s *harness.Server) {
	api := s.RDS(t, "")
	for _, v := range []struct{ name, engine, version string }{{"old-my", "mysql", "5.7"}, {"old-maria", "mariadb", "10.3"}} {
		d := simulated(t, s, v.name, v.engine, v.version)
		out, err := api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: &d.Engine, EngineVersion: &d.Version})
		if err != nil || len(out.DBEngineVersions) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
		has := out.DBEngineVersions[0].SupportedCACertificateIdentifiers
		if slices.Contains(has, caECC) || !slices.Contains(has, caRSA2) {
			t.Errorf("%s %s lists the CAs %v", d.Engine, d.Version, has)
		}
		wantFault(t, "move to a CA that is lacking", d.modify(t, func(in *rds.ModifyDBInstanceInput) { in.CACertificateIdentifier = aws.String(caECC) }), "InvalidParameterCombination", caECC)
		_, err = api.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("never"), DBInstanceClass: aws.String("db.simulated"), Engine: &d.Engine, EngineVersion: &d.Version,
			CACertificateIdentifier: aws.String(caECC), MasterUsername: &d.User, MasterUserPassword: &d.Password})
		wantFault(t, "create with a CA that is lacking", err, "InvalidParameterCombination", caECC)
		if row := d.row(t); pendingCA(row) != "" {
			t.Errorf("after the refusal %s is pending", pendingCA(row))
		}
	}
}
