package read

import (
	"cmp"
	"slices"
	"strings"
)

// Hidden stands where a secret was.
const Hidden = "***"

// hiddenSpan is a part of a text, from its byte start up to end.
type hiddenSpan struct{ start, end int }

// Redact returns a text with the value of every secret in it replaced by
// Hidden: passwords in URLs, options and assignments, key store passwords,
// secrets on command lines. What it cannot tell is replaced too, so what comes
// out may say less than what went in; hosts, users and options mostly stay.
// It takes time in proportion to the text.
func Redact(text string) string {
	var all []hiddenSpan
	for _, find := range []func(string) []hiddenSpan{assigned, authorities, commandLines, callArguments, secretBlocks} {
		all = append(all, find(text)...)
	}
	slices.SortFunc(all, func(a, b hiddenSpan) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var b strings.Builder
	at := 0
	for _, s := range all {
		if s.end <= at || s.end <= s.start {
			continue
		}
		if s.start >= at {
			b.WriteString(text[at:s.start])
			b.WriteString(Hidden)
		}
		at = s.end // a span that begins in the one before is hidden with it
	}
	b.WriteString(text[at:])
	return b.String()
}

// secretBlocks finds what is a secret by its form alone: private keys in PEM and the
// fifth field of a line of a libpq password file.
func secretBlocks(text string) (all []hiddenSpan) {
	for at := 0; ; {
		begin := strings.Index(text[at:], "PRIVATE KEY-----")
		if begin < 0 {
			break
		}
		begin += at + len("PRIVATE KEY-----")
		end := strings.Index(text[begin:], "-----END")
		if end < 0 {
			return append(all, hiddenSpan{begin, len(text)})
		}
		all = append(all, hiddenSpan{begin, begin + end})
		at = begin + end + len("-----END")
		if skip := strings.Index(text[at:], "-----"); skip >= 0 {
			at += skip
		}
	}
	at := 0
	for line := range strings.SplitSeq(text, "\n") {
		if n := passwordField(line); n > 0 {
			all = append(all, hiddenSpan{at + n, at + len(strings.TrimRight(line, "\r"))})
		}
		at += len(line) + 1
	}
	return all
}

// passwordField is where the password begins in host:port:database:user:password
// (libpq's .pgpass; a colon in a field is written "\:"), 0 when the line is none.
func passwordField(line string) int {
	fields, start := 0, 0
	for n := 0; n < len(line); n++ {
		switch c := line[n]; {
		case c == '\\':
			n++
		case c == ' ' || c == '\t' || c == '/' || c == '#':
			return 0
		case c == ':':
			if field := line[start:n]; fields == 1 && field != "*" && !allDigits(field) {
				return 0
			}
			if fields++; fields == 4 {
				return n + 1
			}
			start = n + 1
		}
	}
	return 0
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
