package dms_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestWaitersSucceedAndFailWhereTheyShould: they are botocore's, through the
// aws command.
func TestWaitersSucceedAndFailWhereTheyShould(t *testing.T) {
	s := harness.Start(t, harness.Data(t))
	i := simulated(t, s, "sqlserver-se")
	rep := worker(t, s)
	wait := func(name string, filters ...string) error {
		_, err := s.AWS(t, append([]string{"dms", "wait", name, "--filters"}, filters...)...)
		return err
	}
	by := func(name, value string) string { return "Name=" + name + ",Values=" + value }
	if err := wait("replication-instance-available", by("replication-instance-arn", rep)); err != nil {
		t.Error(err)
	}
	arns := map[string]string{}
	for name, secret := range map[string]string{"right": password, "wrong": "wrong-horse-98"} {
		arns[name] = must(t, s, "CreateEndpoint", object{"EndpointIdentifier": name, "EndpointType": "source", "EngineName": "sqlserver",
			"ServerName": i.Address, "Port": i.Port, "Username": user, "Password": secret, "SslMode": "require"}, "Endpoint", "EndpointArn").(string)
		must(t, s, "TestConnection", object{"ReplicationInstanceArn": rep, "EndpointArn": arns[name]})
		ended(t, s, name)
	}
	if err := wait("test-connection-succeeds", by("endpoint-arn", arns["right"]), by("replication-instance-arn", rep)); err != nil {
		t.Error(err)
	}
	if err := wait("test-connection-succeeds", by("endpoint-arn", arns["wrong"])); err == nil || !strings.Contains(err.Error(), "terminal failure state") {
		t.Errorf("the waiter of a test that failed: %v", err)
	}
	if status := cli(t, s, "Endpoint.Status", "delete-endpoint", "--endpoint-arn", arns["right"]); status != "deleting" {
		t.Errorf("delete-endpoint answers %s", status)
	}
	if err := wait("endpoint-deleted", by("endpoint-arn", arns["right"])); err != nil {
		t.Error(err)
	}
	cli(t, s, "ReplicationInstance.ReplicationInstanceStatus", "delete-replication-instance", "--replication-instance-arn", rep)
	if err := wait("replication-instance-deleted", by("replication-instance-arn", rep)); err != nil {
		t.Error(err)
	}
}

// TestSchemasAreListedAfterARealLogin with a database that has some.
func TestSchemasAreListedAfterARealLogin(t *testing.T) {
	harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	rep := worker(t, s)
	for _, c := range []struct{ name, database, sql, want string }{
		{"postgres", "postgres", "create schema sales; create schema pgx", "pgx public sales"},
		{"mariadb", "", "create database sales", "sales"},
	} {
		i := s.Create(t, "db-"+c.name, c.name)
		if _, err := harness.Query(t, i, s.Root(t, "rds-ca-rsa2048-g1"), c.sql); err != nil {
			t.Fatal(err)
		}
		in := object{"EndpointIdentifier": c.name, "EndpointType": "source", "EngineName": c.name, "ServerName": i.Address, "Port": i.Port, "Username": user, "Password": password, "SslMode": "verify-full",
			"CertificateArn": must(t, s, "ImportCertificate", object{"CertificateIdentifier": "ca-" + c.name, "CertificatePem": string(readFile(t, bundle(t, s)))}, "Certificate", "CertificateArn")}
		if c.database != "" {
			in["DatabaseName"] = c.database
		}
		arn := must(t, s, "CreateEndpoint", in, "Endpoint", "EndpointArn").(string)
		if _, err := s.AWS(t, "dms", "describe-schemas", "--endpoint-arn", arn); err == nil || !strings.Contains(err.Error(), "(InvalidResourceStateFault)") {
			t.Errorf("%s: schemas before a refresh: %v", c.name, err)
		}
		cli(t, s, "RefreshSchemasStatus.Status", "refresh-schemas", "--endpoint-arn", arn, "--replication-instance-arn", rep)
		harness.Poll(t, 30*time.Second, "the refresh ends", func() bool {
			return must(t, s, "DescribeRefreshSchemasStatus", object{"EndpointArn": arn}, "RefreshSchemasStatus", "Status") != "refreshing"
		})
		out, err := s.AWS(t, "dms", "describe-schemas", "--endpoint-arn", arn, "--output", "text", "--query", "join(' ', Schemas)")
		if err != nil || strings.TrimSpace(out) != c.want {
			t.Errorf("%s: schemas %q, %v, %v", c.name, out, err, must(t, s, "DescribeRefreshSchemasStatus", object{"EndpointArn": arn}))
		}
	}
}

// TestTwoHundredHangingHosts: the tests end by themselves, what they held is
// given back, and the API answers meanwhile.
func TestTwoHundredTestsOfHostsThatNeverAnswer(t *testing.T) {
	s := harness.Start(t, harness.Data(t), "--provider", "simulated")
	rep := worker(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = c.Close() })
		}
	}()
	const tests = 200
	port := l.Addr().(*net.TCPAddr).Port
	var arns []string
	for n := range tests {
		arns = append(arns, must(t, s, "CreateEndpoint", object{"EndpointIdentifier": "e" + strconv.Itoa(n), "EndpointType": "source", "EngineName": "postgres",
			"ServerName": "127.0.0.1", "Port": port, "Username": user, "Password": password, "SslMode": "require"}, "Endpoint", "EndpointArn").(string))
	}
	before := files(t, s)
	for _, arn := range arns {
		must(t, s, "TestConnection", object{"ReplicationInstanceArn": rep, "EndpointArn": arn})
	}
	var slowest time.Duration
	most := 0
	statuses := func() map[string]int {
		count := map[string]int{}
		marker := any(nil)
		for {
			in := object{}
			if marker != nil {
				in["Marker"] = marker
			}
			began := time.Now()
			out := must(t, s, "DescribeConnections", in).(object)
			slowest = max(slowest, time.Since(began))
			for _, c := range out["Connections"].([]any) {
				count[c.(object)["Status"].(string)]++
			}
			if marker = out["Marker"]; marker == nil {
				return count
			}
		}
	}
	harness.Poll(t, 2*time.Minute, "all tests have ended", func() bool {
		most = max(most, files(t, s))
		return statuses()["failed"] == tests
	})
	if slowest > 3*time.Second {
		t.Errorf("a listing took %v while the tests ran", slowest)
	}
	if most < before+100 {
		t.Errorf("only %d files were open at once, %d before: the tests did not run at once", most, before)
	}
	harness.Poll(t, 10*time.Second, "what the tests held is given back", func() bool { return files(t, s) <= before+10 })
	if o := ended(t, s, "e7"); o.Outcome.Code != "NoAnswer" || o.Outcome.Stage != "starttls" {
		t.Errorf("%+v", o)
	}
	t.Logf("slowest listing %v, open files %d before, %d at most, %d after", slowest, before, most, files(t, s))
}

// files counts what the server has open.
func files(t *testing.T, s *harness.Server) int {
	t.Helper()
	names, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(s.Pid()), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
