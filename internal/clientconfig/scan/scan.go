// Package scan reads the configurations of clients where they are kept: in a
// source tree, a file, a line of text. It adds to what clientconfig/read makes
// of a text the versions that build files name, looks whether trust stores hold
// the CAs in play, and judges a planned change. It opens files and nothing else:
// it connects to no server and asks no variable of the environment, because
// what it looks at mostly runs elsewhere.
package scan

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
	"github.com/dbtls/dbtls/internal/clientconfig/read"
	"github.com/dbtls/dbtls/internal/fault"
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
	Holds    *Holds                 `json:"holds,omitempty"` // nil: no trust store with a path
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
	s := &scanner{opts: opts, drivers: drivers.Index(), byName: map[string][]string{}, lines: read.Lines(), files: read.Files(), stores: newStores(opts.CAs)}
	for _, d := range drivers.All() {
		for _, name := range d.Packages {
			name = strings.ToLower(name)
			s.byName[name] = append(s.byName[name], d.ID)
		}
	}
	return s
}

// Text reads one connection string or command line. What no reader knows is a
// finding whose driver and answers are unknown.
func Text(line string, opts Options) ([]Finding, error) {
	if len(line) > MaxText {
		return nil, fault.New(fault.InvalidParameter, "the text is longer than %d bytes, which no connection string is", MaxText)
	}
	s := newScanner(opts)
	all := s.text(line)
	if len(all) == 0 {
		all = []clientconfig.Settings{{Text: read.Redact(line)}}
	}
	return s.judge(all, "."), nil
}

// Recognised reports whether a text is a connection string or a command line
// of a driver that is known.
func Recognised(line string, opts Options) bool {
	return len(line) <= MaxText && len(newScanner(opts).text(line)) > 0
}

// Drivers lists those that are known.
func Drivers() []clientconfig.Driver { return drivers.All() }

// Hide replaces the secrets of a text, for messages about it.
func Hide(text string) string { return read.Redact(text) }

// text asks the readers of lines in their order.
func (s *scanner) text(line string) []clientconfig.Settings {
	hints := s.asked(nil)
	for _, reader := range s.lines {
		if all := reader(strings.TrimSpace(line), hints); len(all) > 0 {
			return s.withVersion(all)
		}
	}
	return nil
}

// asked are hints with the driver that the caller named.
func (s *scanner) asked(hints map[string]read.Hint) map[string]read.Hint {
	if s.opts.Driver == "" {
		return hints
	}
	return map[string]read.Hint{s.opts.Driver: {Version: s.opts.Version, From: "--driver"}}
}

// withVersion gives the version the caller named to what is of his driver.
func (s *scanner) withVersion(all []clientconfig.Settings) []clientconfig.Settings {
	for n := range all {
		if s.opts.Version != "" && all[n].Driver == s.opts.Driver {
			all[n].Version, all[n].From = s.opts.Version, "--driver"
		}
	}
	return all
}

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
