package fleet_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestAFleetOfEveryVersion is one server's life with one instance of every
// version that it lists. The subtests are its chapters, in order.
func TestAFleetOfEveryVersion(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--provider", "simulated")
	f := &fleet{Server: s, api: s.RDS(t, "")}
	f.everyVersion(t)
	f.createAll(t)
	f.await(t, f.all, caRSA2) // available: dbtls's own handshake has seen it
	for _, chapter := range []struct {
		name string
		test func(*testing.T, *fleet)
	}{
		{"each serves a certificate that lives as long as its version allows", leafLives},
		{"TLS is forced where the product's versions force it", forcedByDefault},
		{"a version without a CA refuses it", refusesCA},
		{"a restart of the server changes nothing on the wire", survivesRestart},
		{"60 of them move although the server is killed", movesThroughKill},
		{"what needs a restart waits for its window or for consent", waitsForRestart},
	} {
		if !t.Run(chapter.name, func(t *testing.T) { chapter.test(t, f) }) {
			return
		}
	}
}

// createAll makes one of each version. Those that only a server of this machine
// has cannot be simulated, and are refused saying so.
func (f *fleet) createAll(t *testing.T) {
	t.Helper()
	each(t, f.all, func(db *database) error {
		err := f.create(t, db)
		if err != nil && strings.Contains(err.Error(), "db.simulated has") {
			db.here = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("create %s %s: %w", db.engine, db.version, err)
		}
		return nil
	})
	engines := map[string]bool{}
	for _, db := range f.all {
		engines[db.engine] = engines[db.engine] || !db.here
	}
	for engine, played := range engines {
		if !played {
			t.Errorf("no version of %s can be simulated", engine)
		}
	}
	f.all = slices.DeleteFunc(f.all, func(db *database) bool { return db.here })
	if len(f.all) < 300 {
		t.Fatalf("only %d versions can be simulated", len(f.all))
	}
}

// seen are the instances that the test looks at itself: all, of the hundreds of
// SQL Server ones one of each major version and edition.
func (f *fleet) seen() []*database {
	had := map[string]bool{}
	var some []*database
	for _, db := range f.all {
		major, _, _ := strings.Cut(db.version, ".")
		if kind := db.engine + major; !db.speaksTDS() || !had[kind] {
			had[kind] = true
			some = append(some, db)
		}
	}
	return some
}

func leafLives(t *testing.T, f *fleet) {
	roots, rows := f.pool(t, caRSA2), f.rows(t)
	each(t, f.seen(), func(db *database) error {
		leaf, err := db.leaf(t.Context(), roots)
		if err != nil {
			return err
		}
		want := 3 // AWS: "one year" where the engine rotates without a restart, else three
		if db.reloads {
			want = 1
		}
		if years := math.Round(leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24 / 365.25); years != float64(want) {
			return fmt.Errorf("%s %s: its certificate lives %v years, want %d", db.engine, db.version, years, want)
		}
		if till := rows[db.name].CertificateDetails; till == nil || !aws.ToTime(till.ValidTill).Truncate(time.Second).Equal(leaf.NotAfter) {
			return fmt.Errorf("%s %s: the API says %+v, the wire valid till %v", db.engine, db.version, till, leaf.NotAfter)
		}
		return nil
	})
	for _, needs := range []*database{f.find(t, "postgres", "9.6"), f.find(t, "mysql", "5.7"), f.find(t, "sqlserver-ee", "16"), f.find(t, "oracle-ee", "19")} {
		if needs.reloads {
			t.Errorf("%s %s is listed as one that rotates without a restart", needs.engine, needs.version)
		}
	}
	if reloads := f.find(t, "postgres", "16"); !reloads.reloads {
		t.Errorf("postgres %s is listed as one that needs a restart", reloads.version)
	}
}

// forcedByDefault: rds.force_ssl is 1 from RDS for PostgreSQL 15 and from Aurora
// PostgreSQL 17 on, and 0 in SQL Server.
func forcedByDefault(t *testing.T, f *fleet) {
	since := map[string]float64{"postgres": 15, "aurora-postgresql": 17}
	each(t, f.all, func(db *database) error {
		first, forces := since[db.engine]
		if !forces {
			return nil
		}
		major, _, _ := strings.Cut(db.version, ".")
		number, err := strconv.ParseFloat(major, 64)
		if err != nil {
			return err
		}
		let, err := db.plainPostgres(t.Context())
		if err == nil && let != (number < first) {
			err = fmt.Errorf("%s %s lets a session without TLS in: %t", db.engine, db.version, let)
		}
		return err
	})
	word, err := f.find(t, "sqlserver-se", "16").plainTDS(t.Context())
	if err != nil || word != 0 {
		t.Errorf("SQL Server answers %d to a client without encryption (%v), want 0: the login alone is encrypted", word, err)
	}
}

func refusesCA(t *testing.T, f *fleet) {
	roots := f.pool(t, caRSA2)
	lacks := 0
	for _, db := range f.all {
		if slices.Contains(db.cas, caECC) {
			continue
		}
		lacks++
		before, err := db.leaf(t.Context(), roots)
		if err != nil {
			t.Fatal(err)
		}
		other := *db
		other.name = db.name + "-ecc"
		_, created := f.api.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: &other.name, Engine: &db.engine, EngineVersion: &db.version,
			DBInstanceClass: aws.String("db.simulated"), MasterUsername: aws.String(user), MasterUserPassword: aws.String(password), CACertificateIdentifier: aws.String(caECC)})
		for what, err := range map[string]error{"create": created, "modify": f.modify(t, db, toECC)} {
			var refused smithy.APIError
			if !errors.As(err, &refused) || refused.ErrorCode() != "InvalidParameterCombination" || !strings.Contains(refused.ErrorMessage(), caRSA2) {
				t.Errorf("%s of %s %s under %s: %v, want a refusal that names what it can have", what, db.engine, db.version, caECC, err)
			}
		}
		rows := f.rows(t)
		if _, there := rows[other.name]; there || pending(rows[db.name]) {
			t.Errorf("%s %s: after the refusals another instance is there: %t, a CA is pending: %t", db.engine, db.version, there, pending(rows[db.name]))
		}
		if after, err := db.leaf(t.Context(), roots); err != nil || !after.Equal(before) {
			t.Errorf("%s %s serves another certificate after the refusals (%v)", db.engine, db.version, err)
		}
	}
	if lacks == 0 {
		t.Error("every version has every CA")
	}
}
