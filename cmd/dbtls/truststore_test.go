package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// command runs one command line of c and returns all that it printed.
func command(t *testing.T, c *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.ExecuteContext(t.Context())
	if err != nil {
		out.WriteString(message(err))
	}
	return out.String(), err
}

func truststore(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return command(t, truststoreCommand(), args...)
}

// done runs a command line that must succeed.
func done(t *testing.T, args ...string) string {
	t.Helper()
	out, err := truststore(t, args...)
	if err != nil {
		t.Fatalf("dbtls truststore %v: %s", args, out)
	}
	return out
}

// certFiles are the roots of two installations, one PEM file each, and the
// first root alone.
func certFiles(t *testing.T) (one, two, single string, dir string) {
	t.Helper()
	dir = t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b := pkitest.New(t, "us-east-1", time.Now()), pkitest.New(t, "us-east-1", time.Now())
	return put("one.pem", pki.EncodeCertsPEM(a.TrustStore()...)), put("two.pem", pki.EncodeCertsPEM(b.TrustStore()...)),
		put("single.pem", pki.EncodeCertsPEM(a.TrustStore()[0])), dir
}

func open(t *testing.T, path, password string) store.Store {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Decode(data, password)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTruststoreBuildAddRemoveConvert(t *testing.T) {
	t.Parallel()
	one, two, _, dir := certFiles(t)
	jks, p12 := filepath.Join(dir, "s.jks"), filepath.Join(dir, "s.p12")
	done(t, "build", "--out", jks, "--password", "changeit", one)
	first := open(t, jks, "changeit")
	done(t, "add", jks, "--password", "changeit", two, one)
	if s := open(t, jks, "changeit"); len(s.Entries) != 8 || s.Entries[0].Alias != first.Entries[0].Alias || !s.Entries[0].Added.Equal(first.Entries[0].Added) {
		t.Errorf("%d entries after adding", len(s.Entries))
	}
	done(t, "remove", jks, "--password", "changeit", first.Entries[0].Alias, pki.Thumbprint(first.Entries[1].Cert))
	done(t, "convert", jks, "--in-password", "changeit", "--out", p12, "--password", "other-password")
	s := open(t, p12, "other-password")
	if s.Format != store.PKCS12 || len(s.Entries) != 6 || s.Holds(first.Entries[1].Cert) {
		t.Errorf("converted to %s with %d entries", s.Format, len(s.Entries))
	}
	if st, err := os.Stat(p12); err != nil || st.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	done(t, "diff", jks, p12, "--password", "changeit", "--other-password", "other-password")
	if out, err := truststore(t, "diff", jks, one, "--password", "changeit"); err == nil || strings.Count(out, "\n+ ")+strings.Count(out, "\n- ") != 5 {
		t.Errorf("diff: %v\n%s", err, out)
	}
}

func TestTruststoreRefusalsLeaveTheFileAlone(t *testing.T) {
	t.Parallel()
	one, two, single, dir := certFiles(t)
	jks := filepath.Join(dir, "s.jks")
	done(t, "build", "--out", jks, "--password", "changeit", "--alias", "rds-root", single)
	before, err := os.ReadFile(jks)
	if err != nil {
		t.Fatal(err)
	}
	h := pkitest.New(t, "us-east-1", time.Now())
	key, err := pki.EncodeKeyPEM(h.Roots["rds-ca-2019"].Key)
	if err != nil {
		t.Fatal(err)
	}
	keyFile, empty, cut := filepath.Join(dir, "key.pem"), filepath.Join(dir, "empty"), filepath.Join(dir, "cut.jks")
	for path, data := range map[string][]byte{keyFile: append(pki.EncodeCertsPEM(h.TrustStore()...), key...), empty: nil, cut: before[:len(before)/2]} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	otherSingle := filepath.Join(dir, "other.pem")
	if err := os.WriteFile(otherSingle, pki.EncodeCertsPEM(h.TrustStore()[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	pw := []string{"--password", "changeit"}
	for name, c := range map[string]struct {
		args  []string
		want  string
		usage bool
	}{
		"a private key":                {append(pw, "add", jks, keyFile), "private key", false},
		"an empty file":                {append(pw, "add", jks, empty), "empty", false},
		"a store that is cut off":      {append(pw, "add", jks, cut), "cut.jks", false},
		"a file that is not there":     {append(pw, "add", jks, filepath.Join(dir, "no")), "there is no file", false},
		"a wrong password":             {[]string{"add", jks, one, "--password", "wrong-one"}, "password is wrong", false},
		"an alias that is taken":       {append(pw, "add", jks, otherSingle, "--alias", "RDS-ROOT"), "already names", false},
		"an entry that is not there":   {append(pw, "remove", jks, "nobody"), "nobody", false},
		"the last entry":               {append(pw, "remove", jks, "rds-root"), "empty", false},
		"another store over it":        {append(pw, "build", "--out", jks, two), "is not replaced", false},
		"an unknown format":            {append(pw, "build", "--out", jks, "--format", "bks", two), "unknown trust store format", true},
		"no input":                     {append(pw, "add", jks), "give an input", true},
		"two places":                   {append(pw, "add", "--java-home", dir, "--system", one), "not both", true},
		"no Java":                      {[]string{"add", "--java-home", dir, one}, "no Java installation", false},
		"a system root without system": {append(pw, "add", "--system-root", dir, jks, one), "--system", true},
		"two passwords":                {append(pw, "add", jks, one, "--password-env", "HOME"), "give one of", true},
		"several certificates as DER":  {[]string{"build", "--out", filepath.Join(dir, "x.der"), one}, "none may be lost", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := truststore(t, c.args...)
			if err == nil || !strings.Contains(out, c.want) || isUsage(err) != c.usage {
				t.Errorf("usage %v, error %v:\n%s\nwant %q", isUsage(err), err, out, c.want)
			}
			if now, err := os.ReadFile(jks); err != nil || !bytes.Equal(now, before) {
				t.Errorf("the file changed: %v", err)
			}
			if strings.Contains(out, "PRIVATE KEY") || strings.Contains(out, "changeit") {
				t.Errorf("a secret is shown: %s", out)
			}
		})
	}
}

func TestTruststorePasswordsFromFileEnvironmentAndInput(t *testing.T) {
	one, _, _, dir := certFiles(t)
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte("from-file-1\r\nrest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STORE_PW", "from-env-11")
	for password, args := range map[string][]string{
		"from-file-1": {"--password-file", file},
		"from-env-11": {"--password-env", "STORE_PW"},
		"from-stdin1": {"--password-file", "-"},
	} {
		path := filepath.Join(dir, password+".jks")
		c := truststoreCommand()
		c.SetIn(strings.NewReader("from-stdin1\n"))
		if out, err := command(t, c, append([]string{"build", "--out", path, one}, args...)...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if s := open(t, path, password); s.Unverified {
			t.Errorf("%v: the store is under another password", args)
		}
	}
}

func TestTruststoreSameTimeSameBytes(t *testing.T) {
	one, _, _, dir := certFiles(t)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	a, b := filepath.Join(dir, "a.jks"), filepath.Join(dir, "b.jks")
	done(t, "build", "--out", a, "--password", "changeit", one)
	done(t, "build", "--out", b, "--password", "changeit", one)
	done(t, "build", "--out", b, "--password", "changeit", one) // the same again is no replacement
	x, _ := os.ReadFile(a)
	y, _ := os.ReadFile(b)
	if len(x) == 0 || !bytes.Equal(x, y) {
		t.Error("the two files differ")
	}
	if got := open(t, a, "changeit").Entries[0].Added; !got.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("the entry is of %v", got)
	}
}

func TestTruststoreJavaHomeKeepsFormatAndCopy(t *testing.T) {
	t.Parallel()
	one, two, _, home := certFiles(t)
	cacerts := filepath.Join(home, "lib", "security", "cacerts")
	if err := os.MkdirAll(filepath.Dir(cacerts), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"jks", "pkcs12", "pkcs12-plain"} {
		done(t, "build", "--force", "--out", cacerts, "--format", f, "--password", "changeit", one)
		before, err := os.ReadFile(cacerts)
		if err != nil {
			t.Fatal(err)
		}
		done(t, "add", "--java-home", home, two)
		if s := open(t, cacerts, "changeit"); string(s.Format) != f || len(s.Entries) != 8 {
			t.Errorf("%s became %s with %d entries", f, s.Format, len(s.Entries))
		}
		copies, _ := filepath.Glob(cacerts + ".dbtls-*")
		if len(copies) != 1 {
			t.Fatalf("copies: %v", copies)
		}
		if kept, err := os.ReadFile(copies[0]); err != nil || !bytes.Equal(kept, before) {
			t.Errorf("the copy is not the old file: %v", err)
		}
		if err := os.Remove(copies[0]); err != nil {
			t.Fatal(err)
		}
		if out := done(t, "list", "--java-home", home); strings.Count(out, "SHA-256") != 8 {
			t.Errorf("list shows:\n%s", out)
		}
	}
}

func TestTruststoreVerifyRefusesWhatIsNoServer(t *testing.T) {
	t.Parallel()
	_, _, single, _ := certFiles(t)
	for _, server := range []string{"127.0.0.1:5432", "ftp://127.0.0.1", "postgres://", "://"} {
		if out, err := truststore(t, "verify", single, server); err == nil || !isUsage(err) {
			t.Errorf("%s: %v %s", server, err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := truststoreCommand()
	c.SetContext(ctx)
	if out, err := command(t, c, "verify", single, "postgres://127.0.0.1:1"); err == nil || isUsage(err) || !strings.Contains(out, "showed no certificate") {
		t.Errorf("nothing listens: %v %s", err, out)
	}
}

func TestTruststoreSystemTakesAndLetsGo(t *testing.T) {
	t.Parallel()
	one, _, single, root := certFiles(t)
	anchors := filepath.Join(root, "usr/local/share/ca-certificates")
	for _, dir := range []string{anchors, filepath.Join(root, "etc/ssl/certs"), filepath.Join(root, "usr/share/ca-certificates"), filepath.Join(root, "etc/ca-certificates/update.d")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/ca-certificates.conf"), []byte("# none\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("update-ca-certificates"); err != nil {
		t.Skip("SKIPPED: update-ca-certificates is not installed")
	}
	files := func() int {
		list, _ := filepath.Glob(filepath.Join(anchors, "dbtls-*.crt"))
		return len(list)
	}
	done(t, "add", "--system", "--system-root", root, "--alias", "rds-root", single)
	if out := done(t, "add", "--system", "--system-root", root, one); files() != 4 || !strings.Contains(out, "there already  rds-root") {
		t.Errorf("%d files:\n%s", files(), out)
	}
	done(t, "remove", "--system", "--system-root", root, "rds-root")
	if out, err := truststore(t, "remove", "--system", "--system-root", root, "rds-root"); err == nil || files() != 3 {
		t.Errorf("%d files, removed twice: %s", files(), out)
	}
}

func TestTruststoreWalletIsClosedToOthers(t *testing.T) {
	t.Parallel()
	one, two, _, dir := certFiles(t)
	sso := filepath.Join(dir, "cwallet.sso")
	done(t, "build", "--out", sso, "--format", "wallet", one)
	done(t, "add", sso, two)
	if st, err := os.Stat(sso); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if s := open(t, sso, ""); s.Format != store.Wallet || len(s.Entries) != 8 {
		t.Errorf("%s with %d entries", s.Format, len(s.Entries))
	}
}
