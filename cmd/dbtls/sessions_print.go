package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/evidence"
)

// printSessions is the form for people: clients, then what is known in sentences.
func printSessions(w io.Writer, s native.Sessions) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USER\tSOURCE\tAPPLICATION\tDATABASE\tTLS\tVERSION\tCIPHER\tFIRST SEEN\tLAST SEEN\tCOUNT\tKNOWN FROM")
	for _, c := range s.Clients {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", sessionUser(c), orDash(c.Source), orDash(c.Application), orDash(c.Name),
			sessionState(c), orDash(c.Version), orDash(c.Cipher), minute(c.First), minute(c.Last), c.Count, knownFrom(c.How))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print sessions: %w", err)
	}
	_, err := io.WriteString(w, sessionWords(s))
	return err
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

func sessionUser(c evidence.Client) string {
	user := cmp.Or(c.User, "-")
	switch {
	case c.Own:
		return user + " (dbtls)"
	case c.Internal:
		return user + " (server)"
	case c.Kind != evidence.Login && c.User != "":
		return user + " (claimed)"
	}
	return user
}

// sessionState is how a client was in, or why it was not.
func sessionState(c evidence.Client) string {
	switch {
	case c.Kind == evidence.PlainRefused:
		return "REFUSED, plain"
	case c.Kind == evidence.HandshakeFailed:
		return "FAILED: " + c.Why
	case c.Internal:
		return "-"
	case c.TLS == evidence.Plain:
		return "PLAIN"
	}
	return string(c.TLS)
}

func knownFrom(h evidence.How) string {
	switch h {
	case evidence.FromView:
		return "sessions"
	case evidence.FromCounter:
		return "counters"
	}
	return string(h)
}

// sessionWords are the sentences under the table.
func sessionWords(s native.Sessions) string {
	var b strings.Builder
	if s.More > 0 {
		fmt.Fprintf(&b, "… and %d more clients (--limit)\n", s.More)
	}
	fmt.Fprintf(&b, "\n%s since %s: %d logins with TLS, %d without", cmp.Or(s.Instance, s.Endpoint), s.Since.UTC().Format(time.RFC3339), s.Encrypted, s.Plain)
	if s.Unknown > 0 {
		fmt.Fprintf(&b, ", %d of which it is not known", s.Unknown)
	}
	b.WriteString(".\n")
	if s.Refused+s.FailedHandshakes > 0 {
		fmt.Fprintf(&b, "Not let in: %d tries without TLS, %d handshakes that failed.\n", s.Refused, s.FailedHandshakes)
	}
	fmt.Fprintf(&b, "%s\nNobody without TLS: %s.\n", coverageWords(s.Coverage), claimWords(s.NeverPlain))
	for _, line := range []struct{ label, text string }{
		{"Not known", s.UnknownReason}, {"To know it", s.Fix}, {"Note", s.Note}, {"The look failed", s.LookFailed},
	} {
		if line.text != "" {
			fmt.Fprintf(&b, "%s: %s.\n", line.label, strings.TrimSuffix(line.text, "."))
		}
	}
	if s.Followed != nil && *s.Followed {
		b.WriteString("The server looks at this endpoint every minute.\n")
	}
	return b.String()
}

// claimWords says whether a claim holds, does not, or is not known, and why.
func claimWords(c evidence.Claim) string {
	switch {
	case !c.Known:
		return "UNKNOWN, " + c.Why
	case c.Holds:
		return "yes, " + c.Why
	}
	return "NO, " + c.Why
}

// coverageWords says by which source it was watched from when to when.
func coverageWords(spans []evidence.Span) string {
	if len(spans) == 0 {
		return "It was not watched in that time."
	}
	const most = 6
	var b strings.Builder
	b.WriteString("Watched by")
	for n, s := range spans[max(len(spans)-most, 0):] {
		if n > 0 {
			b.WriteString(";")
		}
		fmt.Fprintf(&b, " %s %s to %s", map[evidence.How]string{
			evidence.FromLog: "the server's log", evidence.FromView: "looks at its sessions", evidence.FromCounter: "its counters", evidence.FromReport: "reports",
		}[s.How], minute(s.From), minute(s.To))
		if s.Ended != "" {
			fmt.Fprintf(&b, " (ended: %s)", s.Ended)
		}
	}
	b.WriteString(".")
	if n := len(spans) - most; n > 0 {
		fmt.Fprintf(&b, " %d earlier spans are in --json.", n)
	}
	return b.String()
}
