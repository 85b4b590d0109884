// Package api_test drives the RDS API of the ordinary dbtls program with the
// aws command and aws-sdk-go-v2, and checks what comes back and what is then
// true on disk, among the processes and on the wire. Rotation under load has
// its own tests.
package api_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The CAs in the order of the guide's samples.
var allCAs = []string{"rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"}

// wantFault checks the wire code, the status and, where one is named, a part
// of the message.
func wantFault(t *testing.T, err error, code string, status int, part string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got %v, want an API error with code %s", err, code)
		return
	}
	if api.ErrorCode() != code {
		t.Errorf("got code %s (%s), want %s", api.ErrorCode(), api.ErrorMessage(), code)
	}
	if !strings.Contains(api.ErrorMessage(), part) {
		t.Errorf("got the message %q, want one with %q", api.ErrorMessage(), part)
	}
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.HTTPStatusCode() != status {
		t.Errorf("got %v, want HTTP status %d", err, status)
	}
	if resp != nil && resp.ServiceRequestID() == "" {
		t.Errorf("the error of code %s has no request id", code)
	}
}

// wantCLIFault checks what botocore makes of an error.
func wantCLIFault(t *testing.T, err error, code, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "An error occurred ("+code+") when calling the") || !strings.Contains(err.Error(), part) {
		t.Errorf("the aws command said %v, want an error of code %s with %q", err, code, part)
	}
}

// awsJSON runs the aws command, which must succeed, and decodes its answer.
func awsJSON(t *testing.T, s *harness.Server, into any, args ...string) {
	t.Helper()
	out, err := s.AWS(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("aws %v answered %q: %v", args, out, err)
	}
}

// keys are the names of a JSON object, sorted.
func keys(m map[string]any) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// input is a complete CreateDBInstance for one case to spoil.
func input(name, engine string) *rds.CreateDBInstanceInput {
	return &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), Engine: aws.String(engine), DBInstanceClass: aws.String("db.local"),
		MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("correct-horse-99"),
	}
}

// drop deletes an instance without a snapshot and waits until it is gone.
func drop(t *testing.T, s *harness.Server, name string) {
	t.Helper()
	if _, err := s.RDS(t, "").DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)}); err != nil {
		t.Fatalf("delete %s: %v", name, err)
	}
	gone(t, s, name)
}

// gone waits with the SDK's own waiter.
func gone(t *testing.T, s *harness.Server, name string) {
	t.Helper()
	w := rds.NewDBInstanceDeletedWaiter(s.RDS(t, ""), func(o *rds.DBInstanceDeletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 200*time.Millisecond
	})
	if err := w.Wait(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name}, time.Minute); err != nil {
		t.Fatalf("wait until %s is deleted: %v", name, err)
	}
}
