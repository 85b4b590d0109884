package login_test

import (
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
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

// ferretdb is the program of the module in e2e/ferret: DBTLS_FERRETDB names it.
// Building it takes minutes, so the test runs where somebody has done that.
func ferretdb(t *testing.T) string {
	t.Helper()
	named := os.Getenv("DBTLS_FERRETDB")
	if named == "" {
		t.Skip("SKIPPED: DBTLS_FERRETDB names no FerretDB; e2e/ferret says how to build one")
	}
	path, err := exec.LookPath(named)
	if err != nil {
		t.Fatalf("DBTLS_FERRETDB: %v", err)
	}
	return path
}

// ferret runs FerretDB with SCRAM logins, over TLS and in plain.
func ferret(t *testing.T) (overTLS, plain *server) {
	t.Helper()
	program, dir := ferretdb(t), t.TempDir()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, signer := world.Leaf(t, ca, address)
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	if err := errors.Join(
		os.WriteFile(cert, pki.EncodeCertsPEM(chain...), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	overTLS, plain = &server{port: freePort(t), world: world}, &server{port: freePort(t), world: world}
	cmd := exec.Command(program, "--handler=sqlite", "--sqlite-url=file:"+dir+"/", "--state-dir="+dir,
		"--listen-addr="+net.JoinHostPort(address, strconv.Itoa(plain.port)),
		"--listen-tls="+net.JoinHostPort(address, strconv.Itoa(overTLS.port)),
		"--listen-tls-cert-file="+cert, "--listen-tls-key-file="+key,
		"--debug-addr=-", "--telemetry=disable", "--test-enable-new-auth",
		"--setup-database=admin", "--setup-username="+user, "--setup-password="+password)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("FerretDB said:\n%s", log.String())
		}
	})
	await(t, overTLS)
	return overTLS, plain
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func await(t *testing.T, s *server) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(time.Minute); ; {
		c, err := tls.Dial("tcp", net.JoinHostPort(address, strconv.Itoa(s.port)), verifying(s.world, address))
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("wait until FerretDB speaks TLS: %v", err)
		}
	}
}

func TestFerretDBJudgesTheLogin(t *testing.T) {
	t.Parallel()
	s, plain := ferret(t)
	e := product(t, "mongodb")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o, err := probe.Dial(ctx, probe.Target{Engine: e, Address: net.JoinHostPort(address, strconv.Itoa(s.port))})
	if err != nil || len(o.Chain) < 2 {
		t.Fatalf("probe: %+v, %v", o, err)
	}
	got, err := try(t, e, s, s.account())
	if err != nil || !strings.HasPrefix(got.Version, "7.") {
		t.Fatalf("%+v, %v", got, err)
	}
	for what, step := range map[string]struct {
		change func(*engine.Account)
		want   error
	}{
		"a wrong password":    {func(a *engine.Account) { a.Password = "wrong horse 9" }, engine.ErrLoginRefused},
		"an unknown user":     {func(a *engine.Account) { a.User = "nobody" }, engine.ErrLoginRefused},
		"an unknown database": {func(a *engine.Account) { a.Database = "shop" }, nil}, // there is no such thing
	} {
		a := s.account()
		step.change(&a)
		if _, err := try(t, e, s, a); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	a := s.account()
	a.TLS = verifying(s.world, "127.0.0.2")
	if _, err := try(t, e, s, a); err == nil || !asRefusal(err) {
		t.Errorf("another name: %v", err)
	}
	a = plain.account()
	a.TLS = nil
	if _, err := try(t, e, plain, a); err != nil {
		t.Errorf("in plain: %v", err)
	}
	a = s.account()
	a.TLS = nil
	if _, err := try(t, e, s, a); err == nil {
		t.Error("a plain login got in where there is TLS only")
	}
	a = plain.account()
	if _, err := try(t, e, plain, a); err == nil {
		t.Error("a login over TLS got in where there is none")
	}
}

func asRefusal(err error) bool {
	_, ok := errors.AsType[*probe.Refusal](err)
	return ok
}
