package scan_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// cas are two of them, the second with ECDSA keys, and the change between them.
func cas(t *testing.T) (opts scan.Options, h *pkitest.Hierarchy) {
	h = pkitest.New(t, "us-east-1", time.Now())
	for _, id := range []string{"rds-ca-2019", "rds-ca-ecc384-g1"} {
		opts.CAs = append(opts.CAs, scan.CA{ID: id, Root: h.TrustStore(id)[0]})
	}
	opts.Change = &clientconfig.Change{From: "rds-ca-2019", To: "rds-ca-ecc384-g1"}
	return opts, h
}

// rsaRoot is one with another kind of key than pkitest's.
func rsaRoot(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rsa"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestNoFileOfThisHostIsOpenedForATextOfAnother(t *testing.T) {
	t.Parallel()
	opts, h := cas(t)
	dir := tree(t, map[string]string{"both.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019", "rds-ca-ecc384-g1")...))})
	text := "\npsql 'host=db1 sslmode=verify-full sslrootcert=" + dir + "/both.pem'\n\nnonsense\n"
	for _, c := range []struct {
		blind   bool
		known   bool
		verdict clientconfig.Verdict
	}{{false, true, clientconfig.Safe}, {true, false, clientconfig.Unknown}} {
		opts.NoFiles = c.blind
		found, err := scan.Lines(text, opts)
		if err != nil || len(found) != 2 {
			t.Fatalf("%+v, %v", found, err)
		}
		f := found[0]
		if f.Line != 2 || f.Holds == nil || f.Holds.Known != c.known || f.Verdict != c.verdict || (len(f.Holds.CAs) == 0) != c.blind {
			t.Errorf("blind %t: %+v, holds %+v", c.blind, f, f.Holds)
		}
		if found[1].Line != 4 || found[1].Driver != "" || found[1].Verdict != clientconfig.Unknown {
			t.Errorf("what nobody knows is %+v", found[1])
		}
	}
}

func TestAClientThatTakesRSAAloneBreaksAtAnotherKind(t *testing.T) {
	t.Parallel()
	opts, h := cas(t)
	dir := tree(t, map[string]string{"both.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019", "rds-ca-ecc384-g1")...)),
		"my.cnf": "[client]\nssl-ca=both.pem\n[mariadb]\n[mysqldump]\nssl-verify-server-cert\nssl_cipher = AES256-SHA\ntls_version=TLSv1.1,TLSv1.2\n"})
	both := dir + "/both.pem"
	const suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
	for sentence, c := range map[string]struct {
		line    string
		rsaOnly bool
	}{
		"the command":                         {"mariadb -h db1 --ssl-verify-server-cert --ssl-ca=" + both + " --ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384 --tls-version=TLSv1.2", true},
		"the command with TLS 1.3":            {"mariadb -h db1 --ssl-verify-server-cert --ssl-ca=" + both + " --ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384", false},
		"MySQL's own":                         {"mysql -h db1 --ssl-mode=VERIFY_IDENTITY --ssl-ca=" + both + " --ssl-cipher ECDHE-RSA-AES256-GCM-SHA384 --tls-version TLSv1.2", true},
		"MariaDB's JDBC driver":               {"jdbc:mariadb://db1/?sslMode=verify-full&serverSslCert=" + both + "&enabledSslCipherSuites=" + suite, true},
		"MySQL's JDBC driver":                 {"jdbc:mysql://db1/?sslMode=VERIFY_CA&trustCertificateKeyStoreUrl=file:" + both + "&tlsCiphersuites=" + suite + "&tlsVersions=TLSv1.2", true},
		"by its old names":                    {"jdbc:mysql://db1/?sslMode=VERIFY_CA&trustCertificateKeyStoreUrl=file:" + both + "&enabledSSLCipherSuites=" + suite + "&enabledTLSProtocols=TLSv1.2", true},
		"with a suite of TLS 1.3 in the list": {"jdbc:mysql://db1/?sslMode=VERIFY_CA&trustCertificateKeyStoreUrl=file:" + both + "&tlsCiphersuites=TLS_AES_128_GCM_SHA256," + suite, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			found, err := scan.Lines(c.line, opts)
			if err != nil || len(found) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			want := clientconfig.Safe
			if c.rsaOnly {
				want = clientconfig.Breaks
			}
			f := found[0]
			if f.RSAOnly != c.rsaOnly || f.Verdict != want {
				t.Errorf("RSA only %t, verdict %s: %s", f.RSAOnly, f.Verdict, f.Why)
			}
			if text, err := json.Marshal(f); err != nil || strings.Contains(string(text), `"rsa_only":true`) != c.rsaOnly {
				t.Errorf("%s, %v", text, err)
			}
			if c.rsaOnly && (!strings.Contains(f.Why, "RSA certificates alone") || !strings.Contains(f.Fix, "TLS 1.3")) {
				t.Errorf("why %q, fix %q", f.Why, f.Fix)
			}
		})
	}
	n := 0
	for _, f := range lint(t, opts, dir+"/my.cnf").Findings {
		if f.RSAOnly {
			n++
		}
	}
	if n == 0 {
		t.Error("the option file's client is not found to take RSA alone")
	}
}

