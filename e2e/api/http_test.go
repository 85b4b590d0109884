package api_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

func parsePEM(t *testing.T, text []byte) []*x509.Certificate {
	t.Helper()
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certs, text = append(certs, c), rest
	}
	return certs
}

// get downloads what must be there.
func get(t *testing.T, s *harness.Server, path string) []byte {
	t.Helper()
	resp, body := s.Get(t, path)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s: %s", path, resp.Status, body)
	}
	return body
}

func TestOnlyHTTPSIsSpokenAndLittleIsPublic(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	t.Run("plain HTTP is not answered", func(t *testing.T) {
		resp, err := http.Get("http" + strings.TrimPrefix(s.URL, "https") + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("plain HTTP was answered %s", resp.Status)
			}
		}
	})
	t.Run("a client without the server's root refuses it", func(t *testing.T) {
		if resp, err := http.Get(s.URL + "/healthz"); err == nil {
			resp.Body.Close()
			t.Error("the system's trust store accepted the server's certificate")
		}
	})
	t.Run("health", func(t *testing.T) {
		if got := string(get(t, s, "/healthz")); got != "ok\n" {
			t.Errorf("got %q, want ok", got)
		}
	})
	t.Run("metrics name the CAs' days", func(t *testing.T) {
		get(t, s, "/us-east-1/us-east-1-bundle.pem") // waits until the CAs are made
		text := string(get(t, s, "/metrics"))
		for _, want := range []string{`dbtls_ca_days{ca="rds-ca-2019",scope="aws"} 182`, `dbtls_ca_days{ca="rds-ca-rsa2048-g1",scope="us-east-1"} 14`,
			"dbtls_rotations_frozen 0", "dbtls_clock_distrusted 0", `dbtls_rotations{stuck="yes"} 0`} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("/metrics has no line beginning %q", want)
			}
		}
	})
	t.Run("dbtls's own API wants a signature", func(t *testing.T) {
		for _, path := range []string{"/api/v1/status", "/api/v1/audit", "/api/v1/", "/api/v1/nothing"} {
			if resp, body := s.Get(t, path); resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %s %s, want 401", path, resp.Status, body)
			}
		}
	})
	t.Run("the rest is not there", func(t *testing.T) {
		for _, path := range []string{"/state.db", "/client.json", "/global/../client.json", "/global/nothing.pem", "/eu-central-1/eu-central-1-bundle.pem",
			"/us-gov/global/global-bundle.pem", "/us-east-1/rds-ca-2019.key", "/us-east-1/eu-central-1-bundle.pem"} {
			if resp, _ := s.Get(t, path); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s, want 404", path, resp.Status)
			}
		}
	})
}

func TestBundles(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--regions", "eu-central-1")
	t.Run("the regional bundles hold the roots that describe-certificates names, and their issuing CAs", func(t *testing.T) {
		for _, region := range []string{"us-east-1", "eu-central-1"} {
			path := "/" + region + "/" + region + "-bundle"
			certs := parsePEM(t, get(t, s, path+".pem"))
			wantBundle(t, s, certs, region)
			if got := openPKCS7(t, s.File(t, path+".p7b")); !sameCerts(got, certs) {
				t.Errorf("%s.p7b holds %d certificates, not those of the PEM file (%d)", path, len(got), len(certs))
			}
		}
	})
	t.Run("the global bundle is their union", func(t *testing.T) {
		certs := parsePEM(t, get(t, s, "/global/global-bundle.pem"))
		// 3 CAs of a root and an issuing CA in each region; the 2019 root is shared.
		if len(certs) != 2*6+1+2 {
			t.Errorf("got %d certificates, want 15", len(certs))
		}
		wantBundle(t, s, certs, "us-east-1", "eu-central-1")
		if got := openPKCS7(t, s.File(t, "/global/global-bundle.p7b")); !sameCerts(got, certs) {
			t.Errorf("the PKCS7 file holds %d other certificates", len(got))
		}
		if old := get(t, s, "/rds-downloads/rds-combined-ca-bundle.pem"); !sameCerts(parsePEM(t, old), certs) {
			t.Error("the old path of the combined bundle has other content")
		}
	})
	t.Run("keytool reads it", func(t *testing.T) { readByKeytool(t, s) })
	t.Run("a CA by itself, PEM and DER", func(t *testing.T) { singleCAs(t, s) })
	t.Run("a client polls cheaply", func(t *testing.T) { validators(t, s) })
	t.Run("a server of another partition has its own only", func(t *testing.T) { govCloud(t) })
}

