package api_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

type create = rds.CreateDBInstanceInput

// statusOf is the HTTP status that goes with a code of the API.
func statusOf(code string) int {
	if strings.Contains(code, "NotFound") {
		return 404
	}
	return 400
}

// TestWhatCannotBeCreatedIsRefused spoils a complete request in one way each;
// afterwards there must be no trace of any of them.
func TestWhatCannotBeCreatedIsRefused(t *testing.T) {
	t.Parallel()
	engine := harness.Engines(t)[0]
	s := harness.Start(t, harness.Data(t))
	str := aws.String
	cases := map[string]struct {
		spoil func(*create)
		code  string
		part  string
	}{
		"a CA nobody has":            {func(in *create) { in.CACertificateIdentifier = str("rds-ca-2015") }, "CertificateNotFound", "rds-ca-2015"},
		"an engine nobody has":       {func(in *create) { in.Engine = str("paradox") }, "InvalidParameterValue", "paradox"},
		"an engine that dbtls plays": {func(in *create) { in.Engine = str("oracle-ee") }, "InvalidParameterValue", "use --db-instance-class db.simulated"},
		"a version not installed":    {func(in *create) { in.EngineVersion = str("1.2.3") }, "InvalidParameterCombination", "1.2.3"},
		"a class that is none":       {func(in *create) { in.DBInstanceClass = str("big") }, "InvalidParameterValue", "big"},
		"a version none simulates": {func(in *create) {
			in.DBInstanceClass, in.EngineVersion = str("db.simulated"), str("1.2.3")
		}, "InvalidParameterCombination", "1.2.3"},
		"a port too low":             {func(in *create) { in.Port = aws.Int32(1149) }, "InvalidParameterValue", "1150"},
		"a port too high":            {func(in *create) { in.Port = aws.Int32(65536) }, "InvalidParameterValue", "65535"},
		"port 0":                     {func(in *create) { in.Port = aws.Int32(0) }, "InvalidParameterValue", "Port"},
		"a negative port":            {func(in *create) { in.Port = aws.Int32(-1) }, "InvalidParameterValue", "Port"},
		"more storage than there is": {func(in *create) { in.AllocatedStorage = aws.Int32(60000) }, "StorageQuotaExceeded", "60000"},
		"two zones":                  {func(in *create) { in.MultiAZ = aws.Bool(true) }, "InvalidParameterValue", "MultiAZ"},
		"a group nobody has":         {func(in *create) { in.DBParameterGroupName = str("mine") }, "DBParameterGroupNotFound", "mine"},
		"a group of another family":  {func(in *create) { in.DBParameterGroupName = str("default.oracle-ee-19") }, "InvalidParameterCombination", "oracle-ee-19"},
		"a cluster nobody has":       {func(in *create) { in.DBClusterIdentifier = str("mine") }, "DBClusterNotFoundFault", "mine"},
		"encryption":                 {func(in *create) { in.StorageEncrypted = aws.Bool(true) }, "InvalidParameterValue", "StorageEncrypted"},
		"backups":                    {func(in *create) { in.BackupRetentionPeriod = aws.Int32(7) }, "InvalidParameterValue", "BackupRetentionPeriod"},
		"security groups":            {func(in *create) { in.VpcSecurityGroupIds = []string{"sg-1"} }, "InvalidParameterValue", "VpcSecurityGroupIds"},
		"a managed password":         {func(in *create) { in.ManageMasterUserPassword = aws.Bool(true) }, "InvalidParameterValue", "ManageMasterUserPassword"},
		"a window of no days":        {func(in *create) { in.PreferredMaintenanceWindow = str("always") }, "InvalidParameterValue", "always"},
		"a window of 10 minutes":     {func(in *create) { in.PreferredMaintenanceWindow = str("mon:00:00-mon:00:10") }, "InvalidParameterValue", ""},
		"a database name with SQL":   {func(in *create) { in.DBName = str("a;drop") }, "InvalidParameterValue", "DBName"},
		"a tag twice":                {func(in *create) { in.Tags = []types.Tag{{Key: str("k")}, {Key: str("k")}} }, "InvalidParameterValue", "twice"},
		"no master user":             {func(in *create) { in.MasterUsername = nil }, "InvalidParameterValue", "MasterUsername"},
		"no password":                {func(in *create) { in.MasterUserPassword = nil }, "InvalidParameterValue", "MasterUserPassword"},
		"a short password":           {func(in *create) { in.MasterUserPassword = str("seven77") }, "InvalidParameterValue", "MasterUserPassword"},
		"a long password":            {func(in *create) { in.MasterUserPassword = str(strings.Repeat("x", 129)) }, "InvalidParameterValue", "MasterUserPassword"},
		"a password with a quote":    {func(in *create) { in.MasterUserPassword = str(`double"quote`) }, "InvalidParameterValue", "MasterUserPassword"},
		"a password with a slash":    {func(in *create) { in.MasterUserPassword = str("a/b/c/d/e") }, "InvalidParameterValue", "MasterUserPassword"},
		"a password with an at":      {func(in *create) { in.MasterUserPassword = str("me@home-9") }, "InvalidParameterValue", "MasterUserPassword"},
		"a password with a space":    {func(in *create) { in.MasterUserPassword = str("correct horse") }, "InvalidParameterValue", "MasterUserPassword"},
		"a master user with SQL":     {func(in *create) { in.MasterUsername = str(`a"b`) }, "InvalidParameterValue", "MasterUsername"},
		"a reserved master user":     {func(in *create) { in.MasterUsername = str("rdsadmin") }, "InvalidParameterValue", "reserved"},
	}
	for _, id := range []string{"1shop", "-shop", "shop-", "sh--op", "shop_1", "shop.1", "shöp", "shop 1", "../shop", strings.Repeat("s", 64)} {
		cases[fmt.Sprintf("the identifier %.10q", id)] = struct {
			spoil func(*create)
			code  string
			part  string
		}{func(in *create) { in.DBInstanceIdentifier = &id }, "InvalidParameterValue", "DBInstanceIdentifier"}
	}
	c := s.RDS(t, "")
	for name, spoiled := range cases {
		t.Run(name, func(t *testing.T) {
			in := input("never", engine)
			spoiled.spoil(in)
			_, err := c.CreateDBInstance(t.Context(), in)
			wantFault(t, err, spoiled.code, statusOf(spoiled.code), spoiled.part)
		})
	}
	t.Run("a port that another program holds on every address", func(t *testing.T) {
		l, err := net.Listen("tcp", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		in := input("never", engine)
		in.Port = aws.Int32(int32(l.Addr().(*net.TCPAddr).Port))
		_, err = c.CreateDBInstance(t.Context(), in)
		wantFault(t, err, "InvalidParameterValue", 400, fmt.Sprint(*in.Port))
	})
	t.Run("the aws command shows the refusals", func(t *testing.T) {
		_, err := s.AWS(t, "rds", "create-db-instance", "--db-instance-identifier", "never", "--engine", engine, "--db-instance-class", "db.local",
			"--master-username", "admin1", "--master-user-password", "correct-horse-99", "--multi-az")
		wantCLIFault(t, err, "InvalidParameterValue", "MultiAZ=true is not built in dbtls")
	})
	t.Run("none of them left a trace", func(t *testing.T) {
		out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		if err != nil || len(out.DBInstances) != 0 {
			t.Errorf("got %v, %v, want no instances", out, err)
		}
		if left := entries(t, s.Dir, "db"); len(left) != 0 {
			t.Errorf("left on disk: %v", left)
		}
	})
}

// PostgreSQL keeps every name that begins with pg_ for itself.
func TestAMasterUserLikeASystemRoleIsRefused(t *testing.T) {
	t.Parallel()
	if !slices.Contains(harness.Engines(t), "postgres") {
		t.Skip("SKIPPED: no postgres on this machine")
	}
	s := harness.Start(t, harness.Data(t))
	in := input("never", "postgres")
	in.MasterUsername = aws.String("pg_monitor")
	_, err := s.RDS(t, "").CreateDBInstance(t.Context(), in)
	wantFault(t, err, "InvalidParameterValue", 400, "MasterUsername")
}

// refuseChanges spoils requests about an instance that exists.
func refuseChanges(t *testing.T, s *harness.Server, i harness.Instance) {
	c, str := s.RDS(t, ""), aws.String
	for name, m := range map[string]struct {
		in   rds.ModifyDBInstanceInput
		code string
		part string
	}{
		"a CA nobody has":                     {rds.ModifyDBInstanceInput{CACertificateIdentifier: str("rds-ca-2015")}, "CertificateNotFound", "rds-ca-2015"},
		"a rotation restart without a CA":     {rds.ModifyDBInstanceInput{CertificateRotationRestart: aws.Bool(true)}, "InvalidParameterCombination", "CACertificateIdentifier is required to use the NoCertificateRotationRestart option."},
		"no rotation restart without a CA":    {rds.ModifyDBInstanceInput{CertificateRotationRestart: aws.Bool(false)}, "InvalidParameterCombination", "CACertificateIdentifier is required to use the NoCertificateRotationRestart option."},
		"a new identifier that is none":       {rds.ModifyDBInstanceInput{NewDBInstanceIdentifier: str("-other")}, "InvalidParameterValue", "DBInstanceIdentifier"},
		"a new password that is none":         {rds.ModifyDBInstanceInput{MasterUserPassword: str("seven77")}, "InvalidParameterValue", "MasterUserPassword"},
		"another version, which is not built": {rds.ModifyDBInstanceInput{EngineVersion: str("17")}, "InvalidParameterValue", "EngineVersion"},
		"a parameter group nobody has":        {rds.ModifyDBInstanceInput{DBParameterGroupName: str("x")}, "DBParameterGroupNotFound", "x"},
		"a group of another family":           {rds.ModifyDBInstanceInput{DBParameterGroupName: str("default.oracle-ee-19")}, "InvalidParameterCombination", "oracle-ee-19"},
		"two zones":                           {rds.ModifyDBInstanceInput{MultiAZ: aws.Bool(true)}, "InvalidParameterValue", "MultiAZ"},
		"a window that is none":               {rds.ModifyDBInstanceInput{PreferredMaintenanceWindow: str("mon")}, "InvalidParameterValue", "mon"},
	} {
		m.in.DBInstanceIdentifier = &i.Name
		_, err := c.ModifyDBInstance(t.Context(), &m.in)
		t.Run("modify: "+name, func(t *testing.T) { wantFault(t, err, m.code, statusOf(m.code), m.part) })
	}
	t.Run("modify: an instance nobody has", func(t *testing.T) {
		_, err := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: str("nobody"), CACertificateIdentifier: &allCAs[0]})
		wantFault(t, err, "DBInstanceNotFound", 404, "nobody")
		var modelled *types.DBInstanceNotFoundFault
		if !errors.As(err, &modelled) {
			t.Errorf("got %T, want types.DBInstanceNotFoundFault", err)
		}
	})
	t.Run("create: the name in other letters is taken", func(t *testing.T) {
		_, err := c.CreateDBInstance(t.Context(), input(strings.ToUpper(i.Name), i.Engine))
		wantFault(t, err, "DBInstanceAlreadyExists", 400, i.Name)
		var modelled *types.DBInstanceAlreadyExistsFault
		if !errors.As(err, &modelled) {
			t.Errorf("got %T, want types.DBInstanceAlreadyExistsFault", err)
		}
	})
	t.Run("the same name is free in another region", func(t *testing.T) {
		_, err := s.RDS(t, "eu-central-1").DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &i.Name})
		wantFault(t, err, "DBInstanceNotFound", 404, i.Name)
	})
	refuseDeletions(t, s, i)
}

