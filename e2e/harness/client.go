package harness

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Env is the environment by which AWS's clients reach the server, and in which
// no configuration of the machine's user plays a part.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.Client.Endpoint, "AWS_CA_BUNDLE=" + s.Client.CAFile,
		"AWS_ACCESS_KEY_ID=" + s.Client.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s.Client.SecretAccessKey,
		"AWS_SESSION_TOKEN=", "AWS_DEFAULT_REGION=" + s.Client.Region, "AWS_REGION=" + s.Client.Region,
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json",
	}
}

// AWS runs the aws command: s.AWS(t, "rds", "describe-certificates"). The
// endpoint is always given on the command line, because old ones know no
// AWS_ENDPOINT_URL. An error holds what it wrote on standard error.
func (s *Server) AWS(t testing.TB, args ...string) (string, error) {
	t.Helper()
	args = append(args, "--endpoint-url", s.Client.Endpoint)
	stdout, stderr, code := run(t, 3*time.Minute, s.Env(), "aws", args...)
	if code != 0 {
		return stdout, fmt.Errorf("aws %v: exit code %d: %s", args, code, stderr)
	}
	return stdout, nil
}

// RDS is an aws-sdk-go-v2 client for one region ("" for the server's own). It
// tries once: a test wants to see the first answer.
func (s *Server) RDS(t testing.TB, region string) *rds.Client {
	t.Helper()
	if region == "" {
		region = s.Client.Region
	}
	return rds.New(rds.Options{
		Region: region, BaseEndpoint: aws.String(s.Client.Endpoint), HTTPClient: wholeBody{s.HTTP(t)},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.Client.AccessKeyID, SecretAccessKey: s.Client.SecretAccessKey}, nil
		}),
		Retryer: aws.NopRetryer{},
	})
}

// wholeBody sends a request's body from memory. The SDK closes the body that it
// gave as soon as a response begins; when net/http has not yet seen the body's
// end by then, it drops the connection in the middle of the response.
type wholeBody struct{ client *http.Client }

// Do is rds.HTTPClient's.
func (w wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return w.client.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return w.client.Do(r)
}

// HTTP is a client that trusts the server's own root and no other.
func (s *Server) HTTP(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(s.Client.CAFile)
	if err != nil {
		t.Fatalf("read the server's root: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %q", s.Client.CAFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: time.Minute, Transport: transport}
}

// Get makes an unsigned GET request; the body is closed already.
func (s *Server) Get(t testing.TB, urlPath string, header ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.URL+urlPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n+1 < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	resp, err := s.HTTP(t).Do(req)
	if err != nil {
		t.Fatalf("get %s: %v", urlPath, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("get %s: %v", urlPath, err)
	}
	return resp, body
}

// File downloads to a file of its own and returns its path.
func (s *Server) File(t testing.TB, urlPath string) string {
	t.Helper()
	resp, body := s.Get(t, urlPath)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s: %s", urlPath, resp.Status, body)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(urlPath))
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Root is a PEM file with only the root of one CA of the server's own region.
func (s *Server) Root(t testing.TB, ca string) string {
	t.Helper()
	return s.File(t, "/"+s.Client.Region+"/"+ca+".pem")
}
