package cluster_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// silent fails when somebody answers at an endpoint.
func silent(t *testing.T, what string, ends ...harness.Instance) {
	t.Helper()
	for _, i := range ends {
		if _, err := handshake(t.Context(), i, harness.AskPostgres); err == nil {
			t.Errorf("%s: somebody answers at %s", what, hostPort(i))
		}
	}
}

// power: a cluster stops and starts as a whole, keeps its certificates, and an
// Aurora cluster is not rebooted as one.
func power(t *testing.T, f *fleet) {
	f.aurora(t, "watts", auroraPG)
	_, err := f.api.StopDBCluster(t.Context(), &rds.StopDBClusterInput{DBClusterIdentifier: aws.String("watts")})
	wantFault(t, "a cluster without instances", err, "InvalidDBClusterStateFault", "no instances")
	f.member(t, "watts", auroraPG, sim, "watts-1")
	f.member(t, "watts", auroraPG, sim, "watts-2")
	c := f.ready(t, "watts", 2)
	writer, reader := mustServe(t, writerOf(c))[0], mustServe(t, readerOf(c))[0]
	_, err = f.api.RebootDBCluster(t.Context(), &rds.RebootDBClusterInput{DBClusterIdentifier: aws.String("watts")})
	wantFault(t, "the reboot of an Aurora cluster", err, "InvalidDBClusterStateFault", "reboot-db-instance")
	_, err = f.api.StartDBCluster(t.Context(), &rds.StartDBClusterInput{DBClusterIdentifier: aws.String("watts")})
	wantFault(t, "the start of a running cluster", err, "InvalidDBClusterStateFault", "not in stopped state")

	if _, err := f.api.StopDBCluster(t.Context(), &rds.StopDBClusterInput{DBClusterIdentifier: aws.String("watts")}); err != nil {
		t.Fatal(err)
	}
	f.await(t, "watts", "is stopped", func(c types.DBCluster) bool { return aws.ToString(c.Status) == "stopped" })
	silent(t, "a stopped cluster", writerOf(c), readerOf(c))
	_, err = f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("watts"), DeletionProtection: aws.Bool(true)})
	wantFault(t, "a change of a stopped cluster", err, "InvalidDBClusterStateFault", "stopped")
	_, err = f.api.StopDBCluster(t.Context(), &rds.StopDBClusterInput{DBClusterIdentifier: aws.String("watts")})
	wantFault(t, "the stop of a stopped cluster", err, "InvalidDBClusterStateFault", "not in available state")

	if _, err := f.api.StartDBCluster(t.Context(), &rds.StartDBClusterInput{DBClusterIdentifier: aws.String("watts")}); err != nil {
		t.Fatal(err)
	}
	f.ready(t, "watts", 2)
	if !mustServe(t, writerOf(c))[0].Equal(writer) || !mustServe(t, readerOf(c))[0].Equal(reader) {
		t.Error("the cluster came up with other certificates than it went down with")
	}
}

// mysqlCluster: the same in short for the other family, whose members are
// simulated only.
func mysqlCluster(t *testing.T, f *fleet) {
	f.aurora(t, "my", auroraMy)
	_, err := f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("my"), CACertificateIdentifier: aws.String(caECC)})
	wantFault(t, "a CA of a MySQL cluster", err, "InvalidParameterCombination", "modify-db-instance")
	wantFault(t, "a local member", f.tryMember(t, "my", auroraMy, "db.local", "my-1"), "InvalidParameterValue", "db.simulated")
	names := []string{"my-1", "my-2", "my-3"}
	for _, n := range names {
		f.member(t, "my", auroraMy, sim, n)
	}
	f.clusterUp(t, "my")
	c := f.ready(t, "my", 3)
	for _, n := range names {
		_, err := f.api.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String(n), CACertificateIdentifier: aws.String(caECC), ApplyImmediately: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range names {
		f.Wait(t, n, func(i types.DBInstance) bool {
			return aws.ToString(i.CACertificateIdentifier) == caECC && aws.ToString(i.DBInstanceStatus) == available
		})
	}
	for what, end := range map[string]harness.Instance{"writer": writerOf(c), "reader": readerOf(c)} {
		chain, err := handshake(t.Context(), end, harness.AskMySQL)
		if err != nil {
			t.Fatalf("handshake at the %s endpoint: %v", what, err)
		}
		for _, ca := range []string{caRSA2, caECC} {
			if err := verify(chain, pool(t, f.Root(t, ca)), end.Address); err != nil {
				t.Errorf("the %s endpoint with %s alone: %v", what, ca, err)
			}
		}
	}
	f.forced(t, "by default", "my", false, myPlainRefused)
	f.group(t, "my-forced", c)
	f.give(t, "my", "my-forced") // it sets nothing yet, so nothing waits for a reboot
	f.synced(t, "my", "in-sync")
	f.set(t, "my-forced", "require_secure_transport", "ON")
	f.synced(t, "my", "in-sync")
	f.forced(t, "forced", "my", true, myPlainRefused)
	f.mysqlEnds(t)
}

