package local_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/local"
)

const caID = "rds-ca-rsa2048-g1"

// rig is a provider on a fresh directory with one instance to work on.
type rig struct {
	*testing.T
	*local.Provider
	dir   string
	eng   engine.Engine
	inst  provider.Instance
	certs *pkitest.Hierarchy
}

func newRig(t *testing.T, f *fakeEngine) *rig {
	t.Helper()
	e := f.engine()
	return newRigFor(t, e, provider.Instance{Engine: "fake", Version: "15.1", Port: 15999})
}

func newRigFor(t *testing.T, e engine.Engine, i provider.Instance) *rig {
	t.Helper()
	i.ID, i.Address = "db-"+rand.Text(), loopback(t)
	r := &rig{T: t, dir: openDir(t), eng: e, inst: i, certs: pkitest.New(t, "us-east-1", time.Now())}
	r.Provider = r.provider()
	t.Cleanup(func() {
		// What a failed test left running must not outlive it.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.Delete(ctx, r.inst, ""); err != nil && !t.Failed() {
			if fault.CodeOf(err) != fault.InvalidInstanceState {
				t.Errorf("clean up: %v", err)
			}
		}
	})
	return r
}

// provider is a Provider as a new dbtls process would make it.
func (r *rig) provider() *local.Provider {
	r.Helper()
	p, err := local.New(local.Options{Dir: r.dir, Engines: []engine.Engine{r.eng}})
	if err != nil {
		r.Fatal(err)
	}
	return p
}

// openDir is a temporary directory that every user can pass through.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// loopback is an address of the test's own, so that tests share no port.
func loopback(t *testing.T) string {
	t.Helper()
	var b [3]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return net.IPv4(127, b[0]|1, b[1], b[2]|1).String()
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r.Cleanup(cancel)
	return ctx
}

func (r *rig) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// refused wants a fault with this code whose public text holds every part.
func (r *rig) refused(err error, code fault.Code, parts ...string) {
	r.Helper()
	if fault.CodeOf(err) != code {
		r.Fatalf("error %v; want a fault with code %s", err, code)
	}
	for _, part := range parts {
		if !strings.Contains(fault.Public(err), part) {
			r.Errorf("%q does not name %q", fault.Public(err), part)
		}
	}
}

// chain is a fresh chain for the generation's key, and what to expect of it.
func (r *rig) chain(gen string, names ...string) ([][]byte, provider.Expect) {
	r.Helper()
	der, err := r.CSR(r.ctx(), r.inst, gen, pki.ECC256)
	r.ok(err)
	csr, err := x509.ParseCertificateRequest(der)
	r.ok(err)
	dns, ips := pki.SplitNames(names...)
	leaf, err := pki.Issue(r.certs.Issuers[caID], csr, pki.LeafRequest{CN: r.inst.Address, DNSNames: dns, IPs: ips, Life: 24 * time.Hour}, r.certs.Now)
	r.ok(err)
	return [][]byte{leaf.Raw, r.certs.Issuers[caID].Cert.Raw}, provider.Expect{
		Names: append(names, r.inst.Address),
		Roots: [][]byte{r.certs.Roots[caID].Cert.Raw},
		Now:   r.certs.Now.Add(time.Minute),
	}
}

func (r *rig) stage(gen string) {
	r.Helper()
	chain, want := r.chain(gen)
	r.ok(r.Stage(r.ctx(), r.inst, gen, chain, want))
}

// running takes the instance to where it serves the generation "g1".
func (r *rig) running() *rig {
	r.Helper()
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	r.stage("g1")
	_, err := r.Activate(r.ctx(), r.inst, "g1")
	r.ok(err)
	r.ok(r.Power(r.ctx(), r.inst, true))
	return r
}

func (r *rig) observe() provider.Observation {
	r.Helper()
	o, err := r.Observe(r.ctx(), r.inst)
	r.ok(err)
	return o
}

// root is the instance's directory, path a file in it.
func (r *rig) root() string { return filepath.Join(r.dir, "db", strings.ToLower(r.inst.ID[3:16])) }

func (r *rig) path(parts ...string) string {
	return filepath.Join(append([]string{r.root()}, parts...)...)
}

// served is the certificate a client gets from the fake server now.
func (r *rig) served() *x509.Certificate {
	r.Helper()
	c, err := tls.Dial("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)), &tls.Config{RootCAs: r.pool()})
	r.ok(err)
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

func (r *rig) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.certs.Roots[caID].Cert)
	return pool
}

// wantServed compares what is served with the generation's file.
func (r *rig) wantServed(gen string) {
	r.Helper()
	text, err := os.ReadFile(r.path("tls", gen, "server.crt"))
	r.ok(err)
	chain, err := pki.ParseCertsPEM(text)
	r.ok(err)
	if got := r.served(); !got.Equal(chain[0]) {
		r.Errorf("served serial %s, want %s of generation %q", pki.SerialHex(got), pki.SerialHex(chain[0]), gen)
	}
}

// tree lists every file below dir with all that a change would alter.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		sys := st.Sys().(*syscall.Stat_t)
		_, err = fmt.Fprintln(&b, path, st.Mode(), st.Size(), sys.Ino, sys.Uid, sys.Gid, sys.Ctim)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// until polls for at most ten seconds.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !cond(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// processes lists those whose arguments name dir.
func processes(t *testing.T, dir string) []int {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, path := range list {
		if b, _ := os.ReadFile(path); strings.Contains(string(b), dir) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}

func ppid(pid int) int {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	p, _ := strconv.Atoi(f[1])
	return p
}
