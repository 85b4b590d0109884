package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// probing is a command line of dbtls probe.
type probing struct {
	mode        string
	trust       probeTrust
	serverName  string
	direct      bool
	legacy      bool
	json        bool
	list        string // file of targets, "" for none
	concurrency int
	perHost     float64
	timeout     time.Duration
	args        []string
	urls        engines.URLs
	listed      int  // targets in list
	counted     bool // listed is right
}

func probeCommand() *cobra.Command {
	p := probing{urls: engines.NewURLs()}
	c := &cobra.Command{
		Use:   "probe {ENGINE://HOST:PORT ...|--targets FILE}",
		Short: "Show what a database presents over TLS, and whether clients accept it",
		Long: `Make a TLS handshake with databases as their clients do, without logging in, and say
what each presents (protocol, cipher, the chain as received) and what a client decides
about it in every SSL mode: none, require, verify-ca, verify-full. No dbtls server is
needed. Nothing falls back: to no laxer mode, and to no connection without TLS.

ENGINE is one of ` + strings.Join(p.urls.Schemes(), ", ") + `.
The port may be left out; an IPv6 address stands in brackets.

Without --ca or --wallet the chain is judged against this system's roots.

A probe ends before the login. MySQL and MariaDB count each as an aborted connect and
may block a host after max_connect_errors of them; every server logs something. So a
host is asked at most --rate-per-host times a second.

The exit code is 0 when a client in --ssl-mode connects to every target, 1 when to one
it does not, 2 when the command line or a target cannot be understood. With --json each
target is one line; its fields and the codes are described in docs/probe.md.`,
		Example: `  dbtls probe postgres://127.83.1.2:5432 --ca us-east-1-bundle.pem
  dbtls probe oracle://db1.example.com:2484 --wallet /opt/client-wallet --ssl-mode verify-ca
  dbtls probe --targets fleet.txt --ca ca.pem --json | jq -r 'select(.ok|not) | [.target, .code] | @tsv'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			p.args = args
			return p.run(c)
		},
	}
	p.flags(c)
	return c
}

func (p *probing) flags(c *cobra.Command) {
	p.trust.flags(c)
	f := c.Flags()
	f.StringVar(&p.mode, "ssl-mode", string(pki.SSLVerifyFull), "what the client checks: none, require, verify-ca or verify-full")
	f.StringVar(&p.serverName, "server-name", "", "name to send (SNI) and to find in the certificate (default: the host)")
	f.BoolVar(&p.direct, "direct", false, "speak TLS from the first byte where the product also has a preamble (PostgreSQL 17, TDS 8.0)")
	f.BoolVar(&p.legacy, "legacy-tls", false, "offer TLS 1.0 and 1.1, RSA key exchange and CBC and 3DES ciphers too")
	f.DurationVar(&p.timeout, "timeout", 5*time.Second, "how long to wait for each target")
	f.BoolVar(&p.json, "json", false, "print one JSON object per line and target")
	f.StringVar(&p.list, "targets", "", "file with one target per line and comments after #; - is standard input")
	f.IntVar(&p.concurrency, "concurrency", 64, "targets probed at once")
	f.Float64Var(&p.perHost, "rate-per-host", 5, "probes of one host per second; 0 for no limit")
}

// sweepGC keeps a sweep's own memory at some 8 MiB, for a tenth more of CPU than
// the runtime's 100.
const sweepGC = 50

func (p *probing) run(c *cobra.Command) error {
	if err := p.check(); err != nil {
		return err
	}
	trust, err := p.trust.read(c)
	if err != nil {
		return err
	}
	if err := p.count(); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		// A sweep makes much garbage and keeps little, however long the list.
		defer debug.SetGCPercent(debug.SetGCPercent(sweepGC))
	}
	out := newProbeOutput(c, p)
	failed := 0
	sweep := probe.Sweep{Concurrency: p.concurrency, PerHost: p.perHost, Timeout: p.timeout}
	err = sweep.Run(c.Context(), p.questions(c.InOrStdin(), trust), func(r probe.Report) error {
		if !r.OK {
			failed++
		}
		return out.report(r)
	})
	out.end()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted; not every target was probed")
	case err != nil:
		return err
	case failed == 1 && out.shown == 1:
		return fmt.Errorf("a client in mode %s does not connect", p.mode)
	case failed > 0:
		return fmt.Errorf("to %d of %d targets a client in mode %s does not connect", failed, out.shown, p.mode)
	}
	return nil
}

// check refuses what no probe can be made of.
func (p *probing) check() error {
	switch pki.SSLMode(p.mode) {
	case pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull:
	default:
		return usageError{fmt.Errorf("--ssl-mode is none, require, verify-ca or verify-full, not %q", p.mode)}
	}
	switch {
	case len(p.args) == 0 && p.list == "":
		return usageError{errors.New("give a server as ENGINE://HOST:PORT, or --targets FILE; see: dbtls probe --help")}
	case p.concurrency < 1 || p.concurrency > 4096:
		return usageError{fmt.Errorf("--concurrency is 1 to 4096, not %d", p.concurrency)}
	case !(p.perHost >= 0 && p.perHost <= 1e6): // NaN is in no range
		return usageError{fmt.Errorf("--rate-per-host is 0 to 1000000, not %v", p.perHost)}
	case p.timeout <= 0:
		return usageError{fmt.Errorf("--timeout is more than 0, not %v", p.timeout)}
	case p.list == "-" && p.trust.usesStdin():
		return usageError{errors.New("standard input can be the targets, the CAs or the password, one of them")}
	}
	for _, text := range p.args {
		if _, err := p.urls.Parse(text); err != nil {
			return usageError{err}
		}
	}
	return nil
}

// count reads a list of targets through before the first is probed: a mistake
// in it is found at once, and the progress has an end. Standard input is read
// once and while probing.
func (p *probing) count() error {
	if p.list == "" || p.list == "-" {
		return nil
	}
	st, err := os.Stat(p.list)
	if err != nil {
		return fmt.Errorf("read targets: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil // a pipe can be read once too
	}
	for _, err := range p.lines(nil) {
		if err != nil {
			return err
		}
		p.listed++
	}
	p.counted = true
	return nil
}

// total is how many targets there are, -1 when that shows later.
func (p *probing) total() int {
	if p.list != "" && !p.counted {
		return -1
	}
	return len(p.args) + p.listed
}

// lines are the parsed targets of the list.
func (p *probing) lines(stdin io.Reader) iter.Seq2[parsed, error] {
	return func(yield func(parsed, error) bool) {
		in := stdin
		if p.list != "-" {
			f, err := os.Open(p.list)
			if err != nil {
				yield(parsed{}, fmt.Errorf("read targets: %w", err))
				return
			}
			defer f.Close()
			in = f
		}
		for line, err := range probe.Lines(in) {
			var u engines.URL
			if fault.CodeOf(err) == fault.InvalidParameter {
				err = usageError{errors.New(fault.Public(err))}
			} else if err == nil {
				u, err = p.urls.Parse(line.Text)
				if err != nil {
					err = usageError{fmt.Errorf("line %d of %s: %w", line.Number, p.list, err)}
				}
			}
			if !yield(parsed{line.Text, u}, err) || err != nil {
				return
			}
		}
	}
}

// parsed is a target and its text.
type parsed struct {
	text string
	url  engines.URL
}

// questions are the arguments' and then the list's.
func (p *probing) questions(stdin io.Reader, trust *probe.Trust) iter.Seq2[probe.Question, error] {
	return func(yield func(probe.Question, error) bool) {
		for _, text := range p.args {
			u, err := p.urls.Parse(text)
			if !yield(p.question(parsed{text, u}, trust), err) {
				return
			}
		}
		if p.list == "" {
			return
		}
		for l, err := range p.lines(stdin) {
			if err != nil {
				yield(probe.Question{}, err)
				return
			}
			if !yield(p.question(l, trust), nil) {
				return
			}
		}
	}
}

func (p *probing) question(t parsed, trust *probe.Trust) probe.Question {
	name := t.url.Host
	if p.serverName != "" {
		name = p.serverName
	}
	return probe.Question{
		Label: t.text, Name: name, Mode: pki.SSLMode(p.mode), Trust: trust,
		Target: probe.Target{
			Engine: t.url.Engine, Address: t.url.Address(), ServerName: probe.SNI(name),
			Start: engine.Start{Direct: p.direct}, Legacy: p.legacy,
		},
	}
}
