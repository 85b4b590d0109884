package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/evidence"
)

func TestParseSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"30d": "2026-05-11T12:00:00Z", "12h": "2026-06-10T00:00:00Z", "90m": "2026-06-10T10:30:00Z", "2026-06-01": "2026-06-01T00:00:00Z", "2026-06-01T10:00:00+02:00": "2026-06-01T08:00:00Z",
		"": "", "0d": "", "-3d": "", "-3h": "", "d": "", "30": "", "june": "", "999999999999d": "",
	} {
		got, err := parseSince(text, now)
		if (err == nil) != (want != "") || err == nil && got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q is %v, %v, want %q", text, got, err, want)
		}
	}
}

func TestSessionsRefusesWhatWouldHaveNoEffect(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"sessions":                                         "give one instance",
		"sessions a b":                                     "give one instance",
		"sessions a --endpoint b":                          "give one instance",
		"sessions a --watch 1m":                            "--watch has no effect",
		"sessions a --ca f":                                "--ca has no effect",
		"sessions postgres://h --plain":                    "--plain has no effect",
		"sessions postgres://h --data d":                   "--data has no effect",
		"sessions a --plain --refused --data /nonexistent": "give one of them",
		"sessions a --since yesterday":                     "--since is how long ago",
		"sessions a --follow on":                           "--follow needs --endpoint",
		"sessions --endpoint a --follow maybe":             "on or off",
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(line), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), says) {
			t.Errorf("%s: %d, %s", line, code, stderr.String())
		}
	}
}

func TestSessionsForPeople(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	client := func(change func(*evidence.Client)) evidence.Client {
		c := evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: "app", Source: "10.0.0.1", Application: "shop", TLS: evidence.Encrypted, Version: "TLSv1.3"}, First: at, Last: at, Count: 7}
		change(&c)
		return c
	}
	s := native.Sessions{Instance: "shop", Summary: evidence.Summary{Since: at, More: 3, Totals: evidence.Totals{Encrypted: 7, Plain: 1, Unknown: 2, Refused: 4},
		Clients: []evidence.Client{client(func(*evidence.Client) {}), client(func(c *evidence.Client) { c.TLS, c.How = evidence.Plain, evidence.FromView }),
			client(func(c *evidence.Client) { c.Kind, c.TLS = evidence.PlainRefused, evidence.Plain }), client(func(c *evidence.Client) { c.Kind, c.Why = evidence.HandshakeFailed, "unknown ca" }),
			client(func(c *evidence.Client) { c.Own = true }), client(func(c *evidence.Client) { c.Internal = true })},
		Coverage:   []evidence.Span{{How: evidence.FromLog, From: at, To: at.Add(time.Hour), Ended: "a file is gone"}, {How: evidence.FromCounter, From: at, To: at}},
		NeverPlain: evidence.Claim{Why: "there is a gap"}, UnknownReason: "it is off", Fix: "turn it on", Note: "folded"}, LookFailed: "refused"}
	var b bytes.Buffer
	if err := printSessions(&b, s); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"PLAIN", "sessions\n", "REFUSED, plain", "app (claimed)", "FAILED: unknown ca", "app (dbtls)", "app (server)", "… and 3 more clients",
		"shop since 2026-06-10T12:00:00Z: 7 logins with TLS, 1 without, 2 of which it is not known.", "4 tries without TLS", "2026-06-10T13:00Z (ended: a file is gone); its counters",
		"Nobody without TLS: UNKNOWN, there is a gap.", "Not known: it is off.", "To know it: turn it on.", "Note: folded.", "The look failed: refused."} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("it lacks %q:\n%s", part, b.String())
		}
	}
	if got := claimWords(evidence.Claim{Known: true, Holds: true, Why: "w"}) + claimWords(evidence.Claim{Known: true, Why: "w"}); got != "yes, wNO, w" {
		t.Error(got)
	}
}
