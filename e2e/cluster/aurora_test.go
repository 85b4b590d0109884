package cluster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	auroraPG = "aurora-postgresql"
	auroraMy = "aurora-mysql"
	sim      = "db.simulated"
)

// TestAuroraAPI is what the API takes and refuses of Aurora clusters; the
// members are simulated and real on the wire.
func TestAuroraAPI(t *testing.T) {
	t.Parallel()
	f := serve(t, "--provider", "simulated")
	for name, test := range map[string]func(*testing.T, *fleet){
		"a CA belongs to the members":        caOfMembers,
		"what belongs to the cluster":        clusterOnly,
		"deletion goes from the readers up":  deletion,
		"listing by filter, ARN and page":    listing,
		"the group of a cluster":             clusterGroup,
		"a MySQL cluster with all of it":     mysqlCluster,
		"power of a cluster and its members": power,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

func caOfMembers(t *testing.T, f *fleet) {
	_, err := f.api.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("ca"), Engine: aws.String(auroraPG),
		MasterUsername: aws.String(master), MasterUserPassword: aws.String(password), CACertificateIdentifier: aws.String(caECC)})
	wantFault(t, "a CA at the creation of a cluster", err, "InvalidParameterCombination", "create-db-instance", "modify-db-instance", "--ca-certificate-identifier "+caECC)
	f.aurora(t, "ca", auroraPG)
	_, err = f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("ca"), CACertificateIdentifier: aws.String(caECC), ApplyImmediately: aws.Bool(true)})
	wantFault(t, "a CA of a cluster", err, "InvalidParameterCombination", "modify-db-instance --ca-certificate-identifier "+caECC)

	if err := f.tryMember(t, "ca", auroraPG, sim, "ca-1", func(in *rds.CreateDBInstanceInput) { in.CACertificateIdentifier = aws.String(caECC) }); err != nil {
		t.Fatal(err)
	}
	f.member(t, "ca", auroraPG, sim, "ca-2")
	c := f.ready(t, "ca", 2)
	if c.CertificateDetails != nil {
		t.Errorf("an Aurora cluster shows a certificate of its own: %+v", c.CertificateDetails)
	}
	for name, ca := range map[string]string{"ca-1": caECC, "ca-2": caRSA2} {
		i := f.instance(t, name)
		if err := verify(mustServe(t, self(i)), pool(t, f.Root(t, ca)), aws.ToString(c.Endpoint)); err != nil {
			t.Errorf("%s does not serve the cluster's endpoint from %s: %v", name, ca, err)
		}
	}
}

// clusterOnly: what a cluster has in common is not given for one member.
func clusterOnly(t *testing.T, f *fleet) {
	f.aurora(t, "common", auroraPG, func(in *rds.CreateDBClusterInput) { in.Port = aws.Int32(7432); in.DatabaseName = aws.String("shop") })
	for word, set := range map[string]func(*rds.CreateDBInstanceInput){
		"MasterUsername":         func(in *rds.CreateDBInstanceInput) { in.MasterUsername = aws.String("other") },
		"MasterUserPassword":     func(in *rds.CreateDBInstanceInput) { in.MasterUserPassword = aws.String(password) },
		"DBName":                 func(in *rds.CreateDBInstanceInput) { in.DBName = aws.String("other") },
		"Port":                   func(in *rds.CreateDBInstanceInput) { in.Port = aws.Int32(7433) },
		"AllocatedStorage":       func(in *rds.CreateDBInstanceInput) { in.AllocatedStorage = aws.Int32(20) },
		"engine postgres":        func(in *rds.CreateDBInstanceInput) { in.Engine = aws.String("postgres") },
		"engine version 10.0":    func(in *rds.CreateDBInstanceInput) { in.EngineVersion = aws.String("10.0") },
		"DB cluster " + "common": func(in *rds.CreateDBInstanceInput) { in.MasterUsername = aws.String("other") },
	} {
		wantFault(t, word, f.tryMember(t, "common", auroraPG, sim, "common-1", set), "InvalidParameterCombination", word)
	}
	wantFault(t, "a member of no cluster", f.tryMember(t, "nowhere", auroraPG, sim, "x"), "DBClusterNotFoundFault", "nowhere")
	_, err := f.api.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("alone"), Engine: aws.String(auroraPG), DBInstanceClass: aws.String(sim),
		MasterUsername: aws.String(master), MasterUserPassword: aws.String(password)})
	wantFault(t, "an Aurora instance on its own", err, "InvalidParameterCombination", "create-db-cluster")

	f.member(t, "common", auroraPG, sim, "common-1")
	f.member(t, "common", auroraPG, sim, "common-2")
	c := f.ready(t, "common", 2)
	for _, i := range f.members(t, "common") {
		if aws.ToInt32(i.Endpoint.Port) != 7432 || aws.ToString(i.DBName) != "shop" || aws.ToString(i.MasterUsername) != master || aws.ToString(i.EngineVersion) != aws.ToString(c.EngineVersion) {
			t.Errorf("%s is not as its cluster says: port %d, database %q, user %q, version %q", aws.ToString(i.DBInstanceIdentifier),
				aws.ToInt32(i.Endpoint.Port), aws.ToString(i.DBName), aws.ToString(i.MasterUsername), aws.ToString(i.EngineVersion))
		}
		mustServe(t, self(i))
		_, err := f.api.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: i.DBInstanceIdentifier, MasterUserPassword: aws.String("battery-staple-1")})
		wantFault(t, "the master's password at "+aws.ToString(i.DBInstanceIdentifier), err, "InvalidParameterCombination", "modify-db-cluster")
	}
	if err := f.tryMember(t, "common", auroraPG, "db.local", "common-3"); err == nil {
		t.Error("a member on this machine can follow a simulated writer")
	}
}

