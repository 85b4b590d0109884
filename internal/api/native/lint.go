package native

import (
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/fault"
)

// Bounds of a text to lint.
const (
	mostLintText  = 100_000 // bytes
	mostLintLines = 200
)

// LintRequest is a text with a connection string or a command line in each line.
type LintRequest struct {
	Text string `json:"text"`
	// From and To are the CAs of a planned change, both or none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// postLint says what strings do that somebody pasted. They are of another host:
// no file that they name is opened here.
func postLint(a *API, c *call) (any, error) {
	var q LintRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(q.Text) == "":
		return nil, fault.New(fault.MissingParameter, "give text: connection strings or command lines, one in a line")
	case len(q.Text) > mostLintText || strings.Count(strings.TrimRight(q.Text, "\n"), "\n") >= mostLintLines:
		return nil, fault.New(fault.InvalidParameter, "the text is longer than %d bytes or %d lines; for files and trees there is dbtls clients lint", mostLintText, mostLintLines)
	case (q.From == "") != (q.To == ""), q.From != "" && q.From == q.To:
		return nil, fault.New(fault.InvalidCombination, "a planned change has two ends; give from and to, which are different CAs, or none")
	}
	opts, err := a.lintOptions(c, q)
	if err != nil {
		return nil, err
	}
	found, err := scan.Lines(q.Text, opts)
	if err != nil {
		return nil, err
	}
	return scan.Summarise(found, opts), nil
}

// lintOptions puts the region's CAs in play.
func (a *API) lintOptions(c *call, q LintRequest) (scan.Options, error) {
	opts := scan.Options{NoFiles: true}
	region := c.caller.Region
	if err := a.Fleet.Authority.Await(c.r.Context(), region); err != nil {
		return opts, err
	}
	for _, ca := range a.Fleet.Authority.List(region, time.Now()) {
		opts.CAs = append(opts.CAs, scan.CA{ID: ca.ID, Root: ca.Root})
	}
	if q.From == "" {
		return opts, nil
	}
	for _, id := range []string{q.From, q.To} {
		if _, ok := a.Fleet.Authority.Get(region, id); !ok {
			return opts, fault.New(fault.CertificateNotFound, "%s has no CA %q; dbtls status lists them", region, id)
		}
	}
	opts.Change = &clientconfig.Change{From: q.From, To: q.To}
	return opts, nil
}