// wantBundle checks that certs are exactly the roots and issuing CAs of regions.
func wantBundle(t *testing.T, s *harness.Server, certs []*x509.Certificate, regions ...string) {
	t.Helper()
	roots := map[string]bool{}
	for _, region := range regions {
		list, err := s.RDS(t, region).DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Certificates {
			roots[aws.ToString(c.Thumbprint)] = true
		}
	}
	pool, issuing := x509.NewCertPool(), 0
	for _, c := range certs {
		if thumb := thumbprint(c); roots[thumb] {
			delete(roots, thumb)
			pool.AddCert(c)
		}
	}
	for _, c := range certs {
		if c.Subject.String() == c.Issuer.String() {
			if _, err := c.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
				t.Errorf("%s is a root that describe-certificates does not name", c.Subject)
			}
			continue
		}
		issuing++
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil || !c.IsCA {
			t.Errorf("%s is no CA under one of the roots: %v", c.Subject, err)
		}
	}
	if len(roots) != 0 || issuing != 4*len(regions) {
		t.Errorf("the roots %v are missing; there are %d issuing CAs, want %d", roots, issuing, 4*len(regions))
	}
}

// openPKCS7 reads a PKCS7 file with openssl.
func openPKCS7(t *testing.T, path string) []*x509.Certificate {
	t.Helper()
	out, err := exec.Command("openssl", "pkcs7", "-inform", "DER", "-print_certs", "-in", path).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl pkcs7: %v: %s", err, out)
	}
	return parsePEM(t, out)
}

func sameCerts(a, b []*x509.Certificate) bool {
	return slices.Equal(thumbprints(a), thumbprints(b))
}

func readByKeytool(t *testing.T, s *harness.Server) {
	if _, err := exec.LookPath("keytool"); err != nil {
		t.Skip("SKIPPED: no keytool on this machine")
	}
	path := s.File(t, "/global/global-bundle.pem")
	out, err := exec.Command("keytool", "-J-Xmx64m", "-printcert", "-v", "-file", path).CombinedOutput()
	if err != nil || strings.Count(string(out), "Owner: ") != 15 {
		t.Errorf("keytool shows %d certificates, want 15: %v", strings.Count(string(out), "Owner: "), err)
	}
}

func singleCAs(t *testing.T, s *harness.Server) {
	for _, id := range allCAs {
		path := "/eu-central-1/" + id
		root := parsePEM(t, get(t, s, path+".pem"))
		if len(root) != 1 || root[0].Subject.String() != root[0].Issuer.String() {
			t.Fatalf("%s.pem is not one root", path)
		}
		if der := get(t, s, path+".der"); !bytes.Equal(der, root[0].Raw) {
			t.Errorf("%s.der is another certificate", path)
		}
		issuing := parsePEM(t, get(t, s, path+"-issuing.pem"))
		if len(issuing) != 1 || issuing[0].CheckSignatureFrom(root[0]) != nil {
			t.Errorf("%s-issuing.pem is not one CA under that root", path)
		}
	}
	old := parsePEM(t, get(t, s, "/rds-downloads/rds-ca-2019-root.pem"))
	if !sameCerts(old, parsePEM(t, get(t, s, "/eu-central-1/rds-ca-2019.pem"))) {
		t.Error("the old path of the 2019 root has another certificate; it is one for all commercial regions")
	}
}

