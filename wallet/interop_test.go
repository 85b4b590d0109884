package wallet

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// full makes a wallet with all that Oracle's own tools put into one.
func full(t *testing.T) *Wallet {
	t.Helper()
	root := newCA(t, "Full Root", nil)
	w := New()
	must[Certificate](t)(w.AddTrusted(root.cert.Raw, "full-root"))
	must[Certificate](t)(w.AddTrusted(newCA(t, "Other Root", nil).cert.Raw, "other-root"))
	id := must[Identity](t)(w.NewRequest(Request{Subject: "CN=db1", Bits: 2048}))
	req := must[*x509.CertificateRequest](t)(x509.ParseCertificateRequest(id.Request))
	must[Certificate](t)(w.AddUserCertificate(root.sign(t, "db1", req.PublicKey)))
	return w
}

func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenSSLReadsOurPKCS12(t *testing.T) {
	t.Parallel()
	openssl := tool(t, "openssl")
	for _, body := range []Body{AES256, TripleDES} {
		for _, password := range []string{fixturePassword, "Grüße-€-1234"} {
			path := save(t, FileP12, must[[]byte](t)(full(t).P12(password, Format{Body: body}, nil)))
			out := run(t, openssl, "pkcs12", "-in", path, "-nodes", "-passin", "pass:"+password)
			for _, want := range []string{"CN = Full Root", "CN = Other Root", "CN = db1", "PRIVATE KEY", "friendlyName: orakey"} {
				if !strings.Contains(out, want) {
					t.Errorf("%v: openssl does not show %q:\n%s", body, want, out)
				}
			}
		}
	}
}

func TestPKCS12FilesOfOpenSSLReadAndCanBeEdited(t *testing.T) {
	t.Parallel()
	openssl, dir := tool(t, "openssl"), t.TempDir()
	key, cert := dir+"/key.pem", dir+"/cert.pem"
	run(t, openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=made by openssl")
	for name, args := range map[string][]string{
		"modern":     nil,
		"3DES":       {"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"},
		"AES-128":    {"-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha512"},
		"plain safe": {"-certpbe", "NONE", "-keypbe", "NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), FileP12)
			run(t, openssl, append([]string{"pkcs12", "-export", "-inkey", key, "-in", cert, "-name", "server", "-passout", "pass:" + fixturePassword, "-out", path}, args...)...)
			w, f, err := ParseP12(must[[]byte](t)(os.ReadFile(path)), fixturePassword)
			if err != nil {
				t.Fatal(err)
			}
			ids := w.Identities()
			if len(ids) != 1 || ids[0].Key == nil || ids[0].Certificate == nil || ids[0].Name != "server" || len(w.Trusted()) != 0 {
				t.Fatalf("identities %+v", ids)
			}
			must[Certificate](t)(w.AddTrusted(newCA(t, "Root", nil).cert.Raw, "root"))
			again := save(t, FileP12, must[[]byte](t)(w.P12(fixturePassword, f, nil)))
			run(t, openssl, "pkcs12", "-in", again, "-nodes", "-passin", "pass:"+fixturePassword)
		})
	}
	t.Run("RC2 is refused by name", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), FileP12)
		if out, err := exec.Command(openssl, "pkcs12", "-export", "-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-inkey", key, "-in", cert, "-passout", "pass:"+fixturePassword, "-out", path).CombinedOutput(); err != nil {
			t.Skipf("this openssl writes no RC2: %s", out)
		}
		_, _, err := ParseP12(must[[]byte](t)(os.ReadFile(path)), fixturePassword)
		wantKind(t, err, ErrUnsupported, "RC2")
	})
}

func TestJavaTrustsWhatOracleTrustsInOneFile(t *testing.T) {
	t.Parallel()
	keytool := tool(t, "keytool")
	for _, body := range []Body{AES256, TripleDES} {
		path := save(t, FileP12, must[[]byte](t)(full(t).P12(fixturePassword, Format{Body: body}, nil)))
		out := run(t, keytool, "-list", "-storetype", "PKCS12", "-keystore", path, "-storepass", fixturePassword)
		for _, alias := range []string{"full-root", "other-root"} {
			if !strings.Contains(out, alias+", ") || strings.Count(out, "trustedCertEntry") != 2 {
				t.Errorf("%v: keytool does not list %s as trusted:\n%s", body, alias, out)
			}
		}
	}
}

