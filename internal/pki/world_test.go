package pki_test

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

const year = 365 * 24 * time.Hour

// The three shapes of a leaf: a name, only an address, a name over the CN's
// bound.
var longName = strings.Repeat("a", 60) + ".cluster-custom.us-east-1.example.com"

var endpoints = []string{"db1.us-east-1.example.com", "127.83.1.2", longName}

// world is every kind of certificate of one region, on keys of the real kind.
type world struct {
	region  string
	now     time.Time
	roots   map[string]pki.CA
	issuers map[string]pki.CA
	crosses map[[2]string]*x509.Certificate // {subject, issuer}
	leaves  map[string]map[string]*x509.Certificate
}

// keys are made once for both worlds: an RSA-4096 key takes seconds.
var keys = sync.OnceValues(func() (map[string]crypto.Signer, error) {
	made := map[string]crypto.Signer{}
	for _, p := range pki.Profiles() {
		for role, spec := range map[string]pki.KeySpec{"root": p.Key, "issuing": p.Key, "leaf": p.LeafKey} {
			key, err := pki.GenerateKey(spec)
			if err != nil {
				return nil, err
			}
			made[p.ID+" "+role] = key
		}
	}
	return made, nil
})

var worlds = sync.OnceValues(func() ([]*world, error) {
	var all []*world
	for _, region := range []string{"us-east-1", "us-gov-west-1"} {
		w, err := newWorld(region, time.Now().Truncate(time.Second))
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
})

// inWorlds runs f for the commercial and the GovCloud region.
func inWorlds(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	all, err := worlds()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		t.Run(w.region, func(t *testing.T) {
			t.Parallel()
			f(t, w)
		})
	}
}

func newWorld(region string, now time.Time) (*world, error) {
	made, err := keys()
	if err != nil {
		return nil, err
	}
	w := &world{
		region: region, now: now,
		roots: map[string]pki.CA{}, issuers: map[string]pki.CA{},
		crosses: map[[2]string]*x509.Certificate{},
		leaves:  map[string]map[string]*x509.Certificate{},
	}
	for _, p := range pki.Profiles() {
		from := now.Add(-time.Hour)
		if w.roots[p.ID], err = pki.NewRoot(p, region, made[p.ID+" root"], from, p.NotAfter(from)); err != nil {
			return nil, err
		}
		if w.issuers[p.ID], err = pki.NewIssuing(w.roots[p.ID], p, region, made[p.ID+" issuing"], now); err != nil {
			return nil, err
		}
		w.leaves[p.ID] = map[string]*x509.Certificate{}
		for _, name := range endpoints {
			if w.leaves[p.ID][name], err = w.issue(p.ID, made[p.ID+" leaf"], name); err != nil {
				return nil, err
			}
		}
	}
	return w, w.cross()
}

func (w *world) issue(ca string, key crypto.Signer, name string) (*x509.Certificate, error) {
	csr, err := request(key)
	if err != nil {
		return nil, err
	}
	return pki.Issue(w.issuers[ca], csr, pki.LeafRequest{CN: name, Life: year}, w.now)
}

func (w *world) cross() error {
	for subject, s := range w.roots {
		for issuer, i := range w.roots {
			if subject == issuer {
				continue
			}
			c, err := pki.Cross(s.Cert, i, w.now)
			if err != nil {
				return err
			}
			w.crosses[[2]string{subject, issuer}] = c
		}
	}
	return nil
}

// all lists every certificate of the world by a name for messages.
func (w *world) all() map[string]*x509.Certificate {
	out := map[string]*x509.Certificate{}
	for id := range w.roots {
		out["root "+id] = w.roots[id].Cert
		out["issuing CA "+id] = w.issuers[id].Cert
		for name, leaf := range w.leaves[id] {
			out["leaf "+id+" "+name] = leaf
		}
	}
	for pair, c := range w.crosses {
		out[fmt.Sprintf("cross of %s by %s", pair[0], pair[1])] = c
	}
	return out
}

// path is a chain and the one root it must verify against.
type path struct {
	name  string
	host  string
	chain []*x509.Certificate
	root  *x509.Certificate
}

// paths are every plain chain, and every bridge against both of its roots.
func (w *world) paths() []path {
	var out []path
	for to := range w.roots {
		for _, host := range endpoints {
			chain := []*x509.Certificate{w.leaves[to][host], w.issuers[to].Cert}
			out = append(out, path{fmt.Sprintf("%s/%s/%.12s", w.region, to, host), host, chain, w.roots[to].Cert})
		}
		for from := range w.roots {
			if from == to {
				continue
			}
			for _, host := range endpoints {
				chain := []*x509.Certificate{w.leaves[to][host], w.issuers[to].Cert, w.crosses[[2]string{to, from}]}
				name := fmt.Sprintf("%s/%s bridged from %s/%.12s", w.region, to, from, host)
				out = append(out,
					path{name + "/old root", host, chain, w.roots[from].Cert},
					path{name + "/new root", host, chain, w.roots[to].Cert})
			}
		}
	}
	return out
}

func request(key crypto.Signer) (*x509.CertificateRequest, error) {
	der, err := pki.NewCSR(key, "ignored")
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificateRequest(der)
}

func writePEM(t *testing.T, certs ...*x509.Certificate) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(pki.EncodeCertsPEM(certs...)); err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(f.Name())
}

func isIP(host string) bool { return net.ParseIP(host) != nil }
