package query_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
)

const (
	keyID  = "AKIDCLIENT"
	secret = "client/secret+key"
)

// endpoint is a server that verifies each signature, decodes the request and
// answers with what reply returns.
type endpoint struct {
	url string

	mu       sync.Mutex
	requests []query.Params
}

func serve(t *testing.T, reply func(p *query.Params) (status int, body []byte)) *endpoint {
	t.Helper()
	e := &endpoint{}
	v := &sigv4.Verifier{Secret: func(id string) (string, bool) { return secret, id == keyID }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		if c, err := v.Verify(r, body, time.Now()); err != nil || c.Region != "eu-west-1" || c.Service != "rds" {
			t.Errorf("Verify = %+v, %v\n%v", c, err, r.Header)
		}
		p, err := query.Parse(r, body)
		if err != nil {
			t.Errorf("Parse: %v\n%s", err, body)
			return
		}
		e.mu.Lock()
		e.requests = append(e.requests, p)
		e.mu.Unlock()
		status, out := reply(&p)
		w.Header().Set("Content-Type", query.ContentType)
		w.WriteHeader(status)
		_, _ = w.Write(out)
	}))
	t.Cleanup(srv.Close)
	e.url = srv.URL
	return e
}

func (e *endpoint) only(t *testing.T) *query.Params {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.requests) != 1 {
		t.Fatalf("%d requests arrived, want 1", len(e.requests))
	}
	return &e.requests[0]
}

// run starts a client tool with these credentials and no other configuration.
func run(t *testing.T, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	none := filepath.Join(t.TempDir(), "none")
	cmd := exec.CommandContext(ctx, path, args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.Contains(strings.ToLower(kv), "_proxy=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+keyID, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_CONFIG_FILE="+none, "AWS_SHARED_CREDENTIALS_FILE="+none, "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("start %s: %v", name, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func awsCLI(t *testing.T, e *endpoint, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return run(t, "aws", append([]string{"--endpoint-url", e.url, "--output", "json", "rds"}, args...)...)
}

func writeInstance(x *query.XML, id string) {
	x.Text("DBInstanceIdentifier", id)
	x.Int("AllocatedStorage", 20)
	x.Bool("MultiAZ", true)
	x.Time("InstanceCreateTime", time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC))
	x.TextList("EnabledCloudwatchLogsExports", "member", nil)
	x.Open("CertificateDetails")
	x.Text("CAIdentifier", "rds-ca-rsa2048-g1")
	x.Time("ValidTill", time.Date(2061, 5, 24, 22, 59, 0, 0, time.UTC))
	x.Close("CertificateDetails")
}

func TestCLIDescribesWithFilters(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) {
		x := query.NewResponse(p.Action(), "req-1")
		x.List("DBInstances", "DBInstance", 2, func(i int) { writeInstance(x, []string{"a", "<b> & 'c'"}[i]) })
		return 200, x.Finish()
	})
	stdout, stderr, code := awsCLI(t, e, "describe-db-instances", "--filters", "Name=engine,Values=mysql,postgres", "Name=db-instance-id,Values=a")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	p := e.only(t)
	got, err := query.Filters(p, "engine", "db-instance-id")
	if want := (map[string][]string{"engine": {"mysql", "postgres"}, "db-instance-id": {"a"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("filters %v, %v", got, err)
	}
	if p.Action() != "DescribeDBInstances" || p.Version() != "2014-10-31" {
		t.Errorf("%s %s", p.Action(), p.Version())
	}
	if page, err := query.ParsePage(p); err != nil || page.Marker != "" || p.Unread() != nil {
		t.Errorf("page %+v, %v; unread %q", page, err, p.Unread())
	}
	var reply struct {
		DBInstances []struct {
			DBInstanceIdentifier         string
			InstanceCreateTime           time.Time
			AllocatedStorage             int
			MultiAZ                      bool
			EnabledCloudwatchLogsExports *[]string
			CertificateDetails           struct{ ValidTill time.Time }
		}
		Marker *string
	}
	if err := json.Unmarshal([]byte(stdout), &reply); err != nil || len(reply.DBInstances) != 2 || reply.Marker != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	d := reply.DBInstances[1]
	if d.DBInstanceIdentifier != "<b> & 'c'" || !d.InstanceCreateTime.Equal(time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)) || d.AllocatedStorage != 20 || !d.MultiAZ ||
		d.EnabledCloudwatchLogsExports == nil || len(*d.EnabledCloudwatchLogsExports) != 0 || !d.CertificateDetails.ValidTill.Equal(time.Date(2061, 5, 24, 22, 59, 0, 0, time.UTC)) {
		t.Errorf("the CLI read %+v", d)
	}
}

