package api_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// entries lists a folder of the data directory, an absent one as empty.
func entries(t *testing.T, path ...string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(path...))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestTheLifeOfAnInstance follows one instance of each engine from its
// creation by the aws command to a deletion that leaves a real copy.
func TestTheLifeOfAnInstance(t *testing.T) {
	s := harness.Start(t, harness.Data(t), "--regions", "eu-central-1")
	for _, engine := range harness.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			i := createByCLI(t, s, engine)
			t.Run("its row", func(t *testing.T) { describeOne(t, s, i) })
			t.Run("selected by", func(t *testing.T) { instanceFilters(t, s, i) })
			t.Run("clients verify it", func(t *testing.T) { verifyFull(t, s, i) })
			t.Run("its CA changes", func(t *testing.T) { changeCA(t, s, i) })
			t.Run("refused", func(t *testing.T) { refuseChanges(t, s, i) })
			t.Run("its end", func(t *testing.T) { finalSnapshot(t, s, i) })
		})
	}
}

// createByCLI also proves the waiters: the aws command's and the SDK's.
func createByCLI(t *testing.T, s *harness.Server, engine string) harness.Instance {
	t.Helper()
	i := harness.Instance{Name: "shop-" + engine, Engine: engine, User: "admin1", Password: "correct-horse-99"}
	var made struct{ DBInstance map[string]any }
	awsJSON(t, s, &made, "rds", "create-db-instance", "--db-instance-identifier", "Shop-"+engine, "--engine", engine, "--db-instance-class", "db.t3.micro",
		"--master-username", i.User, "--master-user-password", i.Password, "--db-name", "orders", "--tags", "Key=team,Value=blue", "Key=empty,Value=",
		"--preferred-maintenance-window", "Sun:23:30-Mon:00:30", "--no-multi-az", "--allocated-storage", "1")
	if d := made.DBInstance; d["DBInstanceIdentifier"] != i.Name || d["DBInstanceStatus"] != "creating" || d["Endpoint"] != nil || d["MasterUserPassword"] != nil {
		t.Errorf("create answers %v, want the instance in lower case, creating, without endpoint and password", d)
	}
	w := rds.NewDBInstanceAvailableWaiter(s.RDS(t, ""), func(o *rds.DBInstanceAvailableWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 200*time.Millisecond
	})
	if err := w.Wait(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &i.Name}, 90*time.Second); err != nil {
		t.Fatalf("the SDK's waiter: %v", err)
	}
	if _, err := s.AWS(t, "rds", "wait", "db-instance-available", "--db-instance-identifier", i.Name); err != nil {
		t.Fatalf("the aws command's waiter: %v", err)
	}
	row := s.Wait(t, i.Name, func(types.DBInstance) bool { return true })
	i.Address, i.Port = aws.ToString(row.Endpoint.Address), int(aws.ToInt32(row.Endpoint.Port))
	return i
}