func TestATrustStoreOfKeytoolReadsAndGoesBack(t *testing.T) {
	t.Parallel()
	keytool, path := tool(t, "keytool"), filepath.Join(t.TempDir(), "trust.p12")
	cert := save(t, "root.der", newCA(t, "Java Root", nil).cert.Raw)
	store := []string{"-storetype", "PKCS12", "-keystore", path, "-storepass", fixturePassword}
	run(t, keytool, append([]string{"-importcert", "-noprompt", "-alias", "java-root", "-file", cert}, store...)...)
	w, f, err := ParseP12(must[[]byte](t)(os.ReadFile(path)), fixturePassword)
	if err != nil {
		t.Fatal(err)
	}
	if tr := w.Trusted(); len(tr) != 1 || tr[0].Alias != "java-root" || !tr[0].Java {
		t.Fatalf("trusted %+v", tr)
	}
	must[Certificate](t)(w.AddTrusted(newCA(t, "New", nil).cert.Raw, "new"))
	if err := os.WriteFile(path, must[[]byte](t)(w.P12(fixturePassword, f, nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, keytool, append([]string{"-list"}, store...)...); strings.Count(out, "trustedCertEntry") != 2 {
		t.Errorf("keytool says:\n%s", out)
	}
}

// goora builds the program in testdata/goora, which needs its driver from the
// module proxy or cache.
func goora(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "goora")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = "testdata/goora"
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("build testdata/goora: %v\n%s", err, out)
		}
		t.Skipf("cannot build testdata/goora: %v\n%s", err, out)
	}
	return path
}

func TestGoOraReadsOurAutoLoginFiles(t *testing.T) {
	t.Parallel()
	reader := goora(t)
	m := must[Machine](t)(ThisMachine())
	for name, f := range map[string]Format{
		"AES":             {Login: AutoLogin},
		"AES, alone":      {Login: AutoLoginOnly},
		"3DES":            {Login: AutoLogin, Body: TripleDES},
		"3DES, 11g":       {Login: AutoLogin, Body: TripleDES, Header: HeaderDES},
		"local":           {Login: AutoLoginLocal},
		"local, 11g body": {Login: AutoLoginLocal, Body: TripleDES},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := full(t)
			path := save(t, FileSSO, must[[]byte](t)(w.SSO(f, m, nil)))
			cmd := exec.Command(reader, path)
			cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "USER=") }), "USER="+m.User)
			out, err := cmd.CombinedOutput()
			if want := "CN=Full Root\nCN=Other Root\nCN=db1\nkeys 1\n"; err != nil || string(out) != want {
				t.Errorf("go-ora: %v\n%s\nwant\n%s", err, out, want)
			}
		})
	}
}

// A key and secret published with a public reader of 11g wallets.
func TestTheHeaderOf11gDecrypts(t *testing.T) {
	t.Parallel()
	h := ssoHeader{
		login: AutoLogin, scheme: HeaderDES,
		key: []byte("7f76ebcc0b326c81"), sealed: []byte("52d76a43e5dd847053cdeb0f1dd3ed6a8d1bead0c0de9747"),
	}
	got, err := h.open()
	if want := "07344b6c491f24470956332c68164657"; err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v; want %s", got, err, want)
	}
	f := Format{Login: AutoLogin, Header: HeaderDES, Body: TripleDES}
	w, again, err := ParseSSO(must[[]byte](t)(full(t).SSO(f, Machine{}, nil)), Machine{})
	if err != nil || again != (Format{Login: AutoLogin, Header: HeaderDES, Body: TripleDES, Iterations: iterations}) || len(w.Trusted()) != 2 {
		t.Errorf("11g wallet reads as %+v, %v", again, err)
	}
}

func TestALocalWalletOpensForItsMachineAndAccountAlone(t *testing.T) {
	t.Parallel()
	// Enough of them that some have the byte on which public readers differ.
	for range 20 {
		data := must[[]byte](t)(New().SSO(Format{Login: AutoLoginLocal}, here, nil))
		if _, _, err := ParseSSO(data, here); err != nil {
			t.Fatal(err)
		}
	}
	data := must[[]byte](t)(New().SSO(Format{Login: AutoLoginLocal}, here, nil))
	for _, m := range []Machine{{}, {Host: here.Host, User: "root"}, {Host: "db2", User: here.User}} {
		_, _, err := ParseSSO(data, m)
		wantKind(t, err, ErrLocal)
	}
	_, err := New().SSO(Format{Login: AutoLoginLocal}, Machine{User: "x"}, nil)
	wantKind(t, err, ErrInvalid)
	for _, f := range []Format{{}, {Login: 'x'}, {Login: AutoLogin, Header: 9}, {Login: AutoLogin, Body: 9}} {
		if _, err := New().SSO(f, here, nil); err == nil {
			t.Errorf("%+v was written", f)
		}
	}
	// A wallet of a reader that maps 127 to 128 opens too.
	seed := make([]byte, 16)
	for i := 0; ; i++ {
		copy(seed, fmt.Sprint(i))
		if two := localPasswords(here, seed); len(two) == 2 {
			head := must[[]byte](t)(encodeHeader(Format{Login: AutoLoginLocal}, make([]byte, 16), seed))
			body := must[[]byte](t)(New().pfx(secretOf(two[1]), Format{}, strings.NewReader(strings.Repeat("salt", 20))))
			if _, _, err := ParseSSO(append(head, body...), here); err != nil {
				t.Error(err)
			}
			return
		}
	}
}