func refuseDeletions(t *testing.T, s *harness.Server, i harness.Instance) {
	c, str := s.RDS(t, ""), aws.String
	for name, d := range map[string]struct {
		in   rds.DeleteDBInstanceInput
		code string
		part string
	}{
		"no word about a snapshot":   {rds.DeleteDBInstanceInput{}, "InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."},
		"skip and snapshot":          {rds.DeleteDBInstanceInput{SkipFinalSnapshot: aws.Bool(true), FinalDBSnapshotIdentifier: str("a")}, "InvalidParameterCombination", "FinalDBSnapshotIdentifier"},
		"a snapshot name of dots":    {rds.DeleteDBInstanceInput{FinalDBSnapshotIdentifier: str("..")}, "InvalidParameterValue", "FinalDBSnapshotIdentifier"},
		"a snapshot name with a way": {rds.DeleteDBInstanceInput{FinalDBSnapshotIdentifier: str("../../x")}, "InvalidParameterValue", "FinalDBSnapshotIdentifier"},
	} {
		d.in.DBInstanceIdentifier = &i.Name
		_, err := c.DeleteDBInstance(t.Context(), &d.in)
		t.Run("delete: "+name, func(t *testing.T) { wantFault(t, err, d.code, 400, d.part) })
	}
	t.Run("delete: deletion protection holds until it is taken off", func(t *testing.T) {
		protect := func(on bool) {
			_, err := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &i.Name, DeletionProtection: &on})
			if err != nil {
				t.Fatal(err)
			}
		}
		protect(true)
		_, err := s.AWS(t, "rds", "delete-db-instance", "--db-instance-identifier", i.Name, "--skip-final-snapshot")
		wantCLIFault(t, err, "InvalidParameterCombination", "deletion protection")
		_, err = c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &i.Name, FinalDBSnapshotIdentifier: str("a")})
		wantFault(t, err, "InvalidParameterCombination", 400, "deletion protection")
		protect(false)
	})
}
