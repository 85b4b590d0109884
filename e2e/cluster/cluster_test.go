// Package cluster_test proves with real PostgreSQL servers, real clients and
// the AWS SDK what dbtls promises about clusters: replication and both
// endpoints survive every change of a CA, members take turns, and what AWS
// refuses is refused. Where the wire is not the point the members are simulated.
package cluster_test

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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
	caRSA2 = "rds-ca-rsa2048-g1"
	caECC  = "rds-ca-ecc384-g1"
	caRSA4 = "rds-ca-rsa4096-g1"

	available = "available"
	master    = "admin1"
	password  = "correct-horse-99"
)

// fleet is a server and the SDK's client of it.
type fleet struct {
	*harness.Server
	api *rds.Client
}

func serve(t *testing.T, args ...string) *fleet {
	t.Helper()
	s := harness.Start(t, harness.Data(t), args...)
	t.Cleanup(func() {
		if t.Failed() {
			lines := strings.Split(s.Log(), "\n")
			t.Logf("the server's log ends with:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
		}
	})
	return &fleet{s, s.RDS(t, "")}
}

// needPostgres skips or fails like harness.Engines, and also where psql is
// missing.
func needPostgres(t *testing.T) {
	t.Helper()
	if !slices.Contains(harness.Engines(t), "postgres") {
		t.Skip("SKIPPED: no PostgreSQL on this machine")
	}
	if _, err := exec.LookPath("psql"); err != nil {
		t.Fatal("no psql on this machine: install it, the test needs a real client")
	}
}

// aurora asks for an empty cluster.
func (f *fleet) aurora(t *testing.T, name, engine string, more ...func(*rds.CreateDBClusterInput)) {
	t.Helper()
	in := &rds.CreateDBClusterInput{DBClusterIdentifier: &name, Engine: &engine,
		MasterUsername: aws.String(master), MasterUserPassword: aws.String(password)}
	for _, m := range more {
		m(in)
	}
	if _, err := f.api.CreateDBCluster(t.Context(), in); err != nil {
		t.Fatalf("create cluster %s: %v", name, err)
	}
}

// member asks for an instance of a cluster.
func (f *fleet) member(t *testing.T, cluster, engine, class, name string) {
	t.Helper()
	if err := f.tryMember(t, cluster, engine, class, name); err != nil {
		t.Fatalf("create %s in cluster %s: %v", name, cluster, err)
	}
}

func (f *fleet) tryMember(t *testing.T, cluster, engine, class, name string, more ...func(*rds.CreateDBInstanceInput)) error {
	in := &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBClusterIdentifier: &cluster, Engine: &engine, DBInstanceClass: &class}
	for _, m := range more {
		m(in)
	}
	_, err := f.api.CreateDBInstance(t.Context(), in)
	return err
}

// cluster is what DescribeDBClusters says of one.
func (f *fleet) cluster(t *testing.T, name string) types.DBCluster {
	t.Helper()
	out, err := f.api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &name})
	if err != nil {
		t.Fatalf("describe cluster %s: %v", name, err)
	}
	return out.DBClusters[0]
}

// await polls a cluster until ok.
func (f *fleet) await(t *testing.T, name, what string, ok func(types.DBCluster) bool) types.DBCluster {
	t.Helper()
	var c types.DBCluster
	harness.Poll(t, 90*time.Second, "cluster "+name+" "+what, func() bool {
		c = f.cluster(t, name)
		return ok(c)
	})
	return c
}

// ready waits until a cluster and so many members are available.
func (f *fleet) ready(t *testing.T, name string, members int) types.DBCluster {
	t.Helper()
	return f.await(t, name, fmt.Sprintf("is available with %d members", members), func(c types.DBCluster) bool {
		return aws.ToString(c.Status) == available && len(c.DBClusterMembers) == members &&
			!slices.ContainsFunc(f.members(t, name), func(i types.DBInstance) bool { return aws.ToString(i.DBInstanceStatus) != available })
	})
}

// members lists the instances of a cluster.
func (f *fleet) members(t *testing.T, cluster string) []types.DBInstance {
	t.Helper()
	out, err := f.api.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{
		Filters: []types.Filter{{Name: aws.String("db-cluster-id"), Values: []string{cluster}}}})
	if err != nil {
		t.Fatalf("list members of %s: %v", cluster, err)
	}
	return out.DBInstances
}

// instance is what DescribeDBInstances says of one.
func (f *fleet) instance(t *testing.T, name string) types.DBInstance {
	t.Helper()
	out, err := f.api.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	if err != nil {
		t.Fatalf("describe %s: %v", name, err)
	}
	return out.DBInstances[0]
}

// at is how a client reaches a database at one of a cluster's endpoints.
func at(address string, port *int32) harness.Instance {
	return harness.Instance{Name: address, Engine: "postgres", Address: address, Port: int(aws.ToInt32(port)), User: master, Password: password}
}

func writerOf(c types.DBCluster) harness.Instance { return at(aws.ToString(c.Endpoint), c.Port) }
func readerOf(c types.DBCluster) harness.Instance { return at(aws.ToString(c.ReaderEndpoint), c.Port) }

// self is a member at its own endpoint.
func self(i types.DBInstance) harness.Instance {
	return at(aws.ToString(i.Endpoint.Address), i.Endpoint.Port)
}

func hostPort(i harness.Instance) string { return net.JoinHostPort(i.Address, strconv.Itoa(i.Port)) }

// must runs a dbtls command that has to succeed.
func (f *fleet) must(t *testing.T, args ...string) {
	t.Helper()
	if _, stderr, code := f.CLI(t, args...); code != 0 {
		t.Fatalf("dbtls %q: exit code %d: %s", args, code, stderr)
	}
}

// wantFault checks an error's code and that its message has all the parts.
func wantFault(t *testing.T, what string, err error, code string, parts ...string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("%s: got %v, want an error of code %s", what, err, code)
		return
	}
	if api.ErrorCode() != code {
		t.Errorf("%s: got code %s (%s), want %s", what, api.ErrorCode(), api.ErrorMessage(), code)
	}
	for _, p := range parts {
		if !strings.Contains(api.ErrorMessage(), p) {
			t.Errorf("%s: got the message %q, want one with %q", what, api.ErrorMessage(), p)
		}
	}
}

// enginePID is the main process of an instance's server, 0 when it does not run.
func (f *fleet) enginePID(t *testing.T, name string) int {
	t.Helper()
	short := strings.ToLower(strings.TrimPrefix(aws.ToString(f.instance(t, name).DbiResourceId), "db-"))
	home := filepath.Join(f.Dir, "db", short[:min(len(short), 13)])
	return harness.MainProcess(home)
}
