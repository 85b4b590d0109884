package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

// The answers of --fail-on.
const (
	failBreaks  = "breaks"
	failBlind   = "does-not-verify"
	failUnknown = "unknown"
)

// linting is a command line of dbtls clients lint.
type linting struct {
	cas    clientsCAs
	driver string
	failOn []string
	json   bool
	sarif  bool
	list   bool
}

func clientsLint() *cobra.Command {
	var l linting
	c := &cobra.Command{
		Use:   "lint {FILE|DIR|STRING|-}...",
		Short: "Say what connection strings, commands and settings really verify",
		Long: `Say for each client that is configured somewhere whether it encrypts (never, maybe,
always), what it verifies (nothing, validity dates only, chain, chain and name), against
which trust store, and what to write instead. The word that is written is rarely the
answer: it depends on the driver and its version.

An argument is a file, a directory (read with all below it), a connection string or a
command line in quotes, or - for standard input with one of them per line. Versions of
drivers come from build files (pom.xml, package-lock.json, go.mod, ...) of the same
directory or those above it; say it with --driver for a string. Without a version, what
versions differ in is unknown. No password is printed.

With --ca, or a server's CAs by --data, trust stores are opened: which of the CAs do they
hold? With --from and --to a client is also judged: SAFE, BREAKS, DOES-NOT-VERIFY or
UNKNOWN. What cannot be proved is UNKNOWN.

The exit code is 0 when it was done, 1 when --fail-on found something, 2 when the command
line cannot be understood. The words and the fields of --json are described in
docs/clients.md.`,
		Example: `  dbtls clients lint src/
  dbtls clients lint 'jdbc:mysql://db1/shop?useSSL=true' --driver mysql-connector-j@8.0.33
  dbtls clients lint . --ca old-root.pem --ca new-root.pem --from old-root --to new-root --fail-on breaks
  grep -rhE 'jdbc:|postgres://' /etc/app | dbtls clients lint - --json | jq '.findings[].verifies'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return l.run(c, args) },
	}
	l.cas.flags(c)
	f := c.Flags()
	f.StringVar(&l.driver, "driver", "", "ID or ID@VERSION of the driver that strings are for; see --list-drivers")
	f.StringSliceVar(&l.failOn, "fail-on", nil, "exit with 1 when something "+failBreaks+", "+failBlind+" or is "+failUnknown+"; may be given several times")
	f.BoolVar(&l.json, "json", false, "print one JSON document")
	f.BoolVar(&l.sarif, "sarif", false, "print a SARIF 2.1.0 log, for code scanners")
	f.BoolVar(&l.list, "list-drivers", false, "print the drivers that are known and end")
	return c
}

func (l *linting) run(c *cobra.Command, args []string) error {
	if l.list {
		return listDrivers(c.OutOrStdout(), l.json)
	}
	opts, err := l.options(c, args)
	if err != nil {
		return err
	}
	findings, paths, err := l.strings(c, args, opts)
	if err != nil {
		return err
	}
	report := scan.Summarise(findings, opts)
	if len(paths) > 0 {
		shown := watchFiles(c.ErrOrStderr())
		opts.Progress = shown.step
		tree, err := scan.Tree(c.Context(), paths, opts)
		shown.clear()
		if err != nil {
			return err
		}
		tree.Findings = append(findings, tree.Findings...)
		whole := scan.Summarise(tree.Findings, opts)
		whole.Summary.Files, whole.Summary.Read, whole.Summary.Skipped = tree.Summary.Files, tree.Summary.Read, tree.Summary.Skipped
		report = whole
	}
	if err := l.print(c.OutOrStdout(), report); err != nil {
		return err
	}
	return l.judged(report)
}

// options checks the command line and finds the CAs in play.
func (l *linting) options(c *cobra.Command, args []string) (scan.Options, error) {
	var opts scan.Options
	switch {
	case len(args) == 0:
		return opts, usageError{errors.New("give a file, a directory, a connection string in quotes, or - for standard input; see: dbtls clients lint --help")}
	case l.json && l.sarif:
		return opts, usageError{errors.New("give one of --json and --sarif")}
	case countOf(args, "-") > 1:
		return opts, usageError{errors.New("standard input can be read once")}
	}
	for _, what := range l.failOn {
		if what != failBreaks && what != failBlind && what != failUnknown {
			return opts, usageError{fmt.Errorf("--fail-on is %s, %s or %s, not %q", failBreaks, failBlind, failUnknown, what)}
		}
		if what == failBreaks && (l.cas.from == "" || l.cas.to == "") {
			return opts, usageError{errors.New("--fail-on breaks needs the planned change; give --from CA and --to CA")}
		}
	}
	opts.Driver, opts.Version, _ = strings.Cut(l.driver, "@")
	if opts.Driver != "" && !slices.ContainsFunc(scan.Drivers(), func(d clientconfig.Driver) bool { return d.ID == opts.Driver }) {
		return opts, usageError{fmt.Errorf("no driver is called %q; dbtls clients lint --list-drivers shows those that are known", opts.Driver)}
	}
	var err error
	opts.CAs, opts.Change, err = l.cas.read(c)
	return opts, err
}

func countOf(args []string, what string) (n int) {
	for _, arg := range args {
		if arg == what {
			n++
		}
	}
	return n
}

// strings reads the arguments that are no files, and returns those that are.
func (l *linting) strings(c *cobra.Command, args []string, opts scan.Options) (findings []scan.Finding, paths []string, err error) {
	for _, arg := range args {
		var found []scan.Finding
		switch _, statErr := os.Stat(arg); {
		case arg == "-":
			found, err = lintLines(c.InOrStdin(), opts)
		case statErr == nil:
			paths = append(paths, arg)
		case scan.Recognised(arg, opts):
			found, err = scan.Text(arg, opts)
		default:
			err = usageError{fmt.Errorf("%q is neither a file, nor a directory, nor a connection string or command line that dbtls knows; it takes one of these, or - for standard input", scan.Hide(arg))}
		}
		if err != nil {
			return nil, nil, err
		}
		findings = append(findings, found...)
	}
	return findings, paths, nil
}

// lintLines reads one string per line.
func lintLines(in io.Reader, opts scan.Options) (all []scan.Finding, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, scan.MaxText)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		found, err := scan.Text(line, opts)
		if err != nil {
			return nil, about(fmt.Sprintf("line %d of standard input", n), err)
		}
		for _, f := range found {
			f.Line = n
			all = append(all, f)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, usageError{fmt.Errorf("line %d of standard input cannot be read: %w", n+1, err)}
	}
	return all, nil
}

// judged is the error of --fail-on, nil when nothing asked for was found.
func (l *linting) judged(r scan.Report) error {
	var why []string
	for _, what := range l.failOn {
		n := 0
		for _, f := range r.Findings {
			switch {
			case what == failBreaks && f.Verdict == clientconfig.Breaks,
				what == failBlind && f.DoesNotVerify(),
				what == failUnknown && (f.Verifies == clientconfig.VerifiesUnknown || f.Verdict == clientconfig.Unknown):
				n++
			}
		}
		if n > 0 {
			why = append(why, fmt.Sprintf("%s: %d of %d clients", what, n, len(r.Findings)))
		}
	}
	if len(why) > 0 {
		return errors.New(strings.Join(why, "; "))
	}
	return nil
}

// fileProgress is a line on a terminal while files are read, when that takes
// long. Methods of nil do nothing.
type fileProgress struct {
	w       io.Writer
	started time.Time
	drawn   time.Time
}

func watchFiles(w io.Writer) *fileProgress {
	if !onTerminal(w) {
		return nil
	}
	return &fileProgress{w: w, started: time.Now()}
}

func (p *fileProgress) step(done, all int) {
	if p == nil || time.Since(p.started) < time.Second || time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	fmt.Fprintf(p.w, "\r%d of %d files read\x1b[K", done, all)
}

func (p *fileProgress) clear() {
	if p != nil && !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
