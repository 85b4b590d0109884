package probe_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// cut lets a server send so many bytes and then swallows the rest.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.Conn.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

func TestAServerThatHangsAtAnyByteIsGivenUpAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := served(w.leaf, w.issuing)
	config.SessionTicketsDisabled = true
	for at := 0; at < 4000; at += 97 {
		t.Run(fmt.Sprintf("after %d bytes", at), func(t *testing.T) {
			t.Parallel()
			address := listen(t, "S", func(c net.Conn) {
				handshake(config)(&cut{Conn: c, left: at})
				_, _ = io.Copy(io.Discard, c)
			})
			begin := time.Now()
			r := ask(t, question(t, address, w.trust()), 300*time.Millisecond)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if !r.OK && r.Code != probe.NoAnswer {
				t.Errorf("%s at %s", r.Code, r.Stage)
			}
			if at < 1500 && r.OK { // the chain alone has more
				t.Error("a chain out of nothing")
			}
		})
	}
}

// record is one TLS record.
func record(kind byte, payload []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

// endless repeats b until the client leaves, and counts.
func endless(b []byte, sent *atomic.Int64) func(net.Conn) {
	big := bytes.Repeat(b, 1+1<<14/len(b))
	return func(c net.Conn) {
		for {
			n, err := c.Write(big)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
}

func TestEndlessServersCostLittle(t *testing.T) {
	w := newWorld(t)
	var sent atomic.Int64
	// What the kernel holds between the two, at most, and what is read.
	const most = 32 << 20
	for rule, serve := range map[string]func(net.Conn){
		"empty records":             endless(record(22, nil), &sent),
		"warnings":                  endless(record(21, []byte{1, 90}), &sent),
		"a message of 16 MB":        endless(record(22, append([]byte{2, 255, 255, 255}, make([]byte, 4096)...)), &sent),
		"records of data":           endless(record(23, make([]byte, 16<<10)), &sent),
		"text":                      endless([]byte("all work and no play"), &sent),
		"records of another length": endless(record(22, make([]byte, 20<<10)), &sent),
		"data after the handshake": func(c net.Conn) {
			s := tls.Server(c, served(w.leaf, w.issuing))
			if s.Handshake() == nil {
				endless(make([]byte, 4096), &sent)(s)
			}
		},
	} {
		t.Run(rule, func(t *testing.T) {
			sent.Store(0)
			address := listen(t, "S", serve)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			r := ask(t, question(t, address, w.trust()), 10*time.Second)
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if took > 5*time.Second || r.Code == probe.NoAnswer {
				t.Errorf("%s at %s after %v", r.Code, r.Stage, took)
			}
			if n := sent.Load(); n > most {
				t.Errorf("it took %d bytes", n)
			}
			if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 8<<20 {
				t.Errorf("both sides allocated %d bytes", grown)
			}
		})
	}
}

func TestAHundredCertificatesAreAVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := []*cert{w.leaf, w.issuing}
	// Of one name and different keys: whoever tries all paths tries many.
	for len(chain) < 100 {
		chain = append(chain, issue(t, w.issuing, "Issuing", asCA))
	}
	for rule, c := range map[string]struct {
		chain []*cert
		ok    bool
		code  probe.Code
	}{
		"too many":             {chain, false, probe.ChainTooLong},
		"as many as there may": {chain[:32], true, ""},
		"as many, and no path": {append([]*cert{issue(t, chain[50], name, asServer(name))}, chain[1:32]...), false, probe.IncompleteChain},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			address := listen(t, "S", handshake(served(c.chain...)))
			begin := time.Now()
			r := ask(t, question(t, address, w.trust()), 10*time.Second)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if r.OK != c.ok || r.Code != c.code || r.ChainLength != len(c.chain) || len(r.Chain) != 32 {
				t.Errorf("%v %s, %d of %d certificates: %+v", r.OK, r.Code, len(r.Chain), r.ChainLength, r.Verdicts)
			}
			if v := r.Verdict(pki.SSLRequire); !v.WouldConnect {
				t.Errorf("require: %+v", v)
			}
		})
	}
}

func TestLegacyTLSIsASwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leaf = issue(t, w.issuing, name, asServer(name), rsaKey(t, 2048))
	config := served(w.leaf, w.issuing)
	config.MinVersion, config.MaxVersion, config.CipherSuites = tls.VersionTLS10, tls.VersionTLS10, []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}
	q := question(t, listen(t, "S", handshake(config)), w.trust())
	if r := ask(t, q, 10*time.Second); r.Code != probe.ProtocolTooOld {
		t.Errorf("without: %s at %s", r.Code, r.Stage)
	}
	q.Target.Legacy = true
	r := ask(t, q, 10*time.Second)
	if !r.OK || r.TLS == nil || !r.TLS.Legacy || r.TLS.Version != "TLS 1.0" || r.TLS.Group != "" || len(r.Warnings) != 1 || r.Warnings[0].Code != probe.LegacyTLS {
		t.Errorf("with: %+v", r)
	}
}

// A driver that is given Config decides as the report says, mode by mode.
func TestConfigDecidesAsJudgeDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for rule, b := range brokenServers(t, w) {
		if b.code == probe.NoAnswer || b.code == probe.HostNotFound || b.code == probe.ClientCertificateRequired {
			continue // nothing is decided there, or not by the client
		}
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			q := question(t, b.address, w.trust())
			if b.change != nil {
				b.change(&q)
			}
			r := ask(t, q, 10*time.Second)
			for _, mode := range []pki.SSLMode{pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull} {
				err := connect(t, q, mode)
				want := r.Verdict(mode)
				if (err == nil) != want.WouldConnect {
					t.Errorf("%s: the driver's error is %v, the report says %+v", mode, err, want)
				}
				if stage, code := probe.LoginCode(err); err != nil && (want.Stage == probe.StageChain || want.Stage == probe.StageName) && (stage != want.Stage || code != want.Code) {
					t.Errorf("%s: %s at %s, the report has %s at %s", mode, code, stage, want.Code, want.Stage)
				}
			}
		})
	}
	if probe.Config(pki.SSLNone, w.trust(), name, false, time.Now) != nil {
		t.Error("mode none has a TLS configuration")
	}
}

// connect is what a driver does with Config.
func connect(t *testing.T, q probe.Question, mode pki.SSLMode) error {
	t.Helper()
	c, err := net.DialTimeout("tcp", q.Target.Address, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	up, _, err := q.Target.Engine.Wire.StartTLS(t.Context(), c, q.Target.Start)
	if err != nil {
		return err
	}
	client := tls.Client(up, probe.Config(mode, q.Trust, q.Name, false, time.Now))
	return client.HandshakeContext(t.Context())
}