func validators(t *testing.T, s *harness.Server) {
	for path, kind := range map[string]string{"/global/global-bundle.pem": "application/x-pem-file", "/global/global-bundle.p7b": "application/x-pkcs7-certificates",
		"/us-east-1/us-east-1-bundle.pem": "application/x-pem-file", "/us-east-1/rds-ca-ecc384-g1.der": "application/pkix-cert"} {
		resp, body := s.Get(t, path)
		tag, changed := resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
		if got := resp.Header.Get("Content-Type"); got != kind {
			t.Errorf("%s has the type %q, want %q", path, got, kind)
		}
		if tag == "" || changed == "" || len(body) == 0 {
			t.Errorf("%s: ETag %q, Last-Modified %q, %d bytes", path, tag, changed, len(body))
		}
		if resp, body := s.Get(t, path, "If-None-Match", tag); resp.StatusCode != 304 || len(body) != 0 {
			t.Errorf("%s with its ETag: %s, %d bytes, want 304 without", path, resp.Status, len(body))
		}
		if resp, _ := s.Get(t, path, "If-Modified-Since", changed); resp.StatusCode != 304 {
			t.Errorf("%s with its Last-Modified: %s, want 304", path, resp.Status)
		}
		if resp, _ := s.Get(t, path, "If-None-Match", `"other"`); resp.StatusCode != 200 {
			t.Errorf("%s with another ETag: %s, want 200", path, resp.Status)
		}
	}
	a, _ := s.Get(t, "/global/global-bundle.pem")
	b, _ := s.Get(t, "/global/global-bundle.p7b")
	if v := a.Header.Get("X-Dbtls-Bundle-Version"); v == "" || v != b.Header.Get("X-Dbtls-Bundle-Version") {
		t.Errorf("the bundle's version is %q, of the same content in PKCS7 %q", v, b.Header.Get("X-Dbtls-Bundle-Version"))
	}
	if a.Header.Get("ETag") == b.Header.Get("ETag") {
		t.Error("PEM and PKCS7 have one ETag")
	}
}

func govCloud(t *testing.T) {
	s := harness.Start(t, harness.Data(t), "--region", "us-gov-west-1")
	certs := parsePEM(t, get(t, s, "/us-gov/global/global-bundle.pem"))
	wantBundle(t, s, certs, "us-gov-west-1")
	if len(certs) != 8 {
		t.Errorf("got %d certificates, want 8", len(certs))
	}
	for _, c := range certs {
		name := c.Subject.CommonName
		if !strings.Contains(name, "us-gov") {
			t.Errorf("%q is not of this partition", name)
		}
		if strings.Contains(name, "RSA2048 G1") && c.SignatureAlgorithm != x509.SHA384WithRSA {
			t.Errorf("%q is signed with %s, want SHA384 in GovCloud", name, c.SignatureAlgorithm)
		}
		if strings.Contains(name, "2019") && c.SignatureAlgorithm != x509.SHA256WithRSA {
			t.Errorf("%q is signed with %s, want SHA256", name, c.SignatureAlgorithm)
		}
	}
	if resp, _ := s.Get(t, "/global/global-bundle.pem"); resp.StatusCode != 404 {
		t.Errorf("the commercial partition's bundle: %s, want 404", resp.Status)
	}
	list, err := s.RDS(t, "").DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Certificates {
		if arn := aws.ToString(c.CertificateArn); !strings.HasPrefix(arn, "arn:aws-us-gov:rds:us-gov-west-1::cert:") {
			t.Errorf("got ARN %s", arn)
		}
	}
}

func thumbprints(certs []*x509.Certificate) []string {
	var list []string
	for _, c := range certs {
		list = append(list, thumbprint(c))
	}
	slices.Sort(list)
	return list
}

func TestTheEnvironmentThatIsPrintedIsEnough(t *testing.T) {
	t.Parallel()
	major, minor := harness.AWSVersion(t)
	if (major == 1 && minor < 29) || (major == 2 && minor < 13) {
		t.Skipf("SKIPPED: the aws command is %d.%d, which does not know AWS_ENDPOINT_URL (1.29 and 2.13 do)", major, minor)
	}
	s := harness.Start(t, harness.Data(t))
	script := fmt.Sprintf(`eval "$(%s env --data %s)"; aws rds describe-certificates --query 'Certificates[].CertificateIdentifier' --output text`, harness.Binary(t), s.Dir)
	cmd := exec.Command("sh", "-c", script)
	for _, kv := range os.Environ() { // only what is printed may help
		if !strings.HasPrefix(kv, "AWS_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=")
	out, err := cmd.Output()
	if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, allCAs) {
		t.Errorf("got %q, %v, want %v", out, err, allCAs)
	}
}

// thumbprint is the SHA-1 of a certificate as RDS writes it.
func thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return hex.EncodeToString(sum[:])
}
