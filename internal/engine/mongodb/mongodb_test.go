package mongodb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const ca = "rds-ca-ecc384-g1"

// start serves a simulated instance and returns where it is and what to trust.
func start(t *testing.T, parameters map[string]string) (address string, roots *x509.CertPool) {
	t.Helper()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, ca, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	certificate := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }
	return listen(t, parameters, certificate), pool(world, ca)
}

func pool(world *pkitest.Hierarchy, cas ...string) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range world.TrustStore(cas...) {
		p.AddCert(c)
	}
	return p
}

func listen(t *testing.T, parameters map[string]string, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) string {
	t.Helper()
	return serveHost(t, &engine.Host{Version: "7.0.16", Parameters: New().Spec.Values("7.0.16", parameters), Certificate: certificate})
}

func serveHost(t *testing.T, h *engine.Host) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := New()
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); open.Wait() })
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				if err := e.Simulator.Serve(ctx, c, h); err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	})
	return l.Addr().String()
}

func client(t *testing.T, address string, more ...func(*options.ClientOptions)) *mongo.Client {
	t.Helper()
	o := options.Client().ApplyURI("mongodb://" + address + "/?directConnection=true").SetServerSelectionTimeout(3 * time.Second)
	for _, f := range more {
		f(o)
	}
	m, err := mongo.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Disconnect(context.Background()) })
	return m
}

func trusting(roots *x509.CertPool, tune ...func(*tls.Config)) func(*options.ClientOptions) {
	return func(o *options.ClientOptions) {
		c := &tls.Config{RootCAs: roots}
		for _, f := range tune {
			f(c)
		}
		o.SetTLSConfig(c)
	}
}

func TestTheRealDriverConnectsOverVerifiedTLSAndIsToldWhatItReached(t *testing.T) {
	t.Parallel()
	address, roots := start(t, nil)
	m := client(t, address, trusting(roots))
	if err := m.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var info struct{ Version, Msg string }
	if err := m.Database("admin").RunCommand(t.Context(), bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		t.Fatal(err)
	}
	if info.Version != "7.0.16" || !strings.Contains(info.Msg, "simulated") {
		t.Errorf("buildInfo: %+v", info)
	}
	_, err := m.Database("shop").Collection("orders").InsertOne(t.Context(), bson.D{{Key: "a", Value: 1}})
	var refused mongo.CommandError
	if !errors.As(err, &refused) || refused.Code != unauthorized || !strings.Contains(refused.Message, "simulated") {
		t.Errorf("insert: %v", err)
	}
}

func TestALoginIsRefusedSayingWhatItReached(t *testing.T) {
	t.Parallel()
	address, roots := start(t, nil)
	m := client(t, address, trusting(roots), func(o *options.ClientOptions) {
		o.SetAuth(options.Credential{Username: "admin", Password: "hunter2"})
	})
	if err := m.Ping(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "simulated instance") {
		t.Errorf("ping with a login: %v", err)
	}
}

func TestAClientThatTrustsAnotherCAFailsInTheHandshake(t *testing.T) {
	t.Parallel()
	address, _ := start(t, nil)
	m := client(t, address, trusting(pool(pkitest.New(t, "us-east-1", time.Now()))))
	if err := m.Ping(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("ping: %v", err)
	}
}

func TestTLSModeDecidesAboutPlainClients(t *testing.T) {
	t.Parallel()
	for mode, answered := range map[string]bool{"allowTLS": true, "preferTLS": true, "requireTLS": false, "": false} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{}
			if mode != "" {
				set[tlsMode] = mode
			}
			address, roots := start(t, set)
			if err := client(t, address).Ping(t.Context(), nil); (err == nil) != answered {
				t.Errorf("plain: %v", err)
			}
			if err := client(t, address, trusting(roots)).Ping(t.Context(), nil); err != nil {
				t.Errorf("TLS: %v", err)
			}
		})
	}
}

func TestDisabledProtocolsAreNotOffered(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][2]bool{ // TLS 1.2, TLS 1.3
		"TLS1_0,TLS1_1":        {true, true},
		"TLS1_0,TLS1_1,TLS1_2": {false, true},
		"TLS1_0,TLS1_1,TLS1_3": {true, false},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			address, roots := start(t, map[string]string{tlsDisabledProtocols: value})
			for i, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version})
				if err == nil {
					_ = c.Close()
				}
				if (err == nil) != want[i] {
					t.Errorf("%s: %v", tls.VersionName(version), err)
				}
			}
			if c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
				_ = c.Close()
				t.Error("TLS 1.1 is offered")
			}
		})
	}
}

func TestValuesThatLeaveNoTLSAreRefused(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"TLS1_1,TLS1_0": "TLS1_0,TLS1_1", "tls1_0,TLS1_1,TLS1_3": "TLS1_0,TLS1_1,TLS1_3",
		"TLS1_0": "", "TLS1_0,TLS1_1,TLS1_2,TLS1_3": "", "none": "", "": "",
	} {
		got, err := parameters()[1].Canonical(value)
		if (err == nil) != (want != "") || got != want {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
}

func TestEveryFamilyHasACatalogueWhoseDefaultsAreValid(t *testing.T) {
	t.Parallel()
	spec := New().Spec
	for _, v := range spec.Versions {
		if !spec.HotReload(v) || spec.Family(v) != "mongodb-"+v[:3] {
			t.Errorf("%s: family %q", v, spec.Family(v))
		}
		for _, p := range spec.Parameters(v) {
			if got, err := p.Canonical(p.Default); err != nil || got != p.Default {
				t.Errorf("%s: default %q: %q, %v", p.Name, p.Default, got, err)
			}
		}
	}
	if spec.HotReload("4.4.29") {
		t.Error("version 4.4 has no rotateCertificates")
	}
}

func TestACertificateThatCannotBeHadIsTheServersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("no pair")
	ours, theirs := net.Pipe()
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: "db"}).HandshakeContext(t.Context())
		_ = theirs.Close()
	}()
	err := New().Simulator.Serve(t.Context(), ours, &engine.Host{
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"a client that says nothing": "", "a client that stops in the middle": "\x16\x03\x01"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			ctx, cancel := context.WithCancel(t.Context())
			end := make(chan error, 1)
			go func() { end <- New().Simulator.Serve(ctx, ours, &engine.Host{}) }()
			if _, err := io.WriteString(theirs, sent); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-end; err != nil {
				t.Error(err)
			}
		})
	}
}
