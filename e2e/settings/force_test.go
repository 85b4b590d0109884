package settings_test

import (
	"database/sql"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestRealServers has one server of each engine on this machine: first the
// parameters, then forcing TLS with the vendor's own client.
func TestRealServers(t *testing.T) {
	t.Parallel()
	engines := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	for _, engine := range append(engines, "mysql") {
		t.Run(engine, func(t *testing.T) {
			d, f := realServer(t, s, engine)
			t.Run("parameters", func(t *testing.T) { d.show(t, f) })
			if slices.Contains(engines, engine) {
				t.Run("forced TLS", func(t *testing.T) { d.force(t, forcing[engine]) })
				t.Run("another master password", func(t *testing.T) { d.newPassword(t) })
			}
		})
	}
	t.Run("SQL Server", func(t *testing.T) { forceAtReboot(t, s) })
}

// realServer makes an instance with data, with a group of its own.
func realServer(t *testing.T, s *harness.Server, engine string) (*database, family) {
	t.Helper()
	name := "real-" + engine
	if engine == "mysql" { // not among the harness's
		_, err := s.RDS(t, "").CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("try"), Engine: &engine, DBInstanceClass: aws.String("db.local"),
			EngineVersion: aws.String("0.0"), MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("correct-horse-99")})
		if err == nil || strings.Contains(err.Error(), "no MySQL") {
			t.Skipf("NOT TESTED: no MySQL server on this machine: %v", err)
		}
	}
	d := open(t, s, s.Create(t, name, engine))
	d.Group = "g-" + engine
	f := family{Engine: engine, Name: d.Family}
	for _, known := range families(t, d.api) {
		if known.Name == d.Family {
			f = known
		}
	}
	cli(t, s, nil, "create-db-parameter-group", "--db-parameter-group-name", d.Group, "--db-parameter-group-family", d.Family, "--description", "of "+engine)
	var answer struct{ DBInstance types.DBInstance }
	cli(t, s, &answer, "modify-db-instance", "--db-instance-identifier", name, "--db-parameter-group-name", d.Group)
	if g := answer.DBInstance.DBParameterGroups[0]; aws.ToString(g.DBParameterGroupName) != d.Group || aws.ToString(g.ParameterApplyStatus) != inSync {
		t.Errorf("a group that changes nothing is %s, %s, want %s, in-sync", aws.ToString(g.DBParameterGroupName), aws.ToString(g.ParameterApplyStatus), d.Group)
	}
	return d, f
}

// forced says how an engine forces TLS, and the queries of who is encrypted.
type forced struct {
	parameter, byDefault string // its name, and its value in a family's default group
	refusal              string // part of what the vendor's client says
	isPlain, isTLS       [2]string
	id                   string
}

var forcing = map[string]forced{
	"postgres": {parameter: "rds.force_ssl", byDefault: "1", refusal: "no encryption",
		isPlain: [2]string{"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "f"},
		isTLS:   [2]string{"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "t"},
		id:      "SELECT pg_backend_pid()"},
	"mariadb": {parameter: "require_secure_transport", byDefault: "0", refusal: "Access denied",
		isPlain: [2]string{"SELECT VARIABLE_VALUE = '' FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'", "1"},
		isTLS:   [2]string{"SELECT VARIABLE_VALUE LIKE 'TLS%' FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_VERSION'", "1"},
		id:      "SELECT connection_id()"},
}

// force goes through an owner's day: plain clients, then none any more.
func (d *database) force(t *testing.T, f forced) {
	roots, home := d.srv.Root(t, caRSA2), d.home(t)
	if got := d.value(t, "default."+d.Family, f.parameter); got != f.byDefault {
		t.Errorf("%s of the family %s is %q by default, want %s", f.parameter, d.Family, got, f.byDefault)
	}
	d.change(t, f.parameter, "false", "0")
	open, secure := d.mustConnect(t, "plain, which nobody forbids", ""), d.mustConnect(t, "over TLS", roots)
	if got := open.mustAsk(t, "the plain session", f.isPlain[0]); got != f.isPlain[1] {
		t.Errorf("the plain session is encrypted: %s", got)
	}
	ids := [2]string{open.mustAsk(t, "the plain session", f.id), secure.mustAsk(t, "the TLS session", f.id)}

	d.change(t, f.parameter, "true", "1")
	d.onlyTLS(t, "forced", f, roots)
	if after := [2]string{open.mustAsk(t, "the plain session, after forcing", f.id), secure.mustAsk(t, "the TLS session, after forcing", f.id)}; after != ids {
		t.Errorf("the sessions are %v, were %v", after, ids)
	}
	cli(t, d.srv, nil, "reboot-db-instance", "--db-instance-identifier", d.Name)
	d.await(t, "back", status("available"))
	d.onlyTLS(t, "after a reboot", f, roots)
	if _, err := open.ask(f.id); err == nil {
		t.Error("the plain session lives after a reboot")
	}

	pid := leader(home)
	if pid == 0 || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Fatalf("kill the server %d of %s", pid, d.Name)
	}
	harness.Poll(t, patience, "the server runs again", func() bool { now := leader(home); return now != 0 && now != pid })
	harness.Poll(t, patience, "it answers", func() bool { _, err := d.connect(t, roots); return err == nil })
	d.onlyTLS(t, "after a crash", f, roots)

	d.change(t, f.parameter, "0", "0")
	d.mustConnect(t, "plain, allowed again", "")
}

// onlyTLS: a plain client is refused with the engine's words, one with TLS
// verifies the endpoint.
func (d *database) onlyTLS(t *testing.T, when string, f forced, roots string) {
	t.Helper()
	if _, err := d.connect(t, ""); err == nil || !strings.Contains(err.Error(), f.refusal) {
		t.Errorf("%s: a plain client got %v, want a refusal with %q", when, err, f.refusal)
	}
	s, err := d.connect(t, roots)
	if err != nil {
		t.Errorf("%s: a client with TLS: %v", when, err)
		return
	}
	if got := s.mustAsk(t, when, f.isTLS[0]); got != f.isTLS[1] {
		t.Errorf("%s: %s says %q", when, f.isTLS[0], got)
	}
}

// change sets a dynamic parameter by the aws command, waits until the instance
// has it, and checks how it is shown.
func (d *database) change(t *testing.T, name, value, shown string) {
	t.Helper()
	cli(t, d.srv, nil, "modify-db-parameter-group", "--db-parameter-group-name", d.Group,
		"--parameters", "ParameterName="+name+",ParameterValue="+value+",ApplyMethod=immediate")
	d.await(t, "in sync", settled)
	if got := d.value(t, d.Group, name); got != shown {
		t.Errorf("%s set to %s is shown as %q, want %s", name, value, got, shown)
	}
	if said := messages(t, d.api, types.SourceTypeDbParameterGroup, d.Group); !strings.Contains(said, "[configuration change]: Updated parameter "+name+" to "+shown+" with apply method immediate") {
		t.Errorf("no event tells of %s=%s:\n%s", name, shown, said)
	}
}

func (d *database) value(t *testing.T, group, name string) string {
	t.Helper()
	out, err := d.api.DescribeDBParameters(t.Context(), &rds.DescribeDBParametersInput{DBParameterGroupName: &group,
		Filters: []types.Filter{{Name: aws.String("parameter-name"), Values: []string{name}}}})
	if err != nil || len(out.Parameters) != 1 {
		t.Fatalf("parameter %s of %s: %v, %v", name, group, out, err)
	}
	return aws.ToString(out.Parameters[0].ParameterValue)
}

// newPassword: the new one counts when nothing is pending any more, the old one
// does not, and who is logged in stays so.
func (d *database) newPassword(t *testing.T) {
	roots, old := d.srv.Root(t, caRSA2), *d
	open := d.mustConnect(t, "with the old password", roots)
	d.Password = "another-horse-7$'\\x"
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) { in.MasterUserPassword = &d.Password })
	d.await(t, "done with the password", func(row types.DBInstance) bool { return row.PendingModifiedValues.MasterUserPassword == nil })
	d.mustConnect(t, "with the new password", roots)
	if _, err := old.connect(t, roots); err == nil {
		t.Error("the old password counts still")
	}
	open.mustAsk(t, "who was logged in", "SELECT 1")
	d.wantEvents(t, "[configuration change]: The master password was changed")
}