func (f *fleet) mysqlEnds(t *testing.T) {
	t.Helper()
	wantFault(t, "a MySQL cluster with members", f.dropCluster(t, "my", true, ""), "InvalidDBClusterStateFault", "my-1")
	wantFault(t, "a MySQL writer with readers", f.drop(t, "my-1", true, ""), "InvalidDBClusterStateFault", "readers")
	for _, n := range []string{"my-2", "my-3", "my-1"} {
		if err := f.drop(t, n, true, ""); err != nil {
			t.Fatal(err)
		}
		f.gone(t, n)
	}
	if err := f.dropCluster(t, "my", true, ""); err != nil {
		t.Fatal(err)
	}
	f.clusterGone(t, "my")
}

// TestMultiAZCluster is a cluster that makes its members itself, of real
// servers: one CA for all, and one life.
func TestMultiAZCluster(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	f := serve(t)
	multi := func(in *rds.CreateDBClusterInput) { in.DBClusterInstanceClass = aws.String("db.local") }
	_, err := f.api.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("az"), Engine: aws.String("postgres"),
		MasterUsername: aws.String(master), MasterUserPassword: aws.String(password)})
	wantFault(t, "a Multi-AZ DB cluster of no class", err, "InvalidParameterCombination", "DBClusterInstanceClass")
	f.aurora(t, "az", "postgres", multi, func(in *rds.CreateDBClusterInput) { in.CACertificateIdentifier = aws.String(caECC) })
	f.clusterUp(t, "az")
	c := f.ready(t, "az", 3)
	ecc, rsa := pool(t, f.Root(t, caECC)), pool(t, f.Root(t, caRSA2))
	f.multiServes(t, c, caECC, ecc)
	wantFault(t, "one more member", f.tryMember(t, "az", "postgres", "db.local", "az-4"), "InvalidParameterCombination", "Multi-AZ")
	wantFault(t, "the end of one member", f.drop(t, aws.ToString(c.DBClusterMembers[1].DBInstanceIdentifier), true, ""), "InvalidDBClusterStateFault", "delete-db-cluster")

	st := openState(t, f.Dir)
	before := st.last(t)
	if _, err := f.api.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("az"), CACertificateIdentifier: aws.String(caRSA2), ApplyImmediately: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	f.await(t, "az", "is served by "+caRSA2, func(c types.DBCluster) bool {
		return aws.ToString(c.Status) == available && c.CertificateDetails != nil && aws.ToString(c.CertificateDetails.CAIdentifier) == caRSA2
	})
	f.multiServes(t, f.cluster(t, "az"), caRSA2, ecc, rsa)
	all := st.since(t, before)
	oneAtATime(t, all)
	writer := f.instance(t, writerName(c))
	if len(all) != 3 || all[2].ResourceID != aws.ToString(writer.DbiResourceId) {
		t.Errorf("the members were changed in the order %+v, want three, the writer %s last", all, aws.ToString(writer.DbiResourceId))
	}
	f.multiPower(t, c)
	f.multiEnds(t, c)
}

