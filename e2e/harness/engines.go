package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Instance is how a client reaches a database as its master user.
type Instance struct {
	Name, Engine, Address string
	Port                  int
	User, Password        string
}

// Engines lists the engines of this machine. One that is not installed fails
// the test when DBTLS_REQUIRE_ENGINES is 1, and is passed over loudly else;
// without any, the test is skipped.
func Engines(t testing.TB) []string {
	t.Helper()
	var have []string
	for _, e := range []struct{ name, pattern string }{
		{"postgres", "/usr/lib/postgresql/*/bin/initdb"},
		{"mariadb", "/usr/sbin/mariadbd"},
	} {
		found, _ := filepath.Glob(e.pattern)
		switch {
		case len(found) > 0:
			have = append(have, e.name)
		case os.Getenv("DBTLS_REQUIRE_ENGINES") == "1":
			t.Fatalf("no %s on this machine, and DBTLS_REQUIRE_ENGINES is 1", e.name)
		default:
			t.Logf("NOT TESTED: %s is not installed; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", e.name)
		}
	}
	if len(have) == 0 {
		t.Skip("SKIPPED: no engine is installed on this machine")
	}
	return have
}

// Create makes an instance and waits until it is available.
func (s *Server) Create(t testing.TB, name, engine string, more ...func(*rds.CreateDBInstanceInput)) Instance {
	t.Helper()
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), Engine: aws.String(engine), DBInstanceClass: aws.String("db.local"),
		MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("correct-horse-99"),
	}
	for _, m := range more {
		m(in)
	}
	if _, err := s.RDS(t, "").CreateDBInstance(t.Context(), in); err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	db := s.Wait(t, name, func(db types.DBInstance) bool { return aws.ToString(db.DBInstanceStatus) == "available" })
	return Instance{Name: name, Engine: engine, Address: aws.ToString(db.Endpoint.Address), Port: int(aws.ToInt32(db.Endpoint.Port)),
		User: *in.MasterUsername, Password: *in.MasterUserPassword}
}

// Wait polls an instance until ok, for 90 seconds.
func (s *Server) Wait(t testing.TB, name string, ok func(types.DBInstance) bool) types.DBInstance {
	t.Helper()
	client := s.RDS(t, "")
	last := "nothing yet"
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		out, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
		if err != nil {
			t.Fatalf("wait for %s: %v", name, err)
		}
		db := out.DBInstances[0]
		if ok(db) {
			return db
		}
		last = fmt.Sprintf("status %q, CA %q, pending %+v", aws.ToString(db.DBInstanceStatus), aws.ToString(db.CACertificateIdentifier), db.PendingModifiedValues)
	}
	t.Fatalf("%s is not as awaited within 90 s; it has %s; the server's log ends with:\n%s", name, last, tail(s.Log()))
	return types.DBInstance{}
}

// Move changes an instance's CA at once and waits until it is served.
func (s *Server) Move(t testing.TB, name, ca string) {
	t.Helper()
	_, err := s.RDS(t, "").ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: &name, CACertificateIdentifier: &ca, ApplyImmediately: aws.Bool(true)})
	if err != nil {
		t.Fatalf("move %s to %s: %v", name, ca, err)
	}
	s.Wait(t, name, func(db types.DBInstance) bool {
		pending := db.PendingModifiedValues != nil && db.PendingModifiedValues.CACertificateIdentifier != nil
		return aws.ToString(db.CACertificateIdentifier) == ca && !pending && aws.ToString(db.DBInstanceStatus) == "available"
	})
}
