package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// signed is one request to the API, right until a case spoils it.
type signed struct {
	body, sent      string // sent differs when the body is altered on the way
	region, service string
	key, secret     string
	at              time.Time
	unsigned        bool
	header          func(http.Header)
}

// post sends it and decodes the error, if there is one.
func (q signed) post(t *testing.T, s *harness.Server) (status int, code, message, raw string) {
	t.Helper()
	if q.sent == "" {
		q.sent = q.body
	}
	req, err := http.NewRequest(http.MethodPost, s.URL+"/", strings.NewReader(q.sent))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if !q.unsigned {
		sum := sha256.Sum256([]byte(q.body))
		err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: q.key, SecretAccessKey: q.secret},
			req, hex.EncodeToString(sum[:]), q.service, q.region, q.at)
		if err != nil {
			t.Fatal(err)
		}
	}
	if q.header != nil {
		q.header(req.Header)
	}
	resp, err := s.HTTP(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := xml.Unmarshal(text, &e); err != nil {
		t.Errorf("the answer is no XML: %v: %s", err, text)
	}
	return resp.StatusCode, e.Error.Code, e.Error.Message, string(text)
}

func (q signed) with(f func(*signed)) signed { f(&q); return q }

func right(s *harness.Server) signed {
	return signed{body: "Action=DescribeCertificates&Version=2014-10-31", region: "us-east-1", service: "rds",
		key: s.Client.AccessKeyID, secret: s.Client.SecretAccessKey, at: time.Now()}
}

func TestOnlySignedRequestsAreServed(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	if status, code, message, _ := right(s).post(t, s); status != 200 {
		t.Fatalf("the request that the cases spoil is refused: %d %s %s", status, code, message)
	}
	cases := map[string]struct {
		spoil  func(*signed)
		status int
		code   string
		part   string
	}{
		"no signature":                 {func(q *signed) { q.unsigned = true }, 403, "MissingAuthenticationToken", ""},
		"a wrong secret":               {func(q *signed) { q.secret = "wrong" + q.secret[5:] }, 403, "SignatureDoesNotMatch", ""},
		"a key nobody has":             {func(q *signed) { q.key = "AKIAXXXXXXXXXXXXXXXX" }, 403, "InvalidClientTokenId", ""},
		"signed 20 minutes ago":        {func(q *signed) { q.at = q.at.Add(-20 * time.Minute) }, 403, "SignatureDoesNotMatch", "Signature expired"},
		"signed 20 minutes from now":   {func(q *signed) { q.at = q.at.Add(20 * time.Minute) }, 403, "SignatureDoesNotMatch", "not yet current"},
		"a body altered after signing": {func(q *signed) { q.sent = q.body + "&CertificateIdentifier=rds-ca-2019" }, 403, "SignatureDoesNotMatch", ""},
		"a body cut after signing":     {func(q *signed) { q.sent = q.body[:len(q.body)-1] }, 403, "SignatureDoesNotMatch", ""},
		"a region that is not enabled": {func(q *signed) { q.region = "eu-west-1" }, 403, "SignatureDoesNotMatch", "us-east-1"},
		"another service":              {func(q *signed) { q.service = "ec2" }, 403, "SignatureDoesNotMatch", "rds"},
		"dbtls's own service":          {func(q *signed) { q.service = "dbtls" }, 403, "SignatureDoesNotMatch", "rds"},
		"half an Authorization header": {func(q *signed) {
			q.header = func(h http.Header) { h.Set("Authorization", strings.Split(h.Get("Authorization"), ", Signature")[0]) }
		}, 400, "IncompleteSignature", ""},
		"a date moved after signing": {func(q *signed) {
			q.header = func(h http.Header) {
				h.Set("X-Amz-Date", time.Now().Add(time.Second*5).UTC().Format("20060102T150405Z"))
			}
		}, 403, "SignatureDoesNotMatch", ""},
		"an unsigned body on request": {func(q *signed) {
			q.header = func(h http.Header) { h.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }
		}, 403, "SignatureDoesNotMatch", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, code, message, raw := right(s).with(c.spoil).post(t, s)
			if status != c.status || code != c.code || !strings.Contains(message, c.part) {
				t.Errorf("got %d %s %q, want %d %s with %q", status, code, message, c.status, c.code, c.part)
			}
			if strings.Contains(raw, s.Client.SecretAccessKey) {
				t.Errorf("the answer holds the secret: %s", raw)
			}
		})
	}
	t.Run("the aws command names a wrong key", func(t *testing.T) {
		other := *s
		other.Client.SecretAccessKey = strings.Repeat("x", 40)
		_, err := other.AWS(t, "rds", "describe-certificates")
		wantCLIFault(t, err, "SignatureDoesNotMatch", "")
	})
	if strings.Contains(s.Log(), s.Client.SecretAccessKey) {
		t.Error("the server's log holds the secret")
	}
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	cases := map[string]struct {
		body string
		code string
		part string
	}{
		"an action that nobody has":         {"Action=MakeCoffee&Version=2014-10-31", "InvalidAction", "MakeCoffee"},
		"an action that is not built":       {"Action=CreateDBSnapshot&Version=2014-10-31&DBInstanceIdentifier=a&DBSnapshotIdentifier=b", "InvalidAction", "not built"},
		"no action":                         {"Version=2014-10-31", "MissingParameter", "Action"},
		"another version":                   {"Action=DescribeCertificates&Version=2012-09-17", "InvalidParameterValue", "2012-09-17"},
		"an empty body":                     {"", "MissingParameter", ""},
		"a required parameter left out":     {"Action=ModifyDBInstance&Version=2014-10-31", "MissingParameter", "DBInstanceIdentifier"},
		"a number that is none":             {"Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=many", "InvalidParameterValue", "MaxRecords"},
		"a boolean that is none":            {"Action=ModifyDBInstance&Version=2014-10-31&DBInstanceIdentifier=a&ApplyImmediately=maybe", "InvalidParameterValue", "ApplyImmediately"},
		"a time that is none":               {"Action=DescribeEvents&Version=2014-10-31&StartTime=yesterday", "InvalidParameterValue", "StartTime"},
		"a bad percent-escape":              {"Action=DescribeCertificates&Version=2014-10-31&Marker=%zz", "MalformedQueryString", ""},
		"a filter of no kind":               {"Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=color&Filters.Filter.1.Values.Value.1=red", "InvalidParameterValue", "Unrecognized filter name: color"},
		"a filter without values":           {"Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=engine", "InvalidParameterCombination", "must not be empty"},
		"a parameter of another action":     {"Action=DescribeCertificates&Version=2014-10-31&Engine=postgres", "InvalidParameterValue", "Engine"},
		"a name with a NUL":                 {"Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=a%00b", "", ""},
		"an identifier with a path in it":   {"Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=..%2F..%2Fetc", "InvalidParameterValue", "DBInstanceIdentifier"},
		"an instance that is not there":     {"Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=nobody", "DBInstanceNotFound", "nobody"},
		"an ARN of another account":         {"Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=arn:aws:rds:us-east-1:999999999999:db:a", "DBInstanceNotFound", "999999999999"},
		"a filter of certificates":          {"Action=DescribeCertificates&Version=2014-10-31&Filters.Filter.1.Name=id&Filters.Filter.1.Values.Value.1=x", "InvalidParameterValue", "Unrecognized filter name: id"},
		"events of an unknown source type":  {"Action=DescribeEvents&Version=2014-10-31&SourceType=db-moon", "InvalidParameterValue", "db-moon"},
		"events of a source without a type": {"Action=DescribeEvents&Version=2014-10-31&SourceIdentifier=a", "InvalidParameterCombination", "Cannot specify source identifier without source type"},
		"events that end before they begin": {"Action=DescribeEvents&Version=2014-10-31&StartTime=2026-01-02T00:00:00Z&EndTime=2026-01-01T00:00:00Z", "InvalidParameterCombination", "before"},
		"events of more than 14 days":       {"Action=DescribeEvents&Version=2014-10-31&Duration=20161", "InvalidParameterValue", "Duration"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, code, message, raw := right(s).with(func(q *signed) { q.body = c.body }).post(t, s)
			want := http.StatusBadRequest
			if c.code == "DBInstanceNotFound" {
				want = http.StatusNotFound
			}
			if c.code == "" { // either is right, a success or a 500 is not
				if status != 400 && status != 404 {
					t.Errorf("got %d %s", status, raw)
				}
				return
			}
			if status != want || code != c.code || !strings.Contains(message, c.part) {
				t.Errorf("got %d %s %q, want %d %s with %q", status, code, message, want, c.code, c.part)
			}
		})
	}
	t.Run("the aws command shows what is not built", func(t *testing.T) {
		_, err := s.AWS(t, "rds", "create-db-snapshot", "--db-instance-identifier", "a", "--db-snapshot-identifier", "b")
		wantCLIFault(t, err, "InvalidAction", "CreateDBSnapshot is not built in dbtls")
	})
}

