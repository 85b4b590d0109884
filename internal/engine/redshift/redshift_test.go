package redshift_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/redshift"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

const startup = "\x00\x00\x00\x11\x00\x03\x00\x00user\x00me\x00\x00"

// listen plays one instance with the parameters that are set.
func listen(t *testing.T, set map[string]string) (address string) {
	t.Helper()
	e := redshift.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	chain, key := pkitest.New(t, "us-east-1", time.Now()).Leaf(t, "rds-ca-rsa2048-g1", "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	h := &engine.Host{
		Version: e.Spec.Versions[0], Address: "127.0.0.1", Parameters: e.Spec.Values(e.Spec.Versions[0], set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if err := e.Simulator.Serve(t.Context(), c, h); err != nil {
					t.Errorf("Serve: %v", err)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// answer is what comes back to a startup packet over c.
func answer(t *testing.T, c net.Conn) string {
	t.Helper()
	defer c.Close()
	if _, err := io.WriteString(c, startup); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRequireSSLRefusesPlainSessionsAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   map[string]string
		plain string
	}{
		"by default":        {nil, "The connection is not encrypted"},
		"when required":     {map[string]string{"require_ssl": "true"}, `no pg_hba.conf entry for host "127.0.0.1", user "me", database "me", SSL off`},
		"when not required": {map[string]string{"require_ssl": "false"}, "The connection is not encrypted"},
	} {
		address := listen(t, c.set)
		plain, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(t, plain); !strings.Contains(got, c.plain) {
			t.Errorf("%s: a plain session is told %q", name, got)
		}
		raw, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		ready, _, err := redshift.New().Wire.StartTLS(t.Context(), raw, engine.Start{})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(t, tls.Client(ready, &tls.Config{InsecureSkipVerify: true})); !strings.Contains(got, "encrypted with TLS 1.3") {
			t.Errorf("%s: a session over TLS is told %q", name, got)
		}
	}
}

func TestThereIsNoWayIntoTLSWithoutARequest(t *testing.T) {
	t.Parallel()
	address := listen(t, nil)
	_, err := probe.Dial(t.Context(), probe.Target{Engine: redshift.New(), Address: address, Start: engine.Start{Direct: true}})
	if !errors.Is(err, engine.ErrNoDirect) {
		t.Errorf("direct: %v", err)
	}
	if c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}}); err == nil {
		_ = c.Close()
		t.Error("TLS from the first byte is answered")
	}
	o, err := probe.Dial(t.Context(), probe.Target{Engine: redshift.New(), Address: address})
	if err != nil || o.Leaf() == nil {
		t.Errorf("after SSLRequest: %v", err)
	}
}

func TestTheCatalogue(t *testing.T) {
	t.Parallel()
	spec := redshift.New().Spec
	if f := spec.Families(); len(f) != 1 || f["redshift-1.0"] != "1.0" {
		t.Errorf("families %v", f)
	}
	parameters := spec.Parameters("1.0")
	if len(parameters) != 1 || parameters[0].ApplyType != engine.Static || parameters[0].Default != "false" {
		t.Fatalf("catalogue %+v", parameters)
	}
	for value, want := range map[string]string{"TRUE": "true", "1": "true", "off": "false", "maybe": ""} {
		if got, err := parameters[0].Canonical(value); got != want || (err == nil) != (want != "") {
			t.Errorf("value %q is %q, %v", value, got, err)
		}
	}
}

func TestForcingNamesAParameterOfTheCatalogue(t *testing.T) {
	t.Parallel()
	spec := redshift.New().Spec
	f, p := spec.Force("1.0"), spec.Parameters("1.0")[0]
	if f.Parameter != p.Name || !slices.Contains(p.Allowed, f.On) || p.Default != f.Off || f.Exceptions != "" {
		t.Errorf("%+v, in the catalogue %+v", f, p)
	}
}