func writerName(c types.DBCluster) string {
	for _, m := range c.DBClusterMembers {
		if aws.ToBool(m.IsClusterWriter) {
			return aws.ToString(m.DBInstanceIdentifier)
		}
	}
	return ""
}

// multiServes: all members serve one CA, and so says the cluster.
func (f *fleet) multiServes(t *testing.T, c types.DBCluster, ca string, trusted ...*x509.CertPool) {
	t.Helper()
	if c.CertificateDetails == nil || aws.ToString(c.CertificateDetails.CAIdentifier) != ca {
		t.Errorf("the cluster says %+v, want CA %s", c.CertificateDetails, ca)
	}
	members := f.members(t, "az")
	if len(members) != 3 {
		t.Errorf("the cluster has %d members, want 3", len(members))
	}
	for _, i := range members {
		chain := mustServe(t, self(i))
		for n, roots := range trusted {
			for _, name := range []string{self(i).Address, aws.ToString(c.Endpoint), aws.ToString(c.ReaderEndpoint)} {
				if err := verify(chain, roots, name); err != nil {
					t.Errorf("%s as %s with root %d alone: %v", self(i).Name, name, n, err)
				}
			}
		}
	}
}

// multiPower: reboot, stop and start of the whole; the replicas follow again.
func (f *fleet) multiPower(t *testing.T, c types.DBCluster) {
	t.Helper()
	roots := pool(t, f.Root(t, caRSA2))
	name := aws.String("az")
	for _, step := range []struct {
		what string
		do   func() error
		then string
	}{
		{"reboot", func() error {
			_, err := f.api.RebootDBCluster(t.Context(), &rds.RebootDBClusterInput{DBClusterIdentifier: name})
			return err
		}, available},
		{"stop", func() error {
			_, err := f.api.StopDBCluster(t.Context(), &rds.StopDBClusterInput{DBClusterIdentifier: name})
			return err
		}, "stopped"},
		{"start", func() error {
			_, err := f.api.StartDBCluster(t.Context(), &rds.StartDBClusterInput{DBClusterIdentifier: name})
			return err
		}, available},
	} {
		old := f.enginePIDs(t)
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		began := time.Now()
		f.await(t, "az", "is "+step.then, func(c types.DBCluster) bool { return aws.ToString(c.Status) == step.then })
		t.Logf("%s took %s", step.what, time.Since(began).Round(time.Millisecond))
		for n, pid := range f.enginePIDs(t) {
			if pid == old[n] && pid != 0 {
				t.Errorf("%s: the server of %s is still process %d", step.what, n, pid)
			}
			if (pid == 0) != (step.then == "stopped") {
				t.Errorf("%s: the server of %s is process %d", step.what, n, pid)
			}
		}
		if step.then == available {
			followAgain(t, session(t, writerOf(c), roots), 2, nil)
			session(t, readerOf(c), roots)
		} else {
			silent(t, "a stopped cluster", writerOf(c), readerOf(c))
		}
	}
}

func (f *fleet) enginePIDs(t *testing.T) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, i := range f.members(t, "az") {
		all[aws.ToString(i.DBInstanceIdentifier)] = f.enginePID(t, aws.ToString(i.DBInstanceIdentifier))
	}
	return all
}

// multiEnds: the cluster goes with its members, and one copy of the data stays.
func (f *fleet) multiEnds(t *testing.T, c types.DBCluster) {
	t.Helper()
	wantFault(t, "the end without a word about a copy", f.dropCluster(t, "az", false, ""), "InvalidParameterCombination", "FinalDBSnapshotIdentifier")
	if err := f.dropCluster(t, "az", false, "az-final"); err != nil {
		t.Fatal(err)
	}
	f.clusterGone(t, "az")
	if left := harness.Processes(f.Dir + "/db"); len(left) > 0 {
		t.Errorf("%d processes of the members are left", len(left))
	}
	silent(t, "a deleted cluster", writerOf(c), readerOf(c))
	f.keptOnce(t, "az-final")
}
