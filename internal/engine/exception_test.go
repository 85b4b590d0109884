package engine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseExceptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, want string }{
		"none":                         {"", ""},
		"a user from an address":       {"exporter@10.1.2.3=2026-12-31T00:00:00Z", "exporter@10.1.2.3=2026-12-31T00:00:00Z"},
		"a date ends with its day":     {"exporter@10.1.2.3=2026-12-31", "exporter@10.1.2.3=2027-01-01T00:00:00Z"},
		"a network, host bits dropped": {"*@10.1.2.3/16=2026-12-31", "*@10.1.0.0/16=2027-01-01T00:00:00Z"},
		"a user from everywhere":       {"old@*=2026-12-31", "old@*=2027-01-01T00:00:00Z"},
		"IPv6":                         {"app@fd00::1=2026-12-31", "app@fd00::1=2027-01-01T00:00:00Z"},
		"a user with an @":             {"app@corp@10.0.0.1=2026-12-31", "app@corp@10.0.0.1=2027-01-01T00:00:00Z"},
		"several, sorted, each once":   {" b@*=2026-12-31 ,, a@*=2026-12-31,b@*=2026-12-31", "a@*=2027-01-01T00:00:00Z,b@*=2027-01-01T00:00:00Z"},
		"another time zone":            {"a@*=2026-12-31T01:00:00+02:00", "a@*=2026-12-30T23:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := ParseExceptions(c.value)
			if got := FormatExceptions(all); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestParseExceptionsRefuses(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("a@10.0.0.1=2026-12-31,", maxExceptions) + "b@10.0.0.1=2026-12-31"
	for value, want := range map[string]string{
		"exporter":                    "write USER@SOURCE=UNTIL",
		"exporter@10.0.0.1":           "write USER@SOURCE=UNTIL",
		"@10.0.0.1=2026-12-31":        "write USER@SOURCE=UNTIL",
		"a@=2026-12-31":               "write USER@SOURCE=UNTIL",
		"*@*=2026-12-31":              "no forced TLS at all",
		"a@10.0.0.300=2026-12-31":     "neither an address nor a network",
		"a@10.0.0.0/33=2026-12-31":    "neither an address nor a network",
		"a@shop.example=2026-12-31":   "neither an address nor a network",
		"a@*=tomorrow":                "neither a date",
		"a b@*=2026-12-31":            "has a character",
		"a\n@10.0.0.1=2026-12-31":     "has a character",
		`a"@10.0.0.1=2026-12-31`:      "has a character",
		"a#@10.0.0.1=2026-12-31":      "has a character",
		many:                          "are more than",
		"a@10.0.0.1=2026-12-31T25:00": "neither a date",
	} {
		if all, err := ParseExceptions(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", value, all, err, want)
		}
	}
}

func TestAnExceptionCoversUntilItsEnd(t *testing.T) {
	t.Parallel()
	all, err := ParseExceptions("exporter@10.1.0.0/16=2026-12-31,old@*=2026-12-31,*@fd00::/8=2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	before := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	covers := func(user, source string, at time.Time) bool {
		return slices.ContainsFunc(all, func(x Exception) bool { return x.Covers(user, source, at) })
	}
	for name, c := range map[string]struct {
		user, source string
		at           time.Time
		want         bool
	}{
		"user and network":           {"exporter", "10.1.200.1", before, true},
		"mapped address":             {"exporter", "::ffff:10.1.200.1", before, true},
		"another network":            {"exporter", "10.2.0.1", before, false},
		"another user":               {"app", "10.1.200.1", before, false},
		"a user from everywhere":     {"old", "192.0.2.1", before, true},
		"everybody from a network":   {"app", "fd00::9", before, true},
		"a source that is not known": {"exporter", "", before, false},
		"its end":                    {"old", "192.0.2.1", before.Add(time.Second), false},
	} {
		if got := covers(c.user, c.source, c.at); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func FuzzParseExceptions(f *testing.F) {
	for _, s := range []string{"a@10.0.0.1=2026-12-31", "*@10.0.0.0/8=2026-12-31T00:00:00Z", "a@b@*=2026-01-01", "=@=", "a@::ffff:1.2.3.4/100=2026-12-31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := ParseExceptions(s)
		if err != nil {
			return
		}
		text := FormatExceptions(all)
		again, err := ParseExceptions(text)
		if err != nil || FormatExceptions(again) != text {
			t.Fatalf("%q becomes %q and then %v, %v", s, text, again, err)
		}
	})
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"psql": "psql", "": "", "a\nb\x1b[31mc": "a?b?[31mc", "\xff\xfe": "?", "e\u202efdp.exe": "e?fdp.exe",
		"naïve 表": "naïve 表", strings.Repeat("é", 200): strings.Repeat("é", 128),
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
