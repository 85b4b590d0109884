package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

// maxShown is how much of a string a page shows, in characters.
const maxShown = 160

func (l *linting) print(w io.Writer, r scan.Report) error {
	switch {
	case l.json:
		return printJSON(w, r)
	case l.sarif:
		log, err := scan.SARIF(r, version)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w, string(log))
		return err
	}
	var b strings.Builder
	widths := columnWidths(r.Findings)
	last := "\x00"
	for n, f := range r.Findings {
		if f.File != last {
			if n > 0 {
				b.WriteString("\n")
			}
			fmt.Fprintln(&b, cmp.Or(f.File, "strings"))
			last = f.File
		}
		writeFinding(&b, f, widths)
	}
	if len(r.Findings) > 0 {
		b.WriteString("\n")
	}
	writeSummary(&b, r.Summary)
	_, err := io.WriteString(w, b.String())
	return err
}

// columns are what one line says of a client.
func columns(f scan.Finding) []string {
	place := ""
	if f.Line > 0 {
		place = fmt.Sprint(f.Line)
	}
	driver := cmp.Or(f.Driver, "unknown driver")
	if f.Version != "" {
		driver += " " + f.Version
	}
	all := []string{place, driver, "encrypts " + string(f.Encrypts), "verifies " + string(f.Verifies), trustCell(f)}
	if f.Verdict != "" {
		all = append(all, string(f.Verdict))
	}
	return all
}

// trustCell name the trust store, and which CAs in play it holds.
func trustCell(f scan.Finding) string {
	words := cmp.Or(f.Trust.Path, string(f.Trust.Kind))
	switch {
	case f.Trust.Kind == clientconfig.TrustNone:
		return "-"
	case f.Trust.Kind == clientconfig.TrustUnknown:
		words = cmp.Or(f.Trust.Path, "unknown store")
	case f.Trust.Kind == clientconfig.TrustServer:
		words = "the certificate itself"
	}
	switch {
	case f.Holds == nil:
	case !f.Holds.Known:
		words += " (not looked at: " + f.Holds.Why + ")"
	case len(f.Holds.CAs) > 0:
		words += " (holds " + strings.Join(f.Holds.CAs, ", ") + ")"
	}
	return words
}

func columnWidths(all []scan.Finding) []int {
	widths := make([]int, 6)
	for _, f := range all {
		for n, text := range columns(f) {
			widths[n] = min(max(widths[n], len(text)), 48)
		}
	}
	return widths
}

func writeFinding(b *strings.Builder, f scan.Finding, widths []int) {
	line := " "
	for n, text := range columns(f) {
		line += fmt.Sprintf(" %-*s ", widths[n], oneLine(text))
	}
	fmt.Fprintln(b, strings.TrimRight(line, " "))
	indent := strings.Repeat(" ", widths[0]+4)
	if f.Text != "" {
		fmt.Fprintf(b, "%s%s\n", indent, oneLine(f.Text))
	}
	fmt.Fprintf(b, "%swhy: %s\n", indent, f.Why)
	if f.Fix != "" {
		fmt.Fprintf(b, "%sfix: %s\n", indent, f.Fix)
	}
	for _, note := range f.Notes {
		fmt.Fprintf(b, "%snote: %s\n", indent, oneLine(note))
	}
	if f.From != "" {
		fmt.Fprintf(b, "%sversion from %s\n", indent, f.From)
	}
}

// oneLine is plain, cut to what a page shows of it.
func oneLine(text string) string {
	text = plain(text)
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	return text
}

// plain is a text that a terminal shows and does nothing else with.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func writeSummary(b *strings.Builder, s scan.Summary) {
	where := ""
	if s.Files > 0 {
		where = fmt.Sprintf(" in %d of %d files", s.Read, s.Files)
	}
	fmt.Fprintf(b, "%d clients%s: %d verify chain and name, %d the chain, %d the dates alone, %d nothing, %d unknown\n", s.Total, where, s.Name, s.Chain, s.Dates, s.Nothing, s.Unknown)
	if s.To != "" {
		fmt.Fprintf(b, "change from %s to %s: %d break\n", s.From, s.To, s.Breaking)
	}
	for n, skip := range s.Skipped {
		if n == 10 {
			fmt.Fprintf(b, "and %d more files were not read\n", len(s.Skipped)-n)
			break
		}
		fmt.Fprintf(b, "not read: %s (%s)\n", oneLine(skip.File), skip.Why)
	}
}

// listedDriver is a driver in --list-drivers --json.
type listedDriver struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Engine   string   `json:"engine"`
	Packages []string `json:"packages"`
	Rules    int      `json:"rules"`
	Measured int      `json:"measured"`
}

func listDrivers(w io.Writer, asJSON bool) error {
	var all []listedDriver
	for _, d := range scan.Drivers() {
		one := listedDriver{ID: d.ID, Name: d.Name, Engine: d.Engine, Packages: append([]string{}, d.Packages...), Rules: len(d.Rules)}
		for _, r := range d.Rules {
			if r.Proof == clientconfig.Measured {
				one.Measured++
			}
		}
		all = append(all, one)
	}
	if asJSON {
		return printJSON(w, all)
	}
	fmt.Fprintf(w, "%-26s %-14s %-8s %-9s %s\n", "DRIVER", "ENGINE", "RULES", "MEASURED", "NAME")
	for _, d := range all {
		fmt.Fprintf(w, "%-26s %-14s %-8d %-9d %s\n", d.ID, cmp.Or(d.Engine, "-"), d.Rules, d.Measured, d.Name)
	}
	return nil
}
