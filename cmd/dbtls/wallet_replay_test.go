package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/wallet"
)

// TestThePublishedOracleProceduresRun replays both through the program as it
// is built, with bash and openssl doing the rest.
func TestThePublishedOracleProceduresRun(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("openssl is needed: %v", err)
		}
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "dbtls")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	script, err := filepath.Abs("testdata/oracle-wallet.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DBTLS="+program)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"Requested Certificates:\nUser Certificates:\nTrusted Certificates:\nSubject:        CN=self-signed root\n", // step 8
		"sha256WithRSAEncryption", // step 12
		"User Certificates:\nSubject:        CN=dms\nTrusted Certificates:\nSubject:        CN=self-signed root\n", // after 15
		"SSL_VERSION = 1.2", "lsnrctl stop",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}

	m, err := wallet.ThisMachine()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		login    wallet.Login
		password string
		root     string
		users    int
	}{
		"dbhome_1/ssl_wallet":             {wallet.AutoLoginOnly, "", "CN=Lab RDS Root", 0},
		"dbhome_1/self_signed_ssl_wallet": {wallet.AutoLoginLocal, "Welcome12345", "CN=self-signed root", 1},
		"self":                            {wallet.AutoLoginOnly, "", "CN=self-signed root", 0},
	} {
		for _, password := range []string{"", want.password} {
			o, err := wallet.Read(filepath.Join(dir, path), wallet.Access{Password: password, Machine: m})
			if err != nil {
				t.Fatal(err)
			}
			trusted, users := o.Wallet.Trusted(), walletUserCertificates(o.Wallet)
			if o.Login != want.login || o.P12 != (want.password != "") || len(users) != want.users ||
				len(trusted) != 1 || wallet.FormatDN(trusted[0].X509.RawSubject) != want.root {
				t.Errorf("%s: %v wallet, trusts %v, %d user certificates", path, o.Login, trusted, len(users))
			}
		}
	}
}
