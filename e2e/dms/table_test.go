package dms_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// cell is how an allowed cell of the table ends: "" is a success.
type cell struct {
	code  string
	plain bool // the login is not in TLS
	mute  bool // there is no login: the probe's verdict is the end
}

// row is an engine of the table: its endpoints, and a server.
type row struct {
	name, server, database string
	cells                  map[string]cell
}

// rows are the eight engines. What a simulated server without logins answers is
// the end of a connection in which all before was right.
func rows() []row {
	played := cell{code: "SimulatedInstance"}
	return []row{
		{"postgres", "postgres", "postgres", map[string]cell{"none": {plain: true}, "require": {}, "verify-ca": {}, "verify-full": {}}},
		{"mariadb", "mariadb", "", map[string]cell{"none": {plain: true}, "verify-ca": {}, "verify-full": {}}},
		{"mysql", "mysql", "", map[string]cell{"none": {code: "SimulatedInstance", plain: true}, "verify-ca": played, "verify-full": played}},
		{"sqlserver", "sqlserver-se", "", map[string]cell{"none": {plain: true}, "require": {}, "verify-full": {}}},
		{"oracle", "oracle-ee", "orcl", map[string]cell{"none": {code: "PlainRefused", mute: true}, "verify-ca": {code: "DatabaseNotFound"}}},
		{"sybase", "sybase", "", map[string]cell{"none": {code: "PlainRefused", mute: true}, "verify-full": {}}},
		{"mongodb", "mongodb", "", map[string]cell{"none": {code: "PlainRefused", mute: true}, "require": played, "verify-full": played}},
		{"db2", "db2-se", "shop", map[string]cell{"none": {code: "PlainRefused", mute: true}, "verify-ca": {code: "DatabaseNotFound"}}},
		{"redshift", "redshift", "", map[string]cell{"none": played}},
	}
}

// TestEveryCellOfTheTable drives create-endpoint and test-connection of the aws
// command. A tap before each server shows what the login was on the wire.
func TestEveryCellOfTheTable(t *testing.T) {
	installed := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	pem := bundle(t, s)
	ca := cli(t, s, "Certificate.CertificateArn", "import-certificate", "--certificate-identifier", "ca", "--certificate-pem", "file://"+pem)
	sso := cli(t, s, "Certificate.CertificateArn", "import-certificate", "--certificate-identifier", "wallet", "--certificate-wallet", "fileb://"+wallet(t, pem))
	rep := worker(t, s)
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			if (r.name == "postgres" || r.name == "mariadb") && !slices.Contains(installed, r.server) {
				t.Skip("SKIPPED: not installed")
			}
			i := server(t, s, r)
			for _, mode := range []string{"none", "require", "verify-ca", "verify-full"} {
				trust := ca
				if r.name == "oracle" {
					trust = sso
				}
				if !strings.HasPrefix(mode, "verify") {
					trust = ""
				}
				tryCell(t, s, r, i, mode, trust, rep)
			}
		})
	}
}

// server is a real one where this machine has it, else one that dbtls plays.
func server(t *testing.T, s *harness.Server, r row) harness.Instance {
	t.Helper()
	switch r.name {
	case "postgres":
		i := s.Create(t, "pg", "postgres")
		unforce(t, s, i.Name)
		return i
	case "mariadb":
		return s.Create(t, "maria", "mariadb")
	}
	return simulated(t, s, r.server)
}

// unforce lets clients without TLS in.
func unforce(t *testing.T, s *harness.Server, name string) {
	t.Helper()
	c := s.RDS(t, "")
	db := s.Wait(t, name, func(types.DBInstance) bool { return true })
	major, _, _ := strings.Cut(aws.ToString(db.EngineVersion), ".")
	group := aws.String("unforced")
	if _, err := c.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: group, DBParameterGroupFamily: aws.String("postgres" + major), Description: group}); err != nil {
		t.Fatal(err)
	}
	_, err := c.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: group, Parameters: []types.Parameter{
		{ParameterName: aws.String("rds.force_ssl"), ParameterValue: aws.String("0"), ApplyMethod: types.ApplyMethodImmediate}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &name, DBParameterGroupName: group, ApplyImmediately: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &name}); err != nil {
		t.Fatal(err)
	}
	s.Wait(t, name, func(db types.DBInstance) bool {
		return aws.ToString(db.DBInstanceStatus) == "available" && len(db.DBParameterGroups) == 1 && aws.ToString(db.DBParameterGroups[0].ParameterApplyStatus) == "in-sync"
	})
}

func tryCell(t *testing.T, s *harness.Server, r row, i harness.Instance, mode, trust, rep string) {
	t.Helper()
	p := newTap(t, i.Address, i.Port)
	name := r.name + "-" + mode
	args := []string{"create-endpoint", "--endpoint-identifier", name, "--endpoint-type", "target", "--engine-name", r.name, "--ssl-mode", mode,
		"--server-name", i.Address, "--port", strconv.Itoa(p.port), "--username", user, "--password", password}
	if trust != "" {
		args = append(args, "--certificate-arn", trust)
	}
	if r.database != "" {
		args = append(args, "--database-name", r.database)
	}
	want, allowed := r.cells[mode]
	if !allowed {
		_, err := s.AWS(t, append([]string{"dms"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), "(InvalidParameterCombinationException)") || !strings.Contains(err.Error(), "SslMode "+mode+" is not available for") {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	arn := cli(t, s, "Endpoint.EndpointArn", args...)
	if status := cli(t, s, "Connection.Status", "test-connection", "--replication-instance-arn", rep, "--endpoint-arn", arn); status != "testing" {
		t.Errorf("%s: test-connection answers %s", name, status)
	}
	o := ended(t, s, name)
	if o.Outcome.Code != want.code || (o.Status == "successful") != (want.code == "") || o.Outcome.TLS == (want.plain || want.mute) {
		t.Errorf("%s: %+v", name, o)
	}
	sent, clients := p.last()
	switch {
	case want.mute && clients != 1, !want.mute && clients < 2: // the probe, then what the driver opens
		t.Errorf("%s: %d connections were made", name, clients)
	case !want.mute && hello(sent) == want.plain:
		t.Errorf("%s: client hello %t in the login", name, hello(sent))
	case (!want.plain || want.mute) && (bytes.Contains(sent, []byte(user)) || bytes.Contains(sent, []byte(password))):
		t.Errorf("%s: user or password is on the wire in clear", name)
	}
}
