package fleet_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The tables "Certificate bundles for specific AWS Regions" and "… for the AWS
// GovCloud (US) Regions" of the Aurora User Guide, in their order.
var (
	commercial = []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3",
		"ap-southeast-4", "ap-south-1", "ap-northeast-3", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1",
		"ap-southeast-2", "ca-central-1", "ca-west-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-south-1", "eu-west-3",
		"eu-south-2", "eu-north-1", "eu-central-2", "il-central-1", "me-south-1", "me-central-1", "sa-east-1",
	}
	govCloud = []string{"us-gov-east-1", "us-gov-west-1"}
)

// A region has three roots of its own and four issuing CAs; rds-ca-2019 has one
// root for all regions of a partition.
const (
	ownCerts    = 7
	sharedCerts = 1
)

// regionLimit is how long the keys of one region may take on a busy machine: two
// of RSA 4096 are most of it.
const regionLimit = 60 * time.Second

func TestTheRegionsAreThoseOfTheGuide(t *testing.T) {
	t.Parallel()
	if len(commercial) != 29 {
		t.Fatalf("%d commercial regions", len(commercial))
	}
	stderr, code := harness.Serve(t, filepath.Join(t.TempDir(), "data"), "--regions", "atlantis")
	_, list, _ := strings.Cut(strings.TrimSpace(stderr), "the regions are: ")
	got := strings.Split(list, ", ")
	if want := slices.Concat(commercial, govCloud); code == 0 || !slices.Equal(got, want) {
		t.Errorf("exit code %d; the regions are %v, want %v; it said %s", code, got, want, stderr)
	}
}

// TestBundles serves some regions of both partitions, or with
// DBTLS_ALL_REGIONS=1, which takes minutes, all of them.
func TestBundles(t *testing.T) {
	t.Parallel()
	some := []string{"eu-central-1", "ap-northeast-3"}
	if os.Getenv("DBTLS_ALL_REGIONS") == "1" {
		some = commercial
	}
	both := slices.Concat(some, govCloud)
	began := time.Now()
	s := harness.Start(t, harness.Data(t), "--provider", "simulated", "--region", some[0], "--regions", strings.Join(both, ","))
	b := &bundles{s, s.HTTP(t)}
	last := make(chan error, 1)
	go func() { last <- b.notYetOrThere(t.Context(), "/us-gov-west-1/rds-ca-ecc384-g1.pem") }() // made last
	global := b.complete(t, "/global/global-bundle.pem", regionLimit*time.Duration(len(both)), len(some)*ownCerts+sharedCerts)
	gov := b.complete(t, "/us-gov/global/global-bundle.pem", regionLimit*time.Duration(len(both)), len(govCloud)*ownCerts+sharedCerts)
	t.Logf("the CAs of %d regions took %v", len(both), time.Since(began).Round(time.Second))

	if err := <-last; err != nil {
		t.Error(err)
	}
	b.regional(t, some, global)
	b.regional(t, govCloud, gov)
	for _, c := range gov {
		if slices.ContainsFunc(global, c.Equal) {
			t.Errorf("%s of GovCloud is in the commercial bundle", c.Subject)
		}
	}
	b.otherForms(t, "/global/global-bundle", global)
	b.otherForms(t, "/us-gov/global/global-bundle", gov)
	if got := b.ask(t, "/global/global-bundle.pem", "truststore.pki.us-gov-west-1.rds.amazonaws.com"); !sameCerts(parse(t, got.body), gov) {
		t.Error("by the host name of GovCloud's trust store its bundle is another")
	}
	if absent := "/me-south-1/me-south-1-bundle.pem"; len(some) < len(commercial) && b.ask(t, absent, "").status != http.StatusNotFound {
		t.Error("the bundle of a region that is not enabled is answered")
	}
}