func TestACAWithRSAKeysSuitsAClientThatTakesRSAAlone(t *testing.T) {
	t.Parallel()
	other := rsaRoot(t)
	opts := scan.Options{CAs: []scan.CA{{ID: "rsa", Root: other}}, Change: &clientconfig.Change{From: "rds-ca-2019", To: "rsa"}}
	both := tree(t, map[string]string{"rsa.pem": string(pki.EncodeCertsPEM(other))}) + "/rsa.pem"
	found, err := scan.Text("mariadb --ssl-verify-server-cert --ssl-ca="+both+" --ssl-cipher=aRSA --tls-version=TLSv1.2", opts)
	if err != nil || len(found) != 1 || !found[0].RSAOnly || found[0].Verdict != clientconfig.Safe {
		t.Errorf("to a CA with RSA keys: %+v, %v", found, err)
	}
}

func TestOnItsHostAClientIsJudgedByTheFilesThere(t *testing.T) {
	t.Parallel()
	_, h := cas(t)
	dir := tree(t, map[string]string{"root.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019")...))})
	for path, want := range map[string]clientconfig.Verifies{dir + "/root.pem": clientconfig.VerifiesChain, dir + "/gone.pem": clientconfig.VerifiesNothing} {
		found, err := scan.Text("psql 'host=db1 sslmode=require sslrootcert="+path+"'", scan.Options{Host: true})
		if err != nil || len(found) != 1 || found[0].Verifies != want {
			t.Errorf("%s: %+v, %v", path, found, err)
		}
	}
	found, err := scan.Text("mariadb -h db1", scan.Options{Installed: map[string]string{"mariadb-cli": "10.11.2"}})
	if err != nil || len(found) != 1 || found[0].Version != "10.11.2" || found[0].From == "" || found[0].Verifies != clientconfig.VerifiesNothing {
		t.Errorf("with the version that is installed: %+v, %v", found, err)
	}
}

func TestStoresAreOpenedWhereTheHostHasThem(t *testing.T) {
	_, h := cas(t)
	pem := string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019")...))
	dir := tree(t, map[string]string{"conf/root.pem": pem, "system.pem": pem, "jdk/lib/security/cacerts": pem})
	t.Setenv("SSL_CERT_FILE", dir+"/system.pem")
	t.Setenv("JAVA_HOME", dir+"/jdk")
	finding := func(kind clientconfig.TrustKind, path, file string) (f scan.Finding) {
		f.Trust, f.File = clientconfig.Trust{Kind: kind, Path: path}, file
		return f
	}
	for sentence, c := range map[string]struct {
		f    scan.Finding
		path string
		why  string
	}{
		"beside the file that names it": {finding(clientconfig.TrustFile, "root.pem", dir+"/conf/app.conf"), dir + "/conf/root.pem", ""},
		"the system's":                  {finding(clientconfig.TrustSystem, "", ""), dir + "/system.pem", ""},
		"Java's":                        {finding(clientconfig.TrustJava, "", ""), dir + "/jdk/lib/security/cacerts", ""},
		"one that is gone":              {finding(clientconfig.TrustFile, dir+"/gone.pem", ""), dir + "/gone.pem", "no such file"},
		"one that a driver brings":      {finding(clientconfig.TrustBundled, "", ""), "", "not known"},
		"one behind a variable":         {finding(clientconfig.TrustFile, "$DIR/root.pem", ""), "$DIR/root.pem", "variable"},
	} {
		got := scan.Open(c.f)
		if got.Path != c.path || !strings.Contains(got.Why, c.why) || (got.Why == "") != (c.why == "") || (len(got.Certs) == 1) != (c.why == "") {
			t.Errorf("%s: %+v", sentence, got)
		}
	}
	t.Setenv("JAVA_HOME", filepath.Join(dir, "conf"))
	if err := os.Remove(dir + "/system.pem"); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []clientconfig.TrustKind{clientconfig.TrustSystem, clientconfig.TrustJava} {
		if got := scan.Open(finding(kind, "", "")); got.Why == "" || len(got.Certs) > 0 {
			t.Errorf("%s that is not there: %+v", kind, got)
		}
	}
}