func (f *fleet) drop(t *testing.T, name string, skip bool, final string) error {
	in := &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(skip)}
	if final != "" {
		in.FinalDBSnapshotIdentifier = &final
	}
	_, err := f.api.DeleteDBInstance(t.Context(), in)
	return err
}

func (f *fleet) dropCluster(t *testing.T, name string, skip bool, final string) error {
	in := &rds.DeleteDBClusterInput{DBClusterIdentifier: &name, SkipFinalSnapshot: aws.Bool(skip)}
	if final != "" {
		in.FinalDBSnapshotIdentifier = &final
	}
	_, err := f.api.DeleteDBCluster(t.Context(), in)
	return err
}

// gone waits like `aws rds wait db-instance-deleted`.
func (f *fleet) gone(t *testing.T, name string) {
	t.Helper()
	err := rds.NewDBInstanceDeletedWaiter(f.api, func(o *rds.DBInstanceDeletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
	}).
		Wait(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name}, time.Minute)
	if err != nil {
		t.Fatalf("wait for the end of %s: %v", name, err)
	}
}

// clusterGone waits like `aws rds wait db-cluster-deleted`.
func (f *fleet) clusterGone(t *testing.T, name string) {
	t.Helper()
	err := rds.NewDBClusterDeletedWaiter(f.api, func(o *rds.DBClusterDeletedWaiterOptions) { o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second }).
		Wait(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &name}, time.Minute)
	if err != nil {
		t.Fatalf("wait for the end of cluster %s: %v", name, err)
	}
}

// clusterUp waits like `aws rds wait db-cluster-available`.
func (f *fleet) clusterUp(t *testing.T, name string) {
	t.Helper()
	err := rds.NewDBClusterAvailableWaiter(f.api, func(o *rds.DBClusterAvailableWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
	}).
		Wait(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &name}, time.Minute)
	if err != nil {
		t.Fatalf("wait for cluster %s: %v", name, err)
	}
}

// deletion: nothing goes by surprise, and the one with the data goes last.
func deletion(t *testing.T, f *fleet) {
	const invalid, state = "InvalidParameterCombination", "InvalidDBClusterStateFault"
	f.aurora(t, "ends", auroraPG, func(in *rds.CreateDBClusterInput) { in.DeletionProtection = aws.Bool(true) })
	for _, n := range []string{"ends-w", "ends-r1", "ends-r2"} {
		f.member(t, "ends", auroraPG, sim, n)
	}
	f.clusterUp(t, "ends")
	c := f.ready(t, "ends", 3)
	reader := mustServe(t, readerOf(c))[0].SerialNumber

	wantFault(t, "a protected cluster", f.dropCluster(t, "ends", true, ""), invalid, "protected")
	if _, err := f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("ends"), DeletionProtection: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	wantFault(t, "a cluster with members", f.dropCluster(t, "ends", true, ""), state, "ends-")
	wantFault(t, "the writer of readers", f.drop(t, "ends-w", true, ""), state, "readers")
	wantFault(t, "a final copy of a reader", f.drop(t, "ends-r1", false, "copy-1"), invalid, "reader")
	if err := f.drop(t, "ends-r1", false, ""); err != nil { // its data is its writer's
		t.Fatalf("delete a reader without a word about snapshots: %v", err)
	}
	f.gone(t, "ends-r1")
	wantFault(t, "the writer of one reader", f.drop(t, "ends-w", true, ""), state, "readers")
	f.passReader(t, c, reader.String())
	if err := f.drop(t, "ends-r2", true, ""); err != nil {
		t.Fatal(err)
	}
	f.gone(t, "ends-r2")
	if got := f.cluster(t, "ends").ReaderEndpoint; got != nil {
		t.Errorf("the cluster shows the reader endpoint %s, where nobody answers", *got)
	}
	wantFault(t, "the last writer without a word about a copy", f.drop(t, "ends-w", false, ""), invalid, "FinalDBSnapshotIdentifier")
	wantFault(t, "the last writer with both words", f.drop(t, "ends-w", true, "copy-1"), invalid, "FinalDBSnapshotIdentifier")
	if err := f.drop(t, "ends-w", true, ""); err != nil {
		t.Fatal(err)
	}
	f.gone(t, "ends-w")
	if _, err := handshake(t.Context(), writerOf(c), harness.AskPostgres); err == nil {
		t.Error("somebody answers at the endpoint of a cluster without instances")
	}
	f.emptyGone(t)
}