// TestSecretsStayWhereTheyBelong looks at everything that is written while an
// instance lives and dies, and while a request with a password fails.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	engines := harness.Engines(t)
	s := harness.Start(t, harness.Data(t), "--verbose")
	const password = "Zx9-only-once-QpW7"
	for _, e := range engines {
		s.Create(t, "hush-"+e, e, func(in *rds.CreateDBInstanceInput) { in.MasterUserPassword = aws.String(password) })
	}
	var answers []string
	for _, body := range []string{"Action=DescribeDBInstances&Version=2014-10-31", "Action=DescribeEvents&Version=2014-10-31",
		"Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=hush-" + engines[0] + "&DBInstanceClass=db.local&Engine=" + engines[0] + "&MasterUsername=admin1&MasterUserPassword=" + password,
		"Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=x&DBInstanceClass=db.local&Engine=" + engines[0] + "&MasterUsername=admin1&MasterUserPassword=%22" + password,
		"Action=ModifyDBInstance&Version=2014-10-31&DBInstanceIdentifier=hush-" + engines[0] + "&MasterUserPassword=" + password} {
		_, _, _, raw := right(s).with(func(q *signed) { q.body = body }).post(t, s)
		answers = append(answers, raw)
	}
	audit, _, _ := s.CLI(t, "audit", "--json")
	state, _, _ := s.CLI(t, "status", "--json")
	answers = append(answers, audit, state, s.Log())
	for _, text := range answers {
		if text == "" {
			t.Error("an answer is empty: nothing was looked at")
		}
		if strings.Contains(text, password) || strings.Contains(text, s.Client.SecretAccessKey) || strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("a secret is in: %.400s", text)
		}
	}
	s.Stop(t)
	onDisk(t, s.Dir, password, s.Client.SecretAccessKey)
}

// onDisk looks for secrets in clear in every file; the API secret belongs in
// client.json, which only its owner can read.
func onDisk(t *testing.T, dir, password, secret string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) { // the engines still run
			return nil
		}
		seen++
		if strings.Contains(string(text), password) {
			t.Errorf("%s holds the master password", path)
		}
		if strings.Contains(string(text), secret) && filepath.Base(path) != "client.json" {
			t.Errorf("%s holds the API secret", path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "client.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("client.json: %v, %v, want mode 0600", info.Mode(), err)
	}
	if seen < 10 {
		t.Errorf("only %d files were looked at", seen)
	}
}
