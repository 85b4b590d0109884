package pki_test

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestEveryCertificateIsCleanUnderRFC5280Lints(t *testing.T) {
	t.Parallel()
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: lint.SourceList{lint.RFC5280}})
	if err != nil {
		t.Fatal(err)
	}
	inWorlds(t, func(t *testing.T, w *world) {
		certs := w.all()
		root, leaf := apiPair(t, w)
		certs["API root"], certs["API leaf"] = root.Cert, leaf
		if want := 4 + 4 + 12 + 4*3 + 2; len(certs) != want {
			t.Fatalf("%d certificates, want %d", len(certs), want)
		}
		for name, cert := range certs {
			if n := lintOne(t, registry, name, cert); n < 30 {
				t.Errorf("%s: only %d lints applied", name, n)
			}
		}
	})
}

func lintOne(t *testing.T, registry lint.Registry, name string, cert *x509.Certificate) (applied int) {
	t.Helper()
	parsed, err := zx509.ParseCertificate(cert.Raw)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return 0
	}
	for id, result := range zlint.LintCertificateEx(parsed, registry).Results {
		switch result.Status {
		case lint.Pass:
			applied++
		case lint.NA, lint.NE, lint.Notice:
		default:
			t.Errorf("%s: %s: %s %s", name, id, result.Status, result.Details)
		}
	}
	return applied
}

func TestGoAcceptsEveryPathAgainstItsRootAlone(t *testing.T) {
	t.Parallel()
	inWorlds(t, func(t *testing.T, w *world) {
		for _, p := range w.paths() {
			if err := pki.Verify(p.chain, []*x509.Certificate{p.root}, pki.SSLVerifyFull, p.host, w.now); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
	})
}

func TestOpenSSLStrictAcceptsEveryPathAgainstItsRootAlone(t *testing.T) {
	t.Parallel()
	need(t, "openssl")
	inWorlds(t, func(t *testing.T, w *world) {
		for _, p := range w.paths() {
			if out, err := opensslVerify(t, p, p.host); err != nil {
				t.Errorf("%s: %v: %s", p.name, err, out)
			}
		}
		wrong := w.paths()[0]
		if out, err := opensslVerify(t, wrong, "wrong.example.com"); err == nil {
			t.Errorf("a wrong host name is accepted: %s", out)
		}
	})
}

func TestOpenSSLStrictAcceptsTheAPICertificate(t *testing.T) {
	t.Parallel()
	need(t, "openssl")
	inWorlds(t, func(t *testing.T, w *world) {
		root, leaf := apiPair(t, w)
		for _, host := range []string{"dbtls.example.com", "127.0.0.1"} {
			p := path{"api", host, []*x509.Certificate{leaf}, root.Cert}
			if out, err := opensslVerify(t, p, host); err != nil {
				t.Errorf("%s: %v: %s", host, err, out)
			}
		}
	})
}

// opensslVerify trusts p.root only, whatever else the machine trusts.
func opensslVerify(t *testing.T, p path, host string) (string, error) {
	t.Helper()
	args := []string{"verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-trusted", writePEM(t, p.root)}
	if len(p.chain) > 1 {
		args = append(args, "-untrusted", writePEM(t, p.chain[1:]...))
	}
	if isIP(host) {
		args = append(args, "-verify_ip", host)
	} else {
		args = append(args, "-verify_hostname", host)
	}
	out, err := exec.Command("openssl", append(args, writePEM(t, p.chain[0]))...).CombinedOutput()
	return string(out), err
}

func TestJavaAcceptsEveryPathAgainstItsRootAlone(t *testing.T) {
	t.Parallel()
	need(t, "java")
	inWorlds(t, func(t *testing.T, w *world) {
		var lines []string
		add := func(p path, host string) {
			lines = append(lines, strings.Join([]string{p.name, writePEM(t, p.chain...), writePEM(t, p.root), host}, "\t"))
		}
		for _, p := range w.paths() {
			add(p, p.host)
		}
		root, leaf := apiPair(t, w)
		add(path{"api", "", []*x509.Certificate{leaf}, root.Cert}, "127.0.0.1")
		stranger := path{"stranger", "", pkitestChain(t, w), w.roots[pki.DefaultCA].Cert}
		add(stranger, endpoints[0])

		for name, verdict := range java(t, lines) {
			if want := name != "stranger"; (verdict == "ok") != want {
				t.Errorf("%s: %s", name, verdict)
			}
		}
	})
}

func pkitestChain(t *testing.T, w *world) []*x509.Certificate {
	t.Helper()
	chain, _ := pkitest.New(t, w.region, w.now).Leaf(t, pki.DefaultCA, endpoints[0])
	return chain
}

// java judges all lines in one virtual machine: starting one takes seconds.
func java(t *testing.T, lines []string) map[string]string {
	t.Helper()
	list := filepath.Join(t.TempDir(), "cases.tsv")
	if err := os.WriteFile(list, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("java", "--add-exports", "java.base/sun.security.util=ALL-UNNAMED", "testdata/Pkix.java", list).Output()
	if err != nil {
		t.Fatalf("java: %v", err)
	}
	verdicts := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, verdict, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		verdicts[name] = verdict
	}
	if len(verdicts) != len(lines) {
		t.Fatalf("java judged %d of %d cases", len(verdicts), len(lines))
	}
	return verdicts
}

// apiPair is the certificate of dbtls's own HTTPS and its root.
func apiPair(t *testing.T, w *world) (pki.CA, *x509.Certificate) {
	t.Helper()
	root, err := pki.NewAPIRoot(pkitest.Key(t), w.now)
	if err != nil {
		t.Fatal(err)
	}
	dns, ips := pki.SplitNames("localhost", "127.0.0.1", "::1")
	leaf, err := pki.Issue(root, pkitest.Request(t, pkitest.Key(t)),
		pki.LeafRequest{CN: "dbtls.example.com", DNSNames: dns, IPs: ips, Life: year / 4}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return root, leaf
}

func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s is not installed", tool)
	}
}
