// Package lint_test runs database drivers with many configurations, each
// against servers that differ in one thing, and holds what they do against what
// `dbtls clients lint` says that they do.
//
// A cell is one configuration of one driver. The same text is read by the
// linter and run by the driver. What it encrypts and verifies is judged by the
// sessions that come about (the engine's own word for it, or what the wire
// carried), never by what the driver says of itself.
package lint_test

import (
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// The engines as the API names them.
const (
	postgres  = "postgres"
	mariadb   = "mariadb"
	mysql     = "mysql"
	sqlserver = "sqlserver-se"
	mongo     = "mongodb"
	oracle    = "oracle-ee"
)

const (
	user          = "admin1"
	password      = "correct-horse-99"
	storePassword = "store-password-1"
	ca            = "rds-ca-rsa2048-g1"
	python        = "/usr/bin/python3" // Debian's, whose drivers are packages
)

// world is the databases, the certificates of the stages, and the clients' files.
type world struct {
	databases map[string]harness.Instance
	pairs     map[variant]tls.Certificate
	// ca is a PEM file with the roots of the databases and of the stages, and
	// store the same as PKCS#12.
	ca, store string
	// empty and trusting are home directories: the second has the roots where
	// libpq and pgjdbc look for them.
	empty, trusting string
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{databases: map[string]harness.Instance{}, pairs: map[variant]tls.Certificate{}}
	server := harness.Start(t, harness.Data(t))
	parameters(t, server)
	for _, e := range realEngines(t) {
		w.databases[e] = server.Create(t, "lint-"+e, e, func(in *rds.CreateDBInstanceInput) {
			if e == postgres {
				in.DBParameterGroupName = aws.String("lint")
			}
		})
	}
	bundle, err := os.ReadFile(server.File(t, "/global/global-bundle.pem"))
	if err != nil {
		t.Fatal(err)
	}
	w.make(t, bundle)
	return w
}

// realEngines are those ones of this machine.
func realEngines(t *testing.T) []string {
	t.Helper()
	list := harness.Engines(t)
	found, _ := filepath.Glob("/opt/mysql*/bin/mysqld")
	if len(found) == 0 {
		missingMySQL(t, "server")
		return list
	}
	return append(list, mysql)
}

// missing fails where everything has to be tested.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
		t.Errorf("no %s on this machine, and DBTLS_REQUIRE_ENGINES is set: scripts/install-deps.sh installs it", what)
		return
	}
	t.Logf("NOT TESTED: no %s on this machine; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", what)
}

// missingMySQL is missing for what Debian itself does not have.
func missingMySQL(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("DBTLS_REQUIRE_MYSQL") != "" {
		t.Errorf("no %s of MySQL on this machine, and DBTLS_REQUIRE_MYSQL is set: scripts/install-deps.sh fetches it", what)
		return
	}
	t.Logf("NOT TESTED: no %s of MySQL on this machine; set DBTLS_REQUIRE_MYSQL=1 to make this a failure", what)
}

// parameters lets clients without TLS into PostgreSQL: a cell is about what the
// client wants.
func parameters(t *testing.T, s *harness.Server) {
	t.Helper()
	client := s.RDS(t, "")
	versions, err := client.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: aws.String(postgres), DefaultOnly: aws.Bool(true)})
	if err != nil || len(versions.DBEngineVersions) == 0 {
		t.Fatalf("describe the default version of PostgreSQL: %v", err)
	}
	_, err = client.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: aws.String("lint"),
		DBParameterGroupFamily: versions.DBEngineVersions[0].DBParameterGroupFamily, Description: aws.String("takes plain sessions too")})
	if err != nil {
		t.Fatalf("create parameter group: %v", err)
	}
	_, err = client.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: aws.String("lint"),
		Parameters: []types.Parameter{{ParameterName: aws.String("rds.force_ssl"), ParameterValue: aws.String("0"), ApplyMethod: types.ApplyMethodPendingReboot}}})
	if err != nil {
		t.Fatalf("modify parameter group: %v", err)
	}
}

// make writes the clients' files and issues the stages' certificates.
func (w *world) make(t *testing.T, bundle []byte) {
	t.Helper()
	now := time.Now()
	ours, theirs, past := pkitest.New(t, "us-east-1", now), pkitest.New(t, "us-east-1", now), pkitest.New(t, "us-east-1", now.AddDate(-3, 0, 0))
	for v, from := range map[variant]*pkitest.Hierarchy{forced: ours, misnamed: ours, stranger: theirs, expired: past} {
		names := []string{"localhost", "127.0.0.1"}
		if v == misnamed {
			names = []string{"another.example"}
		}
		w.pairs[v] = pkitest.TLS(from.Leaf(t, ca, names...))
	}
	dir := t.TempDir()
	w.ca, w.store = filepath.Join(dir, "roots.pem"), filepath.Join(dir, "roots.p12")
	w.empty, w.trusting = filepath.Join(dir, "empty"), filepath.Join(dir, "trusting")
	roots := append(bundle, pki.EncodeCertsPEM(ours.TrustStore(ca)...)...)
	write(t, w.ca, roots)
	write(t, filepath.Join(w.empty, "none"), nil)
	write(t, filepath.Join(w.trusting, ".postgresql", "root.crt"), roots)
	out, err := exec.Command(harness.Binary(t), "truststore", "build", "--format", "pkcs12", "--out", w.store, "--password", storePassword, w.ca).CombinedOutput()
	if err != nil {
		t.Fatalf("build the Java trust store: %v: %s", err, out)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// at fills a cell's text in for a server: {host}, {port}, {user}, {password},
// {ca}, {store}, {storepass}, {home}.
func (w *world) at(text, host, port, home string) string {
	return strings.NewReplacer("{host}", host, "{port}", port, "{user}", user, "{password}", password, "{ca}", w.ca,
		"{store}", w.store, "{storepass}", storePassword, "{home}", home).Replace(text)
}
