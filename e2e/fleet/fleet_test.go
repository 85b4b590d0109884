// Package fleet_test proves with the ordinary dbtls program what a fleet of
// simulated instances does: one instance of every engine version there is, all
// under one server, looked at by handshakes of the test's own; moved to another
// CA, through restarts and a kill of the server; and the bundles of the regions.
package fleet_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	caRSA2 = "rds-ca-rsa2048-g1"
	caECC  = "rds-ca-ecc384-g1"

	user     = "admin1"
	password = "correct-horse-99"

	callers  = 8 // at a time, of the API and of the instances
	patience = 4 * time.Minute
)

// database is one instance of the fleet.
type database struct {
	name, engine, version string
	reloads               bool // takes a certificate without a restart, by the API's word
	cas                   []string
	cluster               string // "" for one on its own
	here                  bool   // a version of this machine's servers alone

	address string // once it is available
	port    int
}

// fleet is a server and its instances.
type fleet struct {
	*harness.Server
	api *rds.Client
	all []*database
}

// everyVersion lists what can be created, in the words of
// DescribeDBEngineVersions.
func (f *fleet) everyVersion(t *testing.T) {
	t.Helper()
	pages := rds.NewDescribeDBEngineVersionsPaginator(f.api, &rds.DescribeDBEngineVersionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.DBEngineVersions {
			db := &database{name: fmt.Sprintf("db-%03d", len(f.all)), engine: aws.ToString(v.Engine), version: aws.ToString(v.EngineVersion),
				reloads: aws.ToBool(v.SupportsCertificateRotationWithoutRestart), cas: v.SupportedCACertificateIdentifiers}
			if strings.HasPrefix(db.engine, "aurora-") {
				db.cluster = fmt.Sprintf("cluster-%03d", len(f.all))
			}
			f.all = append(f.all, db)
		}
	}
}

// create asks for the instance, and for its cluster before it.
func (f *fleet) create(t *testing.T, db *database) error {
	in := &rds.CreateDBInstanceInput{DBInstanceIdentifier: &db.name, Engine: &db.engine, DBInstanceClass: aws.String("db.simulated")}
	if db.cluster != "" {
		_, err := f.api.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: &db.cluster, Engine: &db.engine,
			EngineVersion: &db.version, MasterUsername: aws.String(user), MasterUserPassword: aws.String(password)})
		if err != nil {
			return err
		}
		in.DBClusterIdentifier = &db.cluster
	} else {
		in.EngineVersion, in.MasterUsername, in.MasterUserPassword = &db.version, aws.String(user), aws.String(password)
	}
	_, err := f.api.CreateDBInstance(t.Context(), in)
	return err
}

// rows reads every instance, by name.
func (f *fleet) rows(t *testing.T) map[string]types.DBInstance {
	t.Helper()
	all := map[string]types.DBInstance{}
	pages := rds.NewDescribeDBInstancesPaginator(f.api, &rds.DescribeDBInstancesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.DBInstances {
			all[aws.ToString(row.DBInstanceIdentifier)] = row
		}
	}
	return all
}

// await polls until every one of these instances is available under a CA and
// has nothing pending, and notes where it is.
func (f *fleet) await(t *testing.T, these []*database, ca string) {
	t.Helper()
	waits := ""
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(300 * time.Millisecond) {
		waits = ""
		rows := f.rows(t)
		for _, db := range these {
			row := rows[db.name]
			if aws.ToString(row.DBInstanceStatus) == "available" && aws.ToString(row.CACertificateIdentifier) == ca && !pending(row) {
				db.address, db.port = aws.ToString(row.Endpoint.Address), int(aws.ToInt32(row.Endpoint.Port))
				continue
			}
			waits = fmt.Sprintf("%s (%s %s) is %q under %q, status %+v", db.name, db.engine, db.version,
				aws.ToString(row.DBInstanceStatus), aws.ToString(row.CACertificateIdentifier), row.StatusInfos)
			break
		}
		if waits == "" {
			return
		}
	}
	log := strings.Split(strings.TrimRight(f.Log(), "\n"), "\n")
	t.Fatalf("not within %v: %s; the server's log ends with:\n%s", patience, waits, strings.Join(log[max(0, len(log)-15):], "\n"))
}

// pending reports whether another CA is planned.
func pending(row types.DBInstance) bool {
	return row.PendingModifiedValues != nil && row.PendingModifiedValues.CACertificateIdentifier != nil
}

// find returns the first instance of an engine whose version has the prefix.
func (f *fleet) find(t *testing.T, engine, version string) *database {
	t.Helper()
	for _, db := range f.all {
		if db.engine == engine && strings.HasPrefix(db.version, version) {
			return db
		}
	}
	t.Fatalf("no %s %s is listed", engine, version)
	return nil
}

// modify changes one instance.
func (f *fleet) modify(t *testing.T, db *database, more func(*rds.ModifyDBInstanceInput)) error {
	in := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &db.name}
	more(in)
	_, err := f.api.ModifyDBInstance(t.Context(), in)
	return err
}

// toECC asks for the move to the ECC CA at once.
func toECC(in *rds.ModifyDBInstanceInput) {
	in.CACertificateIdentifier, in.ApplyImmediately = aws.String(caECC), aws.Bool(true)
}

// each calls f for every item, several at a time, and reports the errors.
func each[T any](t *testing.T, all []T, f func(T) error) {
	t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for n := next.Add(1) - 1; int(n) < len(all); n = next.Add(1) - 1 {
				if err := f(all[n]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// pool holds the root of one CA of the server's region, and nothing else.
func (f *fleet) pool(t *testing.T, ca string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	text, err := os.ReadFile(f.Root(t, ca))
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no root of %s: %v", ca, err)
	}
	return pool
}