func describeOne(t *testing.T, s *harness.Server, i harness.Instance) {
	var got struct{ DBInstances []map[string]any }
	awsJSON(t, s, &got, "rds", "describe-db-instances", "--db-instance-identifier", strings.ToUpper(i.Name))
	if len(got.DBInstances) != 1 {
		t.Fatalf("got %v, want one instance", got)
	}
	row := got.DBInstances[0]
	for field, want := range map[string]string{
		"DBInstanceIdentifier": i.Name, "DBInstanceClass": "db.t3.micro", "Engine": i.Engine, "DBInstanceStatus": "available", "MasterUsername": i.User,
		"DBName": "orders", "PreferredMaintenanceWindow": "sun:23:30-mon:00:30", "CACertificateIdentifier": "rds-ca-rsa2048-g1",
		"DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:" + i.Name, "PendingModifiedValues": "map[]", "AllocatedStorage": "1", "MultiAZ": "false",
		"TagList": "[map[Key:team Value:blue] map[Key:empty Value:]]", "DeletionProtection": "false",
	} {
		if g := fmt.Sprint(row[field]); g != want {
			t.Errorf("%s is %s, want %s", field, g, want)
		}
	}
	if id := fmt.Sprint(row["DbiResourceId"]); len(id) != 29 || !strings.HasPrefix(id, "db-") || strings.ToUpper(id[3:]) != id[3:] {
		t.Errorf("DbiResourceId is %s, want db- and 26 capitals and digits", id)
	}
	metric := fmt.Sprintf("\ndbtls_certificate_days{ca=\"rds-ca-rsa2048-g1\",engine=%q,instance=%q,region=\"us-east-1\"} 36", i.Engine, i.Name)
	if text := string(get(t, s, "/metrics")); !strings.Contains(text, metric) || !strings.Contains(text, "\ndbtls_instances{status=\"available\"} 1") {
		t.Errorf("/metrics has no line beginning %q, or another number of available instances", metric)
	}
	details, _ := row["CertificateDetails"].(map[string]any)
	till, err := time.Parse(time.RFC3339, fmt.Sprint(details["ValidTill"]))
	year := time.Now().AddDate(1, 0, 0)
	if details["CAIdentifier"] != "rds-ca-rsa2048-g1" || err != nil || till.Sub(year).Abs() > 2*time.Hour {
		t.Errorf("CertificateDetails are %v, want the CA and a year from now", details)
	}
}

func instanceFilters(t *testing.T, s *harness.Server, i harness.Instance) {
	c := s.RDS(t, "")
	row := s.Wait(t, i.Name, func(types.DBInstance) bool { return true })
	arn := aws.ToString(row.DBInstanceArn)
	for name, f := range map[string]struct {
		in   rds.DescribeDBInstancesInput
		want int
	}{
		"the ARN as identifier":           {rds.DescribeDBInstancesInput{DBInstanceIdentifier: &arn}, 1},
		"nothing":                         {rds.DescribeDBInstancesInput{}, 1},
		"db-instance-id":                  {rds.DescribeDBInstancesInput{Filters: filter("db-instance-id", i.Name)}, 1},
		"db-instance-id in capitals":      {rds.DescribeDBInstancesInput{Filters: filter("db-instance-id", strings.ToUpper(i.Name))}, 1},
		"db-instance-id as ARN":           {rds.DescribeDBInstancesInput{Filters: filter("db-instance-id", "nobody", arn)}, 1},
		"db-instance-id of nobody":        {rds.DescribeDBInstancesInput{Filters: filter("db-instance-id", "nobody")}, 0},
		"dbi-resource-id":                 {rds.DescribeDBInstancesInput{Filters: filter("dbi-resource-id", *row.DbiResourceId)}, 1},
		"engine":                          {rds.DescribeDBInstancesInput{Filters: filter("engine", i.Engine)}, 1},
		"another engine":                  {rds.DescribeDBInstancesInput{Filters: filter("engine", "oracle-ee")}, 0},
		"a cluster":                       {rds.DescribeDBInstancesInput{Filters: filter("db-cluster-id", "x")}, 0},
		"a domain":                        {rds.DescribeDBInstancesInput{Filters: filter("domain", "d-1")}, 0},
		"two filters, one of which fails": {rds.DescribeDBInstancesInput{Filters: append(filter("engine", i.Engine), filter("db-instance-id", "nobody")...)}, 0},
	} {
		out, err := c.DescribeDBInstances(t.Context(), &f.in)
		if err != nil || len(out.DBInstances) != f.want {
			t.Errorf("%s: got %v, %v, want %d instances", name, out, err, f.want)
		}
	}
	if out, err := s.RDS(t, "eu-central-1").DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{}); err != nil || len(out.DBInstances) != 0 {
		t.Errorf("another region lists %v, %v, want nothing", out, err)
	}
	for _, n := range []int32{19, 101, 0} {
		_, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{MaxRecords: &n})
		wantFault(t, err, "InvalidParameterValue", 400, "MaxRecords")
	}
	_, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{Marker: aws.String("Z3Vlc3NlZA")})
	wantFault(t, err, "InvalidParameterValue", 400, "marker")
}