func TestCLICreatesWithTags(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) {
		x := query.NewResponse(p.Action(), "req-1")
		x.Open("DBInstance")
		writeInstance(x, "a")
		x.Close("DBInstance")
		return 200, x.Finish()
	})
	_, stderr, code := awsCLI(t, e, "create-db-instance", "--db-instance-identifier", "a", "--db-instance-class", "db.local", "--engine", "postgres",
		"--master-user-password", "p&=+ ü%", "--port", "5433", "--no-multi-az", "--tags", "Key=team,Value=Zahlung & Größe", "Key=only", "--vpc-security-group-ids", "sg-1", "sg-2")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	p := e.only(t)
	var tags []string
	views, _ := p.Structs("Tags", "Tag")
	for _, v := range views {
		k, _ := v.String("Key")
		val, ok := v.String("Value")
		if ok {
			k += "=" + val
		}
		tags = append(tags, k)
	}
	if !reflect.DeepEqual(tags, []string{"team=Zahlung & Größe", "only"}) {
		t.Errorf("tags %q", tags)
	}
	password, _ := p.String("MasterUserPassword")
	port, _, err := p.Int("Port")
	multi, present, err2 := p.Bool("MultiAZ")
	groups, _ := p.Strings("VpcSecurityGroupIds", "VpcSecurityGroupId")
	if password != "p&=+ ü%" || port != 5433 || multi || !present || err != nil || err2 != nil || !reflect.DeepEqual(groups, []string{"sg-1", "sg-2"}) {
		t.Errorf("password %q, port %d, MultiAZ %v/%v, groups %q, %v %v", password, port, multi, present, groups, err, err2)
	}
	if u := p.Unread(); !reflect.DeepEqual(u, []string{"DBInstanceClass", "DBInstanceIdentifier", "Engine"}) {
		t.Errorf("unread %q", u)
	}
}

func TestCLISendsAnEmptyList(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) { return 200, query.EmptyResponse(p.Action(), "req-1") })
	stdout, stderr, code := awsCLI(t, e, "add-tags-to-resource", "--resource-name", "arn:aws:rds:eu-west-1:123456789012:db:a", "--tags", "[]")
	if code != 0 || stdout != "" {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	p := e.only(t)
	if views, present := p.Structs("Tags", "Tag"); views != nil || !present {
		t.Errorf("Tags = %v, %v", views, present)
	}
	if u := p.Unread(); !reflect.DeepEqual(u, []string{"ResourceName"}) {
		t.Errorf("unread %q", u)
	}
}

func TestCLIFollowsMarkers(t *testing.T) {
	t.Parallel()
	all := make([]string, 45)
	for i := range all {
		all[i] = string(rune('a'+i/10)) + string(rune('0'+i%10))
	}
	e := serve(t, func(p *query.Params) (int, []byte) {
		page, err := query.ParsePage(p)
		if err != nil {
			return 400, query.ErrorResponse("InvalidParameterValue", err.Error(), "r", true)
		}
		part, marker := query.Paginate(all, page, func(s string) string { return s })
		x := query.NewResponse(p.Action(), "r")
		x.OptText("Marker", marker)
		x.List("DBInstances", "DBInstance", len(part), func(i int) { x.Text("DBInstanceIdentifier", part[i]) })
		return 200, x.Finish()
	})
	stdout, stderr, code := awsCLI(t, e, "describe-db-instances", "--page-size", "20", "--query", "join(',', DBInstances[].DBInstanceIdentifier)")
	if code != 0 || strings.TrimSpace(stdout) != `"`+strings.Join(all, ",")+`"` {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestCLIReadsErrors(t *testing.T) {
	t.Parallel()
	e := serve(t, func(*query.Params) (int, []byte) {
		return 404, query.ErrorResponse("DBInstanceNotFound", "DBInstance <x> & co not found.", "req-1", true)
	})
	_, stderr, code := awsCLI(t, e, "describe-db-instances", "--db-instance-identifier", "x")
	// Version 1 exits with 255, version 2 with 254.
	want := "An error occurred (DBInstanceNotFound) when calling the DescribeDBInstances operation: DBInstance <x> & co not found."
	if code < 254 || !strings.Contains(stderr, want) {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// botocore picks the exception class by Code and keeps the rest of the reply.
func TestBotocoreMapsErrors(t *testing.T) {
	t.Parallel()
	if _, _, code := run(t, "python3", "-c", "import botocore.session"); code != 0 {
		t.Skip("no botocore on this machine")
	}
	e := serve(t, func(*query.Params) (int, []byte) {
		return 404, query.ErrorResponse("DBInstanceNotFound", "gone", "req-1", true)
	})
	const script = `
import sys, botocore.session
c = botocore.session.get_session().create_client("rds", endpoint_url=sys.argv[1])
try:
    c.describe_db_instances(DBInstanceIdentifier="x")
except c.exceptions.DBInstanceNotFoundFault as e:
    m, r = e.response["ResponseMetadata"], e.response["Error"]
    print(m["HTTPStatusCode"], m["RequestId"], r["Type"], r["Code"], r["Message"])
`
	stdout, stderr, code := run(t, "python3", "-c", script, e.url)
	if code != 0 || strings.TrimSpace(stdout) != "404 req-1 Sender DBInstanceNotFound gone" {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
