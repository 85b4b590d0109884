// Package dms_test drives the migration side of the ordinary server from
// outside: the aws command, signed requests, real databases and simulated ones.
package dms_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	user     = "admin1"
	password = "correct-horse-99"
)

type object = map[string]any

// signed makes a signed request and decodes the answer.
func signed(t testing.TB, s *harness.Server, service, method, path, target string, body []byte) (int, object) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // each call has a client of its own
	if target != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256(body)
	creds := aws.Credentials{AccessKeyID: s.Client.AccessKeyID, SecretAccessKey: s.Client.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), service, s.Client.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := s.HTTP(t).Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", target, path, err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	var v object
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		t.Fatalf("%s %s: %v: %s", target, path, err, out)
	}
	return resp.StatusCode, v
}

// dms calls an action of the DMS API.
func dms(t testing.TB, s *harness.Server, action string, in object) (int, object) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return signed(t, s, "dms", http.MethodPost, "/", "AmazonDMSv20160101."+action, body)
}

// must is dms that has to succeed, and what path leads to.
func must(t testing.TB, s *harness.Server, action string, in object, path ...string) any {
	t.Helper()
	status, out := dms(t, s, action, in)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", action, status, out)
	}
	var v any = out
	for _, name := range path {
		v = v.(object)[name]
	}
	return v
}

// cli runs aws dms and returns what path leads to.
func cli(t testing.TB, s *harness.Server, path string, args ...string) string {
	t.Helper()
	out, err := s.AWS(t, append([]string{"dms"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	for name := range strings.SplitSeq(path, ".") {
		v = v.(object)[name]
	}
	return fmt.Sprint(v)
}

// worker makes a replication instance.
func worker(t testing.TB, s *harness.Server) string {
	t.Helper()
	return must(t, s, "CreateReplicationInstance", object{"ReplicationInstanceIdentifier": "worker", "ReplicationInstanceClass": "dms.local"},
		"ReplicationInstance", "ReplicationInstanceArn").(string)
}

// outcome is a connection as the native API shows it.
type outcome struct {
	Status, Message string
	Stale           bool
	Outcome         struct {
		Stage, Code, Reason, Fix string
		Strictest                string `json:"strictest_mode"`
		SHA256                   string `json:"missing_sha256"`
		TLS                      bool   `json:"tls_ok"`
	}
}

// ended waits until an endpoint's test has ended and returns how.
func ended(t testing.TB, s *harness.Server, endpoint string) outcome {
	t.Helper()
	var o outcome
	harness.Poll(t, 90*time.Second, "the test of "+endpoint+" ends", func() bool {
		status, out := signed(t, s, "dbtls", http.MethodGet, "/api/v1/connections/worker/"+endpoint, "", nil)
		b, err := json.Marshal(out)
		o = outcome{}
		if err == nil {
			err = json.Unmarshal(b, &o)
		}
		if status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d %v %v", endpoint, status, out, err)
		}
		return o.Status != "testing"
	})
	return o
}

// simulated makes a simulated instance.
func simulated(t testing.TB, s *harness.Server, engine string) harness.Instance {
	t.Helper()
	return s.Create(t, "sim-"+engine, engine, func(in *rds.CreateDBInstanceInput) { in.DBInstanceClass = aws.String("db.simulated") })
}

// bundle is the PEM file with the region's CAs.
func bundle(t testing.TB, s *harness.Server) string {
	t.Helper()
	return s.File(t, "/us-east-1/us-east-1-bundle.pem")
}

// wallet makes an auto-login wallet of a PEM file by the seed's commands.
func wallet(t testing.TB, pem string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ssl_wallet")
	for _, args := range [][]string{
		{"wallet", "create", "-wallet", dir, "-auto_login_only"},
		{"wallet", "add", "-wallet", dir, "-trusted_cert", "-cert", pem, "-auto_login_only"},
	} {
		if out, err := exec.Command(harness.Binary(t), args...).CombinedOutput(); err != nil {
			t.Fatalf("dbtls %v: %v: %s", args, err, out)
		}
	}
	return filepath.Join(dir, "cwallet.sso")
}

// tap passes connections on to a server on the same address and keeps what
// clients send, a connection each.
type tap struct {
	port int
	mu   sync.Mutex
	sent []*bytes.Buffer
}

func newTap(t testing.TB, address string, port int) *tap {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{port: l.Addr().(*net.TCPAddr).Port}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(ctx, c, net.JoinHostPort(address, strconv.Itoa(port)))
		}
	}()
	return p
}

func (p *tap) pass(ctx context.Context, c net.Conn, to string) {
	defer c.Close()
	var d net.Dialer
	up, err := d.DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer up.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close(); _ = up.Close() })()
	p.mu.Lock()
	n := len(p.sent)
	p.sent = append(p.sent, new(bytes.Buffer))
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(c, up)
		_ = c.Close()
	}()
	_, _ = io.Copy(up, io.TeeReader(c, writer(func(b []byte) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent[n].Write(b)
	})))
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

// last is what the last client sent; count is how many there were.
func (p *tap) last() (sent []byte, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		return nil, 0
	}
	return bytes.Clone(p.sent[len(p.sent)-1].Bytes()), len(p.sent)
}

// hello reports a TLS client hello anywhere in what was sent: a handshake
// record, its length, the message's type.
func hello(sent []byte) bool {
	for n := 0; n+5 < len(sent); n++ {
		if sent[n] == 0x16 && sent[n+1] == 0x03 && sent[n+2] == 0x01 && sent[n+5] == 0x01 {
			return true
		}
	}
	return false
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
