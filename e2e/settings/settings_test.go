// Package settings_test proves with the ordinary dbtls program that settings do
// what they say: each parameter of each family by what a client sees of it,
// forced TLS, reboot, stop, start and rename, maintenance actions, tags and
// events. Real servers and real clients where there are any, simulated
// instances for the rest.
package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	ca2019 = "rds-ca-2019"
	caRSA2 = "rds-ca-rsa2048-g1"
	caECC  = "rds-ca-ecc384-g1"

	inSync        = "in-sync"
	pendingReboot = "pending-reboot"
)

// database is an instance under test, with how it is reached and spoken about.
type database struct {
	harness.Instance
	srv     *harness.Server
	api     *rds.Client
	Version string
	Family  string
	Group   string // its DB parameter group, and its cluster's where it is in one
	Real    bool   // a server with data, not a simulated one
}

// open describes an instance with data that harness.Create has made.
func open(t *testing.T, s *harness.Server, i harness.Instance) *database {
	t.Helper()
	d := &database{Instance: i, srv: s, api: s.RDS(t, ""), Real: true}
	d.Version = aws.ToString(d.row(t).EngineVersion)
	d.Family = familyOf(t, d.api, d.Engine, d.Version)
	return d
}

// simulated makes a simulated instance of a version ("" for the newest) and
// waits until it is available.
func simulated(t *testing.T, s *harness.Server, name, engine, version string, more ...func(*rds.CreateDBInstanceInput)) *database {
	t.Helper()
	d := &database{Instance: harness.Instance{Name: name, Engine: engine, User: "admin1", Password: "correct-horse-99"}, srv: s, api: s.RDS(t, "")}
	in := &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, Engine: &engine, DBInstanceClass: aws.String("db.simulated"),
		MasterUsername: &d.User, MasterUserPassword: &d.Password}
	if version != "" {
		in.EngineVersion = &version
	}
	for _, m := range more {
		m(in)
	}
	if _, err := d.api.CreateDBInstance(t.Context(), in); err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	row := d.await(t, "available", status("available"))
	d.Address, d.Port = aws.ToString(row.Endpoint.Address), int(aws.ToInt32(row.Endpoint.Port))
	d.Version = aws.ToString(row.EngineVersion)
	d.Family = familyOf(t, d.api, d.Engine, d.Version)
	return d
}

func familyOf(t *testing.T, api *rds.Client, engine, version string) string {
	t.Helper()
	out, err := api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: &engine, EngineVersion: &version})
	if err != nil || len(out.DBEngineVersions) == 0 {
		t.Fatalf("family of %s %s: %v, %v", engine, version, out, err)
	}
	return aws.ToString(out.DBEngineVersions[0].DBParameterGroupFamily)
}

func (d *database) row(t *testing.T) types.DBInstance {
	t.Helper()
	row, err := d.find(t, d.Name)
	if err != nil {
		t.Fatalf("describe %s: %v", d.Name, err)
	}
	return row
}

func (d *database) find(t *testing.T, name string) (types.DBInstance, error) {
	t.Helper()
	out, err := d.api.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	if err != nil {
		return types.DBInstance{}, err
	}
	return out.DBInstances[0], nil
}

// await polls the instance's row; the limit is for a busy machine.
func (d *database) await(t *testing.T, what string, ok func(types.DBInstance) bool) types.DBInstance {
	t.Helper()
	var row types.DBInstance
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); <-time.After(15 * time.Millisecond) {
		if row = d.row(t); ok(row) {
			return row
		}
	}
	t.Fatalf("%s is not %s within 60 s: status %s, group %+v, CA %s, pending %+v; the server's log ends with:\n%s", d.Name, what, aws.ToString(row.DBInstanceStatus),
		row.DBParameterGroups, aws.ToString(row.CACertificateIdentifier), row.PendingModifiedValues, lastLines(d.srv.Log()))
	return row
}

func lastLines(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func status(want string) func(types.DBInstance) bool {
	return func(row types.DBInstance) bool { return aws.ToString(row.DBInstanceStatus) == want }
}

func apply(row types.DBInstance) string {
	return aws.ToString(row.DBParameterGroups[0].ParameterApplyStatus)
}

// settled is an available instance that has taken what its groups say.
func settled(row types.DBInstance) bool { return status("available")(row) && apply(row) == inSync }

func (d *database) modify(t *testing.T, set func(*rds.ModifyDBInstanceInput)) error {
	in := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &d.Name}
	set(in)
	_, err := d.api.ModifyDBInstance(t.Context(), in)
	return err
}

func (d *database) mustModify(t *testing.T, set func(*rds.ModifyDBInstanceInput)) {
	t.Helper()
	if err := d.modify(t, set); err != nil {
		t.Fatalf("modify %s: %v", d.Name, err)
	}
}

// reboot asks for a restart and waits for its end.
func (d *database) reboot(t *testing.T) {
	t.Helper()
	out, err := d.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &d.Name})
	if err != nil {
		t.Fatalf("reboot %s: %v", d.Name, err)
	}
	if got := aws.ToString(out.DBInstance.DBInstanceStatus); got != "rebooting" {
		t.Errorf("the reply to a reboot says %q, want rebooting", got)
	}
	d.await(t, "available after a reboot", status("available"))
}

// wantFault checks the wire code and a part of the message.
func wantFault(t *testing.T, what string, err error, code, part string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), part) {
		t.Errorf("%s: got %v, want %s with %q", what, err, code, part)
	}
}

// cli runs the aws command, which must succeed, and decodes its answer into
// one that is not nil.
func cli(t *testing.T, s *harness.Server, into any, args ...string) {
	t.Helper()
	out, err := s.AWS(t, append([]string{"rds"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("aws %v answered %q: %v", args, out, err)
	}
}

// messages are the texts of the last hour's events of a source.
func messages(t *testing.T, api *rds.Client, kind types.SourceType, name string) string {
	t.Helper()
	out, err := api.DescribeEvents(t.Context(), &rds.DescribeEventsInput{SourceIdentifier: &name, SourceType: kind, MaxRecords: aws.Int32(100)})
	if err != nil {
		t.Fatalf("events of %s: %v", name, err)
	}
	var all strings.Builder
	for _, e := range out.Events {
		fmt.Fprintf(&all, "%s: %s\n", e.EventCategories, aws.ToString(e.Message))
	}
	return all.String()
}

// wantEvents looks for texts among the events of an instance, each as
// "[category]: text".
func (d *database) wantEvents(t *testing.T, texts ...string) {
	t.Helper()
	all := messages(t, d.api, types.SourceTypeDbInstance, d.Name)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("no event %q among those of %s:\n%s", text, d.Name, all)
		}
	}
}
