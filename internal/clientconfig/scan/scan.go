// Package scan reads the configurations of clients where they are kept: in a
// source tree, a file, a line of text. It adds to what clientconfig/read makes
// of a text the versions that build files name, looks whether trust stores hold
// the CAs in play, and judges a planned change. It opens files and nothing else:
// it connects to no server and asks no variable of the environment, because
// what it looks at mostly runs elsewhere; Open alone is for this host's own.
package scan

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// MaxText is the longest file or line that is read, in bytes.
const MaxText = 1 << 20

// CA is one that the servers' chains lead to, now or after a planned change.
type CA struct {
	ID   string // "rds-ca-2019"; for a PEM file, the name of its certificate
	Root *x509.Certificate
}

// Options say what to look for.
type Options struct {
	// CAs are those in play: findings say which of them a trust store holds.
	CAs []CA
	// Change is the planned one, between two of CAs; nil for none, and then
	// findings carry no verdict.
	Change *clientconfig.Change
	// NoFiles: the text is of another host, so that no file it names is opened
	// here. For Lines and Text.
	NoFiles bool
	// Host: it is this host's own clients that are looked at, so that what they
	// do depends on the files that are here.
	Host bool
	// Installed are the versions of the clients that are installed where the
	// text is used, by Driver.ID. What a build file says comes first.
	Installed map[string]string
	// Driver is what a pasted string is for (Driver.ID), with its Version;
	// both may be "".
	Driver, Version string
	// Progress is called with the number of files read and of all; nil for
	// nobody. It is called from several goroutines, one at a time.
	Progress func(done, all int)
}

// Finding is one connection that is configured somewhere.
type Finding struct {
	clientconfig.Position
	Driver  string `json:"driver"`            // Driver.ID, "" when it is not known
	Name    string `json:"name,omitempty"`    // of the driver, for people
	Engine  string `json:"engine,omitempty"`  // the product's name in the RDS API
	Version string `json:"version,omitempty"` // of the driver
	From    string `json:"version_from,omitempty"`

	Host     string `json:"host,omitempty"`
	Port     string `json:"port,omitempty"`
	User     string `json:"user,omitempty"`
	Database string `json:"database,omitempty"`
	Text     string `json:"text"` // as written, secrets replaced

	clientconfig.Effect
	// Outcomes are one per range of versions that differ: one when the version
	// is known.
	Outcomes []clientconfig.Outcome `json:"outcomes"`
	RSAOnly  bool                   `json:"rsa_only,omitempty"` // it takes no certificate with another kind of key
	Holds    *Holds                 `json:"holds,omitempty"`    // nil: no trust store with a path
	Verdict  clientconfig.Verdict   `json:"verdict,omitempty"`
	Until    string                 `json:"until,omitempty"` // of a SAFE verdict, RFC 3339
	Why      string                 `json:"why"`
	Fix      string                 `json:"fix,omitempty"`
	Notes    []string               `json:"notes,omitempty"`
}

// Report is what a scan found.
type Report struct {
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`
}

// Summary counts.
type Summary struct {
	Files    int `json:"files"` // that were found
	Read     int `json:"read"`  // of them, of a kind that is read
	Total    int `json:"total"` // findings
	Name     int `json:"verify_chain_and_name"`
	Chain    int `json:"verify_chain"`
	Dates    int `json:"verify_validity_dates_only"`
	Nothing  int `json:"verify_nothing"`
	Unknown  int `json:"verify_unknown"`
	Breaking int `json:"breaks"` // verdicts BREAKS
	// Skipped are the files that would have been read, with the reason.
	Skipped []Skip   `json:"skipped,omitempty"`
	CAs     []string `json:"cas,omitempty"` // in play
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
}

// Skip is a file that was not read.
type Skip struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// scanner is one scan: what it knows before it reads anything.
type scanner struct {
	opts    Options
	drivers map[string]clientconfig.Driver
	byName  map[string][]string // package -> driver IDs
	lines   []read.Line
	files   []read.File
	stores  *stores
}

func newScanner(opts Options) *scanner {
	s := &scanner{opts: opts, drivers: drivers.Index(), byName: map[string][]string{}, lines: read.Lines(), files: read.Files(), stores: newStores(opts)}
	for _, d := range drivers.All() {
		for _, name := range d.Packages {
			name = strings.ToLower(name)
			s.byName[name] = append(s.byName[name], d.ID)
		}
	}
	return s
}

// Drivers lists those that are known.
func Drivers() []clientconfig.Driver { return drivers.All() }

// Hide replaces the secrets of a text, for messages about it.
func Hide(text string) string { return read.Redact(text) }

// Tree reads files and directories. It returns what it has read when ctx ends,
// with ctx's error.
func Tree(ctx context.Context, paths []string, opts Options) (Report, error) {
	s := newScanner(opts)
	found, err := walk(ctx, paths)
	if err != nil {
		return Report{}, err
	}
	r := s.readAll(ctx, found)
	return r, ctx.Err()
}

// Summarise counts findings, those of Text for instance.
func Summarise(findings []Finding, opts Options) Report {
	r := Report{Findings: findings}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	r.count(opts)
	return r
}

func (r *Report) count(opts Options) {
	m := &r.Summary
	m.Total = len(r.Findings)
	for _, f := range r.Findings {
		switch f.Verifies {
		case clientconfig.VerifiesName:
			m.Name++
		case clientconfig.VerifiesChain:
			m.Chain++
		case clientconfig.VerifiesDates:
			m.Dates++
		case clientconfig.VerifiesNothing:
			m.Nothing++
		default:
			m.Unknown++
		}
		if f.Verdict == clientconfig.Breaks {
			m.Breaking++
		}
	}
	for _, ca := range opts.CAs {
		m.CAs = append(m.CAs, ca.ID)
	}
	slices.Sort(m.CAs)
	if opts.Change != nil {
		m.From, m.To = opts.Change.From, opts.Change.To
	}
}