// forceAtReboot follows seed 004 on a SQL Server: its parameter is static.
func forceAtReboot(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "ms", "sqlserver-se", "")
	cli(t, s, nil, "create-db-parameter-group", "--db-parameter-group-name", "ms-ssl", "--db-parameter-group-family", d.Family, "--description", "force SSL")
	d.Group = "ms-ssl"
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) { in.DBParameterGroupName = &d.Group })
	change := func(method string) []string {
		return []string{"modify-db-parameter-group", "--db-parameter-group-name", d.Group, "--parameters", "ParameterName=rds.force_ssl,ParameterValue=true,ApplyMethod=" + method}
	}
	_, err := s.AWS(t, append([]string{"rds"}, change("immediate")...)...)
	const said = "An error occurred (InvalidParameterCombination) when calling the ModifyDBParameterGroup operation: cannot use immediate apply method for static parameter"
	if err == nil || !strings.HasSuffix(strings.TrimSpace(err.Error()), said) {
		t.Errorf("immediate: %v, want exactly %q", err, said)
	}
	if row := d.row(t); apply(row) != inSync {
		t.Errorf("after the refusal the group is %s", apply(row))
	}
	cli(t, s, nil, change(pendingReboot)...)
	var shown struct{ DBInstances []types.DBInstance }
	cli(t, s, &shown, "describe-db-instances", "--db-instance-identifier", d.Name)
	if got := apply(shown.DBInstances[0]); got != pendingReboot {
		t.Errorf("describe-db-instances says %s, want pending-reboot", got)
	}
	d.wantOption(t, "before the reboot", "disable", "FALSE")
	cli(t, s, nil, "reboot-db-instance", "--db-instance-identifier", d.Name)
	d.await(t, "rebooted and in sync", settled)
	d.wantOption(t, "after the reboot", "disable", "TRUE")
	d.wantOption(t, "after the reboot, asked for", "true", "TRUE")
	d.wantEvents(t, "[availability]: DB instance restarted")
}

// wantOption logs in with go-mssqldb and asks seed 004's question.
func (d *database) wantOption(t *testing.T, when, encrypt, want string) {
	t.Helper()
	var db *sql.DB
	if encrypt == "disable" {
		got, err := encryptOption(t, d)
		if err != nil || got != want {
			t.Errorf("%s: ENCRYPT_OPTION of a client that asks for nothing is %q, %v, want %s", when, got, err, want)
		}
		return
	}
	db = d.sqlServer(t, encrypt, nil)
	var got string
	if err := db.QueryRowContext(t.Context(), "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID").Scan(&got); err != nil || got != want {
		t.Errorf("%s: ENCRYPT_OPTION with encrypt=%s is %q, %v, want %s", when, encrypt, got, err, want)
	}
}
