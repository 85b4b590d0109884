// Package host collects what the clients of this host are configured to do, for
// dbtls clients report: the configurations that a scan finds, the trust stores
// they use as this host has them, whether those accept the databases that were
// named, and the addresses that databases see this host come from. It reads files
// and dials; it sends nothing to anybody and judges no planned change: the server
// does, which knows its CAs. Nothing it returns holds a password.
package host

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// Question says what to look at.
type Question struct {
	Paths       []string      // files and directories; none: the usual places
	Application string        // whose configuration it is, "" for every one there
	Databases   []engines.URL // that are dialled
	Sources     []string      // IP addresses that count instead of those found
}

// Answer is what was found.
type Answer struct {
	Report evidence.Report
	Paths  []string // that were read
	// Notes say what was not read, not found and not reached.
	Notes []string
}

// collector is one run.
type collector struct {
	question Question
	answer   Answer
	names    *names
	stores   map[clientconfig.Trust]scan.Opened
	seen     map[string]*sight // by address, of the databases that were dialled
	schemes  engines.URLs
}

// Collect looks at this host. What cannot be read or reached is in the notes; an
// error means that there is nothing to tell.
func Collect(ctx context.Context, q Question) (Answer, error) {
	c := &collector{question: q, names: newNames(), stores: map[clientconfig.Trust]scan.Opened{}, seen: map[string]*sight{}, schemes: engines.NewURLs()}
	name, err := os.Hostname()
	if err != nil {
		return Answer{}, fmt.Errorf("find this host's name: %w", err)
	}
	c.answer.Report = evidence.Report{Host: name, Application: q.Application, Clients: []evidence.Configured{}}
	findings, err := c.scan(ctx)
	if err != nil {
		return Answer{}, err
	}
	c.dial(ctx)
	for _, f := range findings {
		if one, ok := c.configured(ctx, f); ok {
			c.answer.Report.Clients = append(c.answer.Report.Clients, one)
		}
	}
	if c.answer.Report.Sources, err = c.sources(ctx); err != nil {
		return Answer{}, err
	}
	return c.answer, ctx.Err()
}

func (c *collector) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(c.answer.Notes, text) {
		c.answer.Notes = append(c.answer.Notes, text)
	}
}

// scan reads the paths, or the usual places and the environment.
func (c *collector) scan(ctx context.Context) ([]scan.Finding, error) {
	opts := scan.Options{Host: true, Installed: installed(ctx)}
	paths := c.question.Paths
	var findings []scan.Finding
	if len(paths) == 0 {
		home, err := os.UserHomeDir()
		if err != nil {
			c.note("the home directory is not known, and nothing in it was read")
		}
		paths = places(home, os.Getenv, exists)
		findings = environment(os.Environ(), opts)
	}
	c.answer.Paths = paths
	if len(paths) > 0 {
		r, err := scan.Tree(ctx, paths, opts)
		if err != nil {
			return nil, err
		}
		findings = append(findings, r.Findings...)
		for _, s := range r.Summary.Skipped {
			c.note("%s was not read: %s", s.File, s.Why)
		}
	}
	if len(findings) == 0 {
		return nil, fault.New(fault.InvalidParameter, "no client's configuration was found in %s; name the files or directories that hold it",
			cmp.Or(strings.Join(paths, ", "), "the usual places and the environment"))
	}
	return findings, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// configured makes what a finding is told as. A client over a socket of this
// host meets no certificate and is none.
func (c *collector) configured(ctx context.Context, f scan.Finding) (evidence.Configured, bool) {
	where := place(f)
	if strings.HasPrefix(f.Host, "/") || strings.HasPrefix(f.Host, "@") {
		c.note("%s connects over a socket of this host, where TLS has no part", where)
		return evidence.Configured{}, false
	}
	one := evidence.Configured{
		Where: where, Driver: f.Driver, Version: f.Version, User: known(f.User), RSAOnly: f.RSAOnly,
		Encrypts: string(f.Encrypts), Verifies: string(f.Verifies), TrustKind: string(f.Trust.Kind), TrustPath: f.Trust.Path,
	}
	one.Databases = c.databases(ctx, f)
	if f.Trust.Kind == clientconfig.TrustNone || f.Encrypts == clientconfig.EncryptsNever {
		return one, true
	}
	store := c.open(f)
	one.TrustPath, one.StoreRead = cmp.Or(store.Path, one.TrustPath), store.Why == ""
	if store.Why != "" && f.Trust.Kind == clientconfig.TrustUnknown {
		return one, true // there is nothing to look for
	}
	if store.Why != "" {
		c.note("the trust store of %s, %s, is not known: %s", where, cmp.Or(one.TrustPath, one.TrustKind), store.Why)
		return one, true
	}
	one.Anchors = anchors(store.Certs)
	one.Tried = c.try(f, one.Databases, store.Certs)
	return one, true
}

// place is where a finding stands, so that it is found from anywhere.
func place(f scan.Finding) string {
	where := f.File
	if exists(where) {
		if abs, err := filepath.Abs(where); err == nil {
			where = abs
		}
	}
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	return where
}

// open reads a finding's trust store, each store once.
func (c *collector) open(f scan.Finding) scan.Opened {
	key := f.Trust
	if key.Path != "" {
		key.Path += "\x00" + f.File // which a relative path begins at
	}
	if _, ok := c.stores[key]; !ok {
		c.stores[key] = scan.Open(f)
	}
	return c.stores[key]
}

// anchors are the fingerprints of the certificates that end a chain.
func anchors(certs []*x509.Certificate) (all []string) {
	for _, cert := range certs {
		if string(cert.RawSubject) == string(cert.RawIssuer) {
			all = append(all, pki.Fingerprint(cert))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// known is a value that stands for itself; a placeholder does not.
func known(value string) string {
	if strings.ContainsAny(value, "${}<>%") {
		return ""
	}
	return value
}

// sources are the addresses by which databases are reached from here, else all
// that this host has.
func (c *collector) sources(ctx context.Context) ([]string, error) {
	if len(c.question.Sources) > 0 {
		return c.question.Sources, nil
	}
	var all []string
	for _, u := range c.question.Databases {
		c.names.endpoints(ctx, u.Host, u.Port)
	}
	for _, target := range c.names.reached() {
		if from, ok := localFor(ctx, target); ok && !slices.Contains(all, from) {
			all = append(all, from)
		}
	}
	if len(all) == 0 {
		all = globalAddresses()
	}
	if len(all) == 0 {
		return nil, fault.New(fault.InvalidParameter, "no address was found that a database could see this host come from; give it with --source IP")
	}
	slices.Sort(all)
	return all, nil
}

// CheckSource refuses what is no address as databases write it.
func CheckSource(s string) error {
	if a, err := netip.ParseAddr(s); s != engine.LocalSource && (err != nil || a.String() != s || a.Is4In6()) {
		return fault.New(fault.InvalidParameter, "source %q is no IP address in its usual form; give such as 10.0.0.7, or %s", s, engine.LocalSource)
	}
	return nil
}
