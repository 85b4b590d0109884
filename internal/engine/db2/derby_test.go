package db2

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// Apache Derby's network server and client speak DRDA. They are no Db2, and
// they are nobody's idea of the protocol but their authors'.

// jars is the class path of a Derby program.
func jars(t *testing.T, names ...string) string {
	t.Helper()
	var all []string
	for _, n := range names {
		all = append(all, "/usr/share/java/"+n+".jar")
	}
	need(t, all...)
	return strings.Join(all, ":")
}

// need skips the test without these files and programs, or fails it when
// DBTLS_REQUIRE_ENGINES is set.
func need(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		_, err := exec.LookPath(n)
		if strings.HasPrefix(n, "/") {
			_, err = os.Stat(n)
		}
		if err == nil {
			continue
		}
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("%v, and DBTLS_REQUIRE_ENGINES is set", err)
		}
		t.Skipf("SKIPPED: %v; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", err)
	}
}

func run(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin, cmd.Dir = strings.NewReader(stdin), t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// keyStore writes a leaf for 127.0.0.1 and its key as PKCS #12.
func keyStore(t *testing.T, world *pkitest.Hierarchy) string {
	t.Helper()
	chain, key := world.Leaf(t, ca, "127.0.0.1")
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "pair.pem"), filepath.Join(dir, "store.p12")
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range chain {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "openssl", "pkcs12", "-export", "-in", in, "-out", out, "-passout", "pass:changeit")
	return out
}

// derby runs Derby's network server on a TLS port and returns its address.
func derby(t *testing.T, world *pkitest.Hierarchy) string {
	t.Helper()
	need(t, "java", "openssl")
	classes := jars(t, "derby", "derbynet", "derbytools", "derbyclient")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	cmd := exec.Command("java", "-Djavax.net.ssl.keyStore="+keyStore(t, world), "-Djavax.net.ssl.keyStorePassword=changeit",
		"-Djavax.net.ssl.keyStoreType=PKCS12", "-Dderby.drda.sslMode=basic", "-Dderby.system.home="+t.TempDir(),
		"-Dderby.connection.requireAuthentication=true", "-Dderby.authentication.provider=BUILTIN", "-Dderby.user."+user+"="+secret,
		"-cp", classes, "org.apache.derby.drda.NetworkServerControl",
		"start", "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-noSecurityManager")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &log, &log, t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Derby said:\n%s", log.Bytes())
		}
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	poll(t, "Derby speaks TLS", func() bool {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots(world)})
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return address
}

func TestARealServerJudgesOurLogin(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	address := derby(t, world)
	for _, step := range []struct {
		name, user, password, database string
		want                           error
	}{
		{"there is no database yet", user, secret, "shop", engine.ErrNoDatabase},
		{"one is made", user, secret, "shop;create=true", nil},
		{"it is found", user, secret, "shop", nil},
		{"a name longer than the padding is not", user, secret, "a-database-of-a-long-name", engine.ErrNoDatabase},
		{"a wrong password is refused", user, "letmein", "shop", engine.ErrLoginRefused},
		{"an unknown user is refused", "nobody", secret, "shop", engine.ErrLoginRefused},
	} {
		got, err := logIn(t.Context(), dial(t, address, world), step.user, step.password, step.database)
		if !errors.Is(err, step.want) || got.class != "Apache Derby" {
			t.Errorf("%s: %+v, %v", step.name, got, err)
		}
	}
}

func TestARealServerSeesALoginOverVerifiedTLSAlone(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	address := derby(t, world)
	account := func(config *tls.Config) engine.Account {
		return engine.Account{
			Dial: func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) },
			Host: "127.0.0.1", TLS: config, User: user, Password: secret, Database: "shop;create=true",
		}
	}
	e := Editions()[0]
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	got, err := e.Login(ctx, account(&tls.Config{RootCAs: roots(world), ServerName: "127.0.0.1"}))
	if err != nil || got.Note != "Apache Derby" || got.Version == "" {
		t.Errorf("%+v, %v", got, err)
	}
	for what, config := range map[string]*tls.Config{
		"another CA":   {RootCAs: roots(pkitest.New(t, "us-east-1", time.Now())), ServerName: "127.0.0.1"},
		"another name": {RootCAs: roots(world), ServerName: "db.example"},
	} {
		_, err := e.Login(ctx, account(config))
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := e.Login(ctx, account(nil)); !errors.Is(err, engine.ErrTLSRequired) {
		t.Errorf("in plain: %v", err)
	}
}

func TestARealClientLogsInToASimulatedInstance(t *testing.T) {
	t.Parallel()
	need(t, "java", "keytool")
	classes := jars(t, "derbyclient", "derbytools")
	good, other := start(t, nil), pkitest.New(t, "us-east-1", time.Now())
	ij := func(world *pkitest.Hierarchy, password string) string {
		store, root := filepath.Join(t.TempDir(), "trust.p12"), filepath.Join(t.TempDir(), "root.der")
		if err := os.WriteFile(root, world.TrustStore(ca)[0].Raw, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "", "keytool", "-importcert", "-noprompt", "-alias", "root", "-file", root,
			"-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit")
		url := "jdbc:derby://" + good.address + "/shop;user=" + user + ";password=" + password + ";ssl=peerAuthentication"
		return run(t, "connect '"+url+"';\nexit;\n", "java", "-Djavax.net.ssl.trustStore="+store,
			"-Djavax.net.ssl.trustStorePassword=changeit", "-Djavax.net.ssl.trustStoreType=PKCS12",
			"-cp", classes, "org.apache.derby.tools.ij")
	}
	for name, test := range map[string]struct {
		world    *pkitest.Hierarchy
		password string
		want     string
	}{
		"a good login finds no database": {good.world, secret, "the database shop was not found"},
		"a wrong password is refused":    {good.world, "letmein", "password invalid"},
		"a wrong CA fails in TLS":        {other, secret, "PKIX"},
	} {
		out := ij(test.world, test.password)
		if !strings.Contains(out, test.want) {
			t.Errorf("%s: want %q in\n%s", name, test.want, out)
		}
	}
}
