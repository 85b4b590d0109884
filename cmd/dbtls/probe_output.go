package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// probeOutput prints reports as they come: lines of JSON, one page for a
// single target, a row each for many.
type probeOutput struct {
	out   io.Writer
	json  bool
	many  bool
	bar   *progress // nil: none
	shown int
}

func newProbeOutput(c *cobra.Command, p *probing) *probeOutput {
	o := &probeOutput{out: c.OutOrStdout(), json: p.json, many: p.total() != 1}
	if errs := c.ErrOrStderr(); o.many && onTerminal(errs) {
		o.bar = &progress{w: errs, total: p.total()}
	}
	return o
}

func (o *probeOutput) report(r probe.Report) error {
	o.shown++
	o.bar.clear()
	err := o.print(r)
	o.bar.draw(o.shown, r.OK)
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

func (o *probeOutput) print(r probe.Report) error {
	switch {
	case o.json:
		return printLine(o.out, r)
	case o.many:
		return o.row(r)
	}
	return printPage(o.out, r)
}

func (o *probeOutput) end() { o.bar.clear() }

// row is a target in a line. The table is printed while it grows, so its
// columns have set widths.
func (o *probeOutput) row(r probe.Report) error {
	const format = "%-44s  %-26s  %-11s  %-7s  %7s  %s\n"
	if o.shown == 1 {
		if _, err := fmt.Fprintf(o.out, format, "TARGET", "RESULT", "STRICTEST", "TLS", "DAYS", "WARNINGS"); err != nil {
			return err
		}
	}
	result, version, days := "ok", "-", "-"
	if !r.OK {
		result = string(r.Code)
	}
	if r.TLS != nil {
		version = r.TLS.Version
	}
	if len(r.Chain) > 0 {
		days = fmt.Sprintf("%.1f", r.Chain[0].DaysLeft)
	}
	var warnings []string
	for _, w := range r.Warnings {
		warnings = append(warnings, string(w.Code))
	}
	_, err := fmt.Fprintf(o.out, format, r.Target, result, orDash(string(r.Strictest)), version, days, orDash(strings.Join(warnings, ",")))
	return err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// printPage is all about one target.
func printPage(w io.Writer, r probe.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", r.Target, r.Engine)
	if r.ServerVersion != "" {
		fmt.Fprintf(&b, ", server version %s", r.ServerVersion)
	}
	b.WriteString("\n")
	if r.TLS != nil {
		fmt.Fprintf(&b, "%s, %s, key exchange %s\n", r.TLS.Version, r.TLS.Cipher, orDefault(r.TLS.Group, "RSA"))
	}
	writeChain(&b, r)
	fmt.Fprintf(&b, "\nA client that connects to %s and trusts %s:\n", r.Name, trustWords(r.Trust))
	for _, v := range r.Verdicts {
		writeVerdict(&b, v, v.Mode == r.Mode)
	}
	if m := r.Trust.Lacks; m != nil {
		fmt.Fprintf(&b, "\nThe trust given lacks  %s\n", m.Subject)
		if m.KeyID != "" {
			fmt.Fprintf(&b, "              key id   %s\n", m.KeyID)
		}
		if m.SHA256 != "" {
			fmt.Fprintf(&b, "              SHA-256  %s\n", m.SHA256)
		}
	}
	for i, warning := range r.Warnings {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "warning: %s (%s)\n", warning.Text, warning.Code)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orDefault(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func trustWords(t probe.TrustReport) string {
	if t.Source == systemTrust {
		return fmt.Sprintf("this system's %d roots (give --ca for others)", t.Anchors)
	}
	return fmt.Sprintf("the %d roots of %s", t.Anchors, t.Source)
}

// maxNames is how many names of a certificate a page shows.
const maxNames = 8

func writeChain(b *strings.Builder, r probe.Report) {
	for i, c := range r.Chain {
		what := "CA"
		switch {
		case i == 0:
			what = "server"
		case c.SelfSign:
			what = "root"
		case !c.CA:
			what = "no CA"
		}
		fmt.Fprintf(b, "\n%d  %-6s  %s\n", i, what, c.Subject)
		fmt.Fprintf(b, "   issuer  %s\n", c.Issuer)
		if len(c.Names) > 0 {
			more := ""
			if len(c.Names) > maxNames {
				more = fmt.Sprintf(" and %d more", len(c.Names)-maxNames)
			}
			fmt.Fprintf(b, "   names   %s%s\n", strings.Join(c.Names[:min(len(c.Names), maxNames)], ", "), more)
		}
		fmt.Fprintf(b, "   valid   %s to %s, %s\n", c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339), daysLeft(c.DaysLeft))
		fmt.Fprintf(b, "   key     %s %d, signed with %s\n   SHA-256 %s\n", c.Key, c.KeyBits, c.Signature, c.SHA256)
	}
	if more := r.ChainLength - len(r.Chain); more > 0 {
		fmt.Fprintf(b, "   and %d more certificates\n", more)
	}
}

func daysLeft(days float64) string {
	if days < 0 {
		return fmt.Sprintf("over for %.1f days", math.Abs(days))
	}
	return fmt.Sprintf("%.1f days left", days)
}

func writeVerdict(b *strings.Builder, v probe.Verdict, asked bool) {
	mark := " "
	if asked {
		mark = "*"
	}
	if v.WouldConnect {
		fmt.Fprintf(b, "%s %-12s connects", mark, v.Mode)
		if v.Mode == pki.SSLNone {
			fmt.Fprintf(b, ": %s", v.Reason)
		}
		b.WriteString("\n")
		return
	}
	fmt.Fprintf(b, "%s %-12s DOES NOT CONNECT  %s (%s)\n", mark, v.Mode, v.Code, v.Stage)
	if asked {
		fmt.Fprintf(b, "               %s\n", v.Reason)
		if v.Fix != "" {
			fmt.Fprintf(b, "               fix: %s\n", v.Fix)
		}
	}
}

// onTerminal reports whether a person watches w.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