// bundles asks a server's bundle host.
type bundles struct {
	*harness.Server
	http *http.Client
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (b *bundles) ask(t *testing.T, path, host string) answer {
	t.Helper()
	a, err := b.fetch(t.Context(), path, host)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (b *bundles) fetch(ctx context.Context, path, host string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+path, nil)
	if err != nil {
		return answer{}, err
	}
	req.Host = host
	resp, err := b.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// notYetOrThere asks for a single CA: it is there, or the answer says that it is
// going to be.
func (b *bundles) notYetOrThere(ctx context.Context, path string) error {
	a, err := b.fetch(ctx, path, "")
	if err == nil && a.status != http.StatusOK && !a.notYet() {
		err = fmt.Errorf("%s answers %d: %.200s", path, a.status, a.body)
	}
	return err
}

// notYet is how a server says that the CAs are being made.
func (a answer) notYet() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" && !bytes.Contains(a.body, []byte("BEGIN"))
}

// complete asks from the first moment for a bundle whose CAs are being made: the
// answer is that they are, and then the whole bundle, never a part of it.
func (b *bundles) complete(t *testing.T, path string, limit time.Duration, want int) []*x509.Certificate {
	t.Helper()
	for end := time.Now().Add(limit); ; {
		a := b.ask(t, path, "")
		switch {
		case a.status == http.StatusOK:
			all := parse(t, a.body)
			if len(all) != want {
				t.Fatalf("%s holds %d certificates, want %d", path, len(all), want)
			}
			return all
		case !a.notYet():
			t.Fatalf("%s answers %d, Retry-After %q: %.200s", path, a.status, a.header.Get("Retry-After"), a.body)
		case time.Now().After(end):
			t.Fatalf("%s is not complete after %v", path, limit)
		}
	}
}

// regional holds the bundles of a partition's regions against its global one.
func (b *bundles) regional(t *testing.T, regions []string, global []*x509.Certificate) {
	t.Helper()
	var union []*x509.Certificate
	for _, region := range regions {
		base := "/" + region + "/" + region + "-bundle"
		a := b.ask(t, base+".pem", "")
		all := parse(t, a.body)
		if a.status != http.StatusOK || len(all) != ownCerts+sharedCerts {
			t.Errorf("%s.pem: status %d, %d certificates, want %d", base, a.status, len(all), ownCerts+sharedCerts)
		}
		for _, c := range all {
			if own := strings.Contains(c.Subject.CommonName, " "+region+" "); !own && !strings.HasSuffix(c.Subject.CommonName, "Root CA 2019") {
				t.Errorf("%s.pem holds %s", base, c.Subject)
			}
			if !slices.ContainsFunc(union, c.Equal) {
				union = append(union, c)
			}
		}
		b.otherForms(t, base, all)
	}
	if !sameCerts(union, global) {
		t.Errorf("the bundles of %v hold %d certificates, the global one %d, or others", regions, len(union), len(global))
	}
}

// otherForms holds the PKCS #7 form, and the PEM form as keytool reads it, against
// the certificates of a bundle.
func (b *bundles) otherForms(t *testing.T, base string, all []*x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	for _, form := range []string{".pem", ".p7b"} {
		if err := os.WriteFile(filepath.Join(dir, form), b.ask(t, base+form, "").body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := tool(t, "openssl", "pkcs7", "-inform", "DER", "-in", filepath.Join(dir, ".p7b"), "-print_certs")
	if !sameCerts(parse(t, out), all) {
		t.Errorf("%s.p7b holds other certificates than the PEM form", base)
	}
	out = tool(t, "keytool", "-printcert", "-file", filepath.Join(dir, ".pem"))
	if n := bytes.Count(out, []byte("Owner: ")); n != len(all) {
		t.Errorf("keytool reads %d certificates of %s.pem, want %d", n, base, len(all))
	}
}

// tool runs a program that the test needs.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("no %s on this machine, and DBTLS_REQUIRE_ENGINES is set", name)
		}
		t.Skipf("SKIPPED: no %s on this machine", name)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %.300s", name, err, out)
	}
	return out
}

func parse(t *testing.T, text []byte) []*x509.Certificate {
	t.Helper()
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// sameCerts reports whether two lists hold the same certificates, each once.
func sameCerts(a, b []*x509.Certificate) bool {
	count := map[string]int{}
	for _, c := range a {
		count[string(c.Raw)]++
	}
	for _, c := range b {
		count[string(c.Raw)]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return len(a) == len(b)
}

func TestAServerOfOnePartitionHasNoBundleOfTheOther(t *testing.T) {
	t.Parallel()
	for region, absent := range map[string]string{"us-gov-west-1": "/global/global-bundle.pem", "eu-west-1": "/us-gov/global/global-bundle.pem"} {
		s := harness.Start(t, harness.Data(t), "--provider", "simulated", "--region", region)
		if a := (&bundles{s, s.HTTP(t)}).ask(t, absent, ""); a.status != http.StatusNotFound {
			t.Errorf("a server of %s answers %s with %d: %.100s", region, absent, a.status, a.body)
		}
	}
}