// passReader: the reader endpoint comes to the reader that is left with its
// next reboot, and the leaf needs no change for it.
func (f *fleet) passReader(t *testing.T, c types.DBCluster, before string) {
	t.Helper()
	left := mustServe(t, self(f.instance(t, "ends-r2")))[0].SerialNumber.String()
	if left == before {
		t.Fatal("both readers have one certificate")
	}
	if _, err := f.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: aws.String("ends-r2")}); err != nil {
		t.Fatal(err)
	}
	f.ready(t, "ends", 2)
	if got := mustServe(t, readerOf(c))[0].SerialNumber.String(); got != left {
		t.Errorf("at the reader endpoint the certificate %s is served, want that of the reader that is left, %s", got, left)
	}
}

// emptyGone deletes the cluster that has no instances any more.
func (f *fleet) emptyGone(t *testing.T) {
	t.Helper()
	wantFault(t, "a final copy of an empty cluster", f.dropCluster(t, "ends", false, "copy-2"), "InvalidDBClusterStateFault", "--skip-final-snapshot")
	wantFault(t, "an empty cluster without a word", f.dropCluster(t, "ends", false, ""), "InvalidParameterCombination", "FinalDBSnapshotIdentifier")
	if err := f.dropCluster(t, "ends", true, ""); err != nil {
		t.Fatal(err)
	}
	f.clusterGone(t, "ends")
	wantFault(t, "a cluster that is gone", f.dropCluster(t, "ends", true, ""), "DBClusterNotFoundFault", "ends")
}

// listing: DescribeDBClusters finds by name, ARN, filter and page.
func listing(t *testing.T, f *fleet) {
	arns := map[string]string{}
	for n := range 23 {
		name := fmt.Sprintf("page-%02d", n)
		f.aurora(t, name, []string{auroraPG, auroraMy}[n%2])
		arns[name] = aws.ToString(f.cluster(t, name).DBClusterArn)
	}
	out, err := f.api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String(arns["page-07"])})
	if err != nil || len(out.DBClusters) != 1 || aws.ToString(out.DBClusters[0].DBClusterIdentifier) != "page-07" {
		t.Errorf("by ARN: %v", err)
	}
	seven := out.DBClusters[0]
	_, err = f.api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String("page-99")})
	wantFault(t, "a cluster that is not there", err, "DBClusterNotFoundFault", "page-99")
	for what, c := range map[string]struct {
		filter string
		values []string
		want   []string
	}{
		"two by name, one in capitals": {"db-cluster-id", []string{"page-03", "PAGE-04"}, []string{"page-03", "page-04"}},
		"one by ARN":                   {"db-cluster-id", []string{arns["page-05"]}, []string{"page-05"}},
		"one by resource id":           {"db-cluster-resource-id", []string{aws.ToString(seven.DbClusterResourceId)}, []string{"page-07"}},
		"none in a domain":             {"domain", []string{"d-1234567890"}, nil},
	} {
		if got := f.names(t, &rds.DescribeDBClustersInput{Filters: []types.Filter{{Name: &c.filter, Values: c.values}}}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
	my := f.names(t, &rds.DescribeDBClustersInput{Filters: []types.Filter{{Name: aws.String("engine"), Values: []string{auroraMy}}}})
	if !slices.Contains(my, "page-01") || slices.Contains(my, "page-02") {
		t.Errorf("by engine %s: %v", auroraMy, my)
	}
	_, err = f.api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}})
	wantFault(t, "a filter there is not", err, "InvalidParameterValue", "colour")
	all := f.names(t, &rds.DescribeDBClustersInput{MaxRecords: aws.Int32(20)})
	seen := 0
	for _, n := range all {
		if arns[n] != "" {
			seen++
		}
	}
	if seen != len(arns) || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("in pages of 20: %v, want %d clusters once each, sorted", all, len(arns))
	}
}

// names lists all pages; none is larger than asked for.
func (f *fleet) names(t *testing.T, in *rds.DescribeDBClustersInput) []string {
	t.Helper()
	var all []string
	for p := rds.NewDescribeDBClustersPaginator(f.api, in); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if in.MaxRecords != nil && len(out.DBClusters) > int(*in.MaxRecords) {
			t.Errorf("a page has %d clusters, want at most %d", len(out.DBClusters), *in.MaxRecords)
		}
		for _, c := range out.DBClusters {
			all = append(all, aws.ToString(c.DBClusterIdentifier))
		}
	}
	return all
}
