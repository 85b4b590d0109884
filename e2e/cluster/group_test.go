package cluster_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// group makes a cluster parameter group of the family of a cluster.
func (f *fleet) group(t *testing.T, name string, c types.DBCluster) {
	t.Helper()
	out, err := f.api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: c.Engine, EngineVersion: c.EngineVersion})
	if err != nil || len(out.DBEngineVersions) == 0 {
		t.Fatalf("find the family of %s %s: %v", aws.ToString(c.Engine), aws.ToString(c.EngineVersion), err)
	}
	_, err = f.api.CreateDBClusterParameterGroup(t.Context(), &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: &name,
		DBParameterGroupFamily: out.DBEngineVersions[0].DBParameterGroupFamily, Description: aws.String("for tests")})
	if err != nil {
		t.Fatal(err)
	}
}

// set changes a parameter of a cluster's group, where it can at once.
func (f *fleet) set(t *testing.T, group, name, value string) {
	t.Helper()
	_, err := f.api.ModifyDBClusterParameterGroup(t.Context(), &rds.ModifyDBClusterParameterGroupInput{DBClusterParameterGroupName: &group,
		Parameters: []types.Parameter{{ParameterName: &name, ParameterValue: &value, ApplyMethod: types.ApplyMethodImmediate}}})
	if err != nil {
		t.Fatalf("set %s of %s: %v", name, group, err)
	}
}

// give gives a cluster another group.
func (f *fleet) give(t *testing.T, cluster, group string) {
	t.Helper()
	if _, err := f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: &cluster, DBClusterParameterGroupName: &group}); err != nil {
		t.Fatal(err)
	}
}

// synced waits until every member says so of the cluster's group.
func (f *fleet) synced(t *testing.T, cluster, status string) {
	t.Helper()
	f.await(t, cluster, "says "+status+" of its group at every member", func(c types.DBCluster) bool {
		for _, m := range c.DBClusterMembers {
			if aws.ToString(m.DBClusterParameterGroupStatus) != status {
				return false
			}
		}
		return aws.ToString(c.Status) == available
	})
}

// forced checks at every member and both endpoints whether a plain session is
// let in as far as the login.
func (f *fleet) forced(t *testing.T, when, cluster string, want bool, refused func(context.Context, harness.Instance) (bool, error)) {
	t.Helper()
	c := f.cluster(t, cluster)
	ends := []harness.Instance{writerOf(c), readerOf(c)}
	for _, i := range f.members(t, cluster) {
		ends = append(ends, self(i))
	}
	for _, end := range ends {
		if got, err := refused(t.Context(), end); err != nil || got != want {
			t.Errorf("%s: plain sessions are refused at %s: %t, want %t (%v)", when, hostPort(end), got, want, err)
		}
	}
}

// clusterGroup: what a cluster's group says has its effect at every member:
// another group after a reboot, a dynamic parameter at once.
func clusterGroup(t *testing.T, f *fleet) {
	f.aurora(t, "grouped", auroraPG)
	f.member(t, "grouped", auroraPG, sim, "grouped-1")
	f.member(t, "grouped", auroraPG, sim, "grouped-2")
	c := f.ready(t, "grouped", 2)
	f.synced(t, "grouped", "in-sync")
	// Which is the default depends on the version: the test turns it round.
	byDefault, err := plainRefused(t.Context(), writerOf(c))
	if err != nil {
		t.Fatal(err)
	}
	other := map[bool]string{true: "0", false: "1"}[byDefault]
	same := map[bool]string{true: "1", false: "0"}[byDefault]
	f.forced(t, "by default", "grouped", byDefault, plainRefused)

	f.group(t, "turned", c)
	f.set(t, "turned", "rds.force_ssl", other)
	f.give(t, "grouped", "turned")
	f.synced(t, "grouped", "pending-reboot")
	f.forced(t, "before the reboot", "grouped", byDefault, plainRefused)
	for _, i := range f.members(t, "grouped") {
		if _, err := f.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: i.DBInstanceIdentifier}); err != nil {
			t.Fatal(err)
		}
	}
	f.synced(t, "grouped", "in-sync")
	f.forced(t, "after the reboot", "grouped", !byDefault, plainRefused)
	f.set(t, "turned", "rds.force_ssl", same)
	f.synced(t, "grouped", "in-sync")
	f.forced(t, "changed while they run", "grouped", byDefault, plainRefused)

	_, err = f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("grouped"), DBClusterParameterGroupName: aws.String("nowhere")})
	wantFault(t, "a group there is not", err, "DBClusterParameterGroupNotFound", "nowhere")
	_, err = f.api.DeleteDBClusterParameterGroup(t.Context(), &rds.DeleteDBClusterParameterGroupInput{DBClusterParameterGroupName: aws.String("turned")})
	wantFault(t, "a group in use", err, "InvalidDBParameterGroupState", "grouped")
}
