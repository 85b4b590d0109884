package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dbtls/dbtls/internal/walletcli"
	"github.com/dbtls/dbtls/wallet"
)

// walletDo runs "dbtls wallet" and wants it to succeed.
func walletDo(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errText := execute(append([]string{"wallet"}, args...)...)
	if code != 0 {
		t.Fatalf("dbtls wallet %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errText)
	}
	return out
}

// walletFails runs "dbtls wallet" and wants the exit code and the words.
func walletFails(t *testing.T, code int, says string, args ...string) {
	t.Helper()
	got, out, errText := execute(append([]string{"wallet"}, args...)...)
	if got != code || !strings.Contains(errText, says) {
		t.Errorf("dbtls wallet %s: exit %d\n%s%s\nwant exit %d and %q", strings.Join(args, " "), got, out, errText, code, says)
	}
	if strings.Contains(errText, "Welcome12345") {
		t.Errorf("the error has the password: %s", errText)
	}
}

func walletView(t *testing.T, args ...string) walletcli.View {
	t.Helper()
	var v walletcli.View
	if err := json.Unmarshal([]byte(walletDo(t, append([]string{"display", "--json"}, args...)...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const walletFixtures = "../../wallet/testdata/"

func TestWalletDisplayShowsWhatOracleMade(t *testing.T) {
	t.Parallel()
	if out, want := walletDo(t, "display", "-wallet", walletFixtures+"o23_self"), `Requested Certificates:
User Certificates:
Subject:        CN=localhost
Trusted Certificates:
Subject:        CN=localhost
`; out != want {
		t.Errorf("shows\n%s\nwant\n%s", out, want)
	}
	out := walletDo(t, "display", "-wallet", walletFixtures+"o23_csr", "-complete")
	if !strings.Contains(out, "Subject:        CN=req1\nKey:            RSA 2048\nSignature:      SHA256-RSA") || strings.Contains(out, "PRIVATE") {
		t.Errorf("shows\n%s", out)
	}
	v := walletView(t, "--wallet", walletFixtures+"o19_v11")
	if len(v.Trusted) != 1 || v.Trusted[0].Subject != "CN=Lab Root A,O=Lab,C=US" || v.Body != "3DES" || v.AutoLogin != "auto-login" || v.Trusted[0].SHA256 == "" {
		t.Errorf("shows %+v", v)
	}
	walletFails(t, 1, "opens only", "display", "-wallet", walletFixtures+"o23_local")
	if v := walletView(t, "-wallet", walletFixtures+"o23_local", "-pwd", "Welcome12345"); len(v.Trusted) != 1 {
		t.Errorf("shows %+v", v)
	}
	walletFails(t, 1, "wrong password", "display", "-wallet", walletFixtures+"o23_local", "-pwd", "Other-12345")
	walletFails(t, 1, "no wallet", "display", "-wallet", t.TempDir())
}

func TestWalletRequestExportAndRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "w")
	pw := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(pw, []byte("Welcome12345\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(sub string, args ...string) []string {
		return append([]string{sub, "--wallet", dir, "--password-file", pw}, args...)
	}
	walletDo(t, at("create", "--auto-login")...)
	walletFails(t, 1, "stays as it is", at("create")...)
	walletDo(t, at("create", "--auto-login", "--des-header")...)
	walletDo(t, at("add", "--dn", "CN=db1,C=US", "--asym-alg", "ECC", "--sign-alg", "ecdsasha384", "--san", "db1,127.0.0.1")...)
	block, _ := pem.Decode([]byte(walletDo(t, at("export", "--dn", "cn=DB1, c=us", "--request", "-")...)))
	req, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || req.SignatureAlgorithm != x509.ECDSAWithSHA384 || req.DNSNames[0] != "db1" || len(req.IPAddresses) != 1 || req.CheckSignature() != nil {
		t.Fatalf("request %+v, %v", req, err)
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	walletDo(t, at("export", "--dn", "CN=db1,C=US", "--key", key)...)
	if st, err := os.Stat(key); err != nil || st.Mode() != 0o600 {
		t.Errorf("key file %v, %v", st, err)
	}
	walletFails(t, 1, "exists", at("export", "--dn", "CN=db1,C=US", "--key", key)...)
	walletFails(t, 1, "nothing", at("export", "--dn", "CN=other", "--request", "-")...)
	walletDo(t, at("add", "--dn", "CN=self", "--self-signed", "--validity", "30")...)
	walletFails(t, 1, "needs it", at("remove", "--trusted-cert", "--dn", "CN=self")...)
	walletDo(t, at("remove", "--user-cert", "--dn", "CN=self")...)
	walletDo(t, at("remove", "-cert_req", "-dn", "CN=self")...)
	walletDo(t, at("remove", "-trusted_cert_all")...)
	walletFails(t, 1, "nothing", at("remove", "--trusted-cert", "--alias", "self")...)
	v := walletView(t, "--wallet", dir)
	if len(v.Requested) != 1 || len(v.User)+len(v.Trusted) != 0 || v.ReadFrom != wallet.FileSSO {
		t.Errorf("left: %+v", v)
	}
	next := filepath.Join(t.TempDir(), "pw2")
	if err := os.WriteFile(next, []byte("Other-12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	walletDo(t, at("change_pwd", "--new-password-file", next)...)
	walletFails(t, 1, "wrong password", at("display")...)
	walletDo(t, "display", "--wallet", dir, "--password-file", next)
}

func TestWalletTakesABundleWholeAndTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	root, err := os.ReadFile(walletFixtures + "lab-root.pem")
	if err != nil {
		t.Fatal(err)
	}
	walletDo(t, "self-signed", "--out", dir+"/s", "--dn", "CN=db1", "-pwd", "Welcome12345")
	second, err := os.ReadFile(dir + "/s/self-rootCA.pem")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle, append(root, second...), 0o600); err != nil {
		t.Fatal(err)
	}
	walletDo(t, "create", "--wallet", dir, "--auto-login-only")
	walletDo(t, "add", "--wallet", dir, "--trusted-cert", "--cert", bundle)
	before, _ := os.ReadFile(dir + "/cwallet.sso")
	if out := walletDo(t, "add", "--wallet", dir, "--trusted-cert", "--cert", bundle); strings.Count(out, "left as it is") != 2 {
		t.Errorf("the second time it says\n%s", out)
	}
	if after, _ := os.ReadFile(dir + "/cwallet.sso"); !bytes.Equal(before, after) {
		t.Error("a file that did not change was written again")
	}
	v := walletView(t, "--wallet", dir)
	if len(v.Trusted) != 2 || v.Trusted[0].Alias != "lab-root-a" || !v.Trusted[1].Java {
		t.Errorf("trusts %+v", v.Trusted)
	}
	exported := walletDo(t, "export", "--wallet", dir, "--trusted-certs", "-")
	if exported != string(root)+string(second) {
		t.Errorf("exports another bundle than it took:\n%s", exported)
	}
	walletFails(t, 2, "--alias names one", "add", "--wallet", dir, "--trusted-cert", "--cert", bundle, "--alias", "rds-root")
	walletFails(t, 1, "private key", "add", "--wallet", dir, "--trusted-cert", "--cert", dir+"/s/self-rootCA.key")
	walletFails(t, 1, "no private key of the wallet", "add", "--wallet", dir, "--user-cert", "--cert", walletFixtures+"lab-root.pem")
	walletFails(t, 1, "2 certificates", "add", "--wallet", dir, "--user-cert", "--cert", bundle)
}

func TestWalletSelfSignedServesAndVerifies(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lab")
	args := []string{"self-signed", "--out", dir, "--dn", "CN=db1,O=Lab", "--san", "db1.example.com", "-pwd", "Welcome12345"}
	walletDo(t, args...)
	walletFails(t, 1, "there already", args...)
	server, err := wallet.Read(dir+"/server", wallet.Access{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := wallet.Read(dir+"/client", wallet.Access{})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(client.Wallet.Trusted()[0].X509)
	leaf := walletUserCertificates(server.Wallet)[0].X509
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "db1.example.com"}); err != nil {
		t.Errorf("the client's wallet does not verify the server's certificate: %v", err)
	}
	if n := len(client.Wallet.Identities()); n != 0 {
		t.Errorf("the client's wallet has %d keys", n)
	}
	walletFails(t, 1, "no longer than the root", "self-signed", "--out", dir+"2", "--dn", "CN=a", "--validity", "2000", "-pwd", "Welcome12345")
	if list, _ := filepath.Glob(filepath.Dir(dir) + "/*"); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

func TestTwoWalletCommandsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	walletDo(t, "create", "--wallet", dir, "--auto-login", "-pwd", "Welcome12345")
	var all sync.WaitGroup
	for _, name := range []string{"CN=a", "CN=b", "CN=c", "CN=d"} {
		all.Go(func() {
			if code, _, errText := execute("wallet", "add", "--wallet", dir, "--dn", name, "--curve", "p256", "--asym-alg", "ECC", "-pwd", "Welcome12345"); code != 0 {
				t.Errorf("%s: %s", name, errText)
			}
		})
	}
	all.Wait()
	if v := walletView(t, "--wallet", dir); len(v.Requested) != 4 {
		t.Errorf("%d requests, want 4", len(v.Requested))
	}
}

func TestWrongWalletCommandLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, r := range []struct {
		says string
		args []string
	}{
		{"--wallet DIR", []string{"create", "--auto-login-only"}},
		{"give one of", []string{"create", "--wallet", dir, "-auto_login", "-auto_login_only"}},
		{"has no password", []string{"create", "--wallet", dir, "-auto_login_only", "-pwd", "Welcome12345"}},
		{"--compat-v11", []string{"create", "--wallet", dir, "-compat_v11", "-compat_v12", "-pwd", "Welcome12345"}},
		{"unknown flag: --foo", []string{"add", "–foo"}},
		{"unknown command or argument", []string{"add", "word"}},
		{"give one of", []string{"add", "--wallet", dir}},
		{"give one of", []string{"add", "--wallet", dir, "--trusted-cert", "--dn", "CN=a"}},
		{"--cert FILE", []string{"add", "--wallet", dir, "--trusted-cert"}},
		{"--validity", []string{"add", "--wallet", dir, "--dn", "CN=a", "--self-signed"}},
		{"--asym-alg", []string{"add", "--wallet", dir, "--dn", "CN=a", "--curve", "p256"}},
		{"say which one", []string{"remove", "--wallet", dir, "--trusted-cert"}},
		{"absolute", []string{"config", "--wallet", "rel", "--host", "a", "--sid", "b", "--oracle-home", "/o"}},
		{"--file is", []string{"config", "--wallet", "/w", "--host", "a", "--sid", "b", "--oracle-home", "/o", "--file", "x"}},
	} {
		walletFails(t, 2, r.says, r.args...)
	}
	walletFails(t, 1, "--password-file", "create", "--wallet", dir)
	walletFails(t, 1, "8 characters", "create", "--wallet", dir, "-pwd", "short")
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("something was made: %v", list)
	}
}

func TestWalletWarnsOfMD5(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	walletDo(t, "create", "--wallet", dir, "-auto_login_only")
	code, _, errText := execute("wallet", "add", "-wallet", dir, "-dn", "CN=dms", "-keysize", "1024", "-sign_alg", "md5")
	if code != 0 || !strings.Contains(errText, "md5 is broken") || !strings.Contains(errText, "1024 bits") {
		t.Errorf("exit %d, %s", code, errText)
	}
	if v := walletView(t, "--wallet", dir); len(v.Requested) != 1 || v.Requested[0].Signature != "MD5-RSA" {
		t.Errorf("requests %+v", v.Requested)
	}
}