// verifyFull connects as the vendor's clients do, with each trust store that
// should do and with those that should not.
func verifyFull(t *testing.T, s *harness.Server, i harness.Instance) {
	for _, path := range []string{"/global/global-bundle.pem", "/us-east-1/us-east-1-bundle.pem", "/us-east-1/rds-ca-rsa2048-g1.pem"} {
		if got, err := harness.Query(t, i, s.File(t, path), "select 6*7"); err != nil || got != "42" {
			t.Errorf("with %s: %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"/us-east-1/rds-ca-ecc384-g1.pem", "/eu-central-1/eu-central-1-bundle.pem"} {
		_, err := harness.Query(t, i, s.File(t, path), "select 6*7")
		wantRefusal(t, err, "with the wrong root "+path)
	}
	other := i
	other.Address = "127.0.0.1"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go forward(l, net.JoinHostPort(i.Address, fmt.Sprint(i.Port)))
	other.Port = l.Addr().(*net.TCPAddr).Port
	_, err = harness.Query(t, other, s.File(t, "/global/global-bundle.pem"), "select 6*7")
	wantRefusal(t, err, "under a name that the certificate does not have")
}

// wantRefusal wants the client itself to refuse, for a reason that has to do
// with TLS.
func wantRefusal(t *testing.T, err error, what string) {
	t.Helper()
	text := strings.ToLower(fmt.Sprint(err))
	if err == nil || !(strings.Contains(text, "certificate") || strings.Contains(text, "ssl") || strings.Contains(text, "tls")) {
		t.Errorf("%s the client said %v, want a refusal of the certificate", what, err)
	}
}

// changeCA plans a change for the window, drops it, then makes it at once.
func changeCA(t *testing.T, s *harness.Server, i harness.Instance) {
	c := s.RDS(t, "")
	to := "rds-ca-ecc384-g1"
	pending := func(out *rds.ModifyDBInstanceOutput, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.DBInstance.PendingModifiedValues.CACertificateIdentifier)
	}
	if got := pending(c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &i.Name, CACertificateIdentifier: &to, CertificateRotationRestart: aws.Bool(false)})); got != to {
		t.Errorf("pending is %q, want %s", got, to)
	}
	if got := pending(c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &i.Name, CACertificateIdentifier: &allCAs[1]})); got != "" {
		t.Errorf("after naming the current CA pending is %q, want nothing", got)
	}
	pending(c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &i.Name, CACertificateIdentifier: &to}))
	var out struct{ DBInstance map[string]any }
	awsJSON(t, s, &out, "rds", "modify-db-instance", "--db-instance-identifier", i.Name, "--apply-immediately", "--preferred-maintenance-window", "tue:01:00-tue:02:00")
	row := s.Wait(t, i.Name, func(d types.DBInstance) bool {
		return aws.ToString(d.CACertificateIdentifier) == to && aws.ToString(d.DBInstanceStatus) == "available"
	})
	if got := row.PendingModifiedValues.CACertificateIdentifier; got != nil || aws.ToString(row.CertificateDetails.CAIdentifier) != to || aws.ToString(row.PreferredMaintenanceWindow) != "tue:01:00-tue:02:00" {
		t.Errorf("after a later apply-immediately: pending %v, %+v, want what was pending to be done", got, row.CertificateDetails)
	}
	for _, ca := range []string{"rds-ca-rsa2048-g1", to} {
		if _, err := harness.Query(t, i, s.Root(t, ca), "select 1"); err != nil {
			t.Errorf("within the overlap a client of %s: %v", ca, err)
		}
	}
	_, err := harness.Query(t, i, s.Root(t, "rds-ca-rsa4096-g1"), "select 1")
	wantRefusal(t, err, "of a CA that never was its own")
}

// finalSnapshot deletes with a copy, looks for what is left, and starts a
// server on the copy by hand.
func finalSnapshot(t *testing.T, s *harness.Server, i harness.Instance) {
	c := s.RDS(t, "")
	root := s.Root(t, "rds-ca-ecc384-g1")
	for _, sql := range []string{"create table kept (n int)", "insert into kept values (42)"} {
		if i.Engine != "postgres" {
			sql = "use orders; " + sql
		}
		if _, err := harness.Query(t, i, root, sql); err != nil {
			t.Fatal(err)
		}
	}
	row := s.Wait(t, i.Name, func(types.DBInstance) bool { return true })
	keep := "keep-" + i.Engine
	out, err := c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &i.Name, FinalDBSnapshotIdentifier: &keep})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.DBInstance.DBInstanceStatus); got != "deleting" {
		t.Errorf("delete answers status %q, want deleting", got)
	}
	_, err = c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &i.Name, SkipFinalSnapshot: aws.Bool(true)})
	var state *types.InvalidDBInstanceStateFault
	var absent *types.DBInstanceNotFoundFault // it may have been quick
	if !errors.As(err, &state) && !errors.As(err, &absent) {
		t.Errorf("a second delete: %v, want InvalidDBInstanceState", err)
	}
	gone(t, s, i.Name)
	if _, err := s.AWS(t, "rds", "wait", "db-instance-deleted", "--db-instance-identifier", i.Name); err != nil {
		t.Errorf("the aws command's waiter: %v", err)
	}
	nothingLeft(t, s, i)
	if got := queryCopy(t, filepath.Join(s.Dir, "snapshots", keep, "data"), i.Engine, aws.ToString(row.EngineVersion)); got != "42" {
		t.Errorf("the copy holds %q, want the row 42", got)
	}
	again := s.Create(t, "again", i.Engine)
	_, err = c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &again.Name, FinalDBSnapshotIdentifier: &keep})
	wantFault(t, err, "DBSnapshotAlreadyExists", 400, keep)
	if _, err := harness.Query(t, again, s.Root(t, "rds-ca-rsa2048-g1"), "select 1"); err != nil {
		t.Errorf("after the refused deletion the instance does not serve: %v", err)
	}
	drop(t, s, again.Name)
	nothingLeft(t, s, again)
}

// nothingLeft looks for a process, a listener and files of a deleted instance.
func nothingLeft(t *testing.T, s *harness.Server, i harness.Instance) {
	t.Helper()
	server := []int{s.Pid()}
	for _, pid := range harness.Processes(s.Dir) {
		if !slices.Contains(server, pid) {
			argv, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			t.Errorf("process %d is left: %q", pid, argv)
		}
	}
	if conn, err := net.DialTimeout("tcp", net.JoinHostPort(i.Address, fmt.Sprint(i.Port)), time.Second); err == nil {
		conn.Close()
		t.Errorf("something still listens on %s:%d", i.Address, i.Port)
	}
	if left := entries(t, s.Dir, "db"); len(left) != 0 {
		t.Errorf("files are left in db/: %v", left)
	}
}

// TestADeletionDuringCreationIsNotForgotten deletes an instance at moments at
// which a step of its creation is under way.
func TestADeletionDuringCreationIsNotForgotten(t *testing.T) {
	engine := harness.Engines(t)[0]
	s := harness.Start(t, harness.Data(t))
	c := s.RDS(t, "")
	for name, reached := range map[string]func(types.DBInstance) bool{
		"at-once":          func(types.DBInstance) bool { return true },
		"data-being-made":  func(types.DBInstance) bool { return len(entries(t, s.Dir, "db")) > 0 },
		"certificate-made": func(d types.DBInstance) bool { return d.Endpoint != nil },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.CreateDBInstance(t.Context(), input(name, engine)); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(time.Minute); ; {
				out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
				if err != nil || time.Now().After(end) {
					t.Fatalf("the moment did not come: %v", err)
				}
				if reached(out.DBInstances[0]) {
					break
				}
			}
			if _, err := c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)}); err != nil {
				t.Fatal(err)
			}
			harness.Poll(t, 30*time.Second, name+" is deleted", func() bool {
				_, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
				var absent *types.DBInstanceNotFoundFault
				return errors.As(err, &absent)
			})
		})
	}
	if left := entries(t, s.Dir, "db"); len(left) != 0 && !t.Failed() {
		t.Errorf("files are left in db/: %v", left)
	}
}
