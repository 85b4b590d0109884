package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Exception lets somebody in without TLS until a time. At least one of User and
// Source is set.
type Exception struct {
	User   string       // "" for every user
	Source netip.Prefix // the zero value for every source
	Until  time.Time
}

// maxExceptions bounds a list: one that is longer is a sign that TLS is not to
// be forced yet.
const maxExceptions = 50

// ParseExceptions reads a list of exceptions as a parameter's value has it:
// USER@SOURCE=UNTIL, separated by commas; * is every user or every source,
// SOURCE is an address or a network, UNTIL a time of RFC 3339 or a date, which
// ends with that day in UTC. "exporter@10.1.0.0/16=2026-12-31".
func ParseExceptions(value string) ([]Exception, error) {
	var all []Exception
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		x, err := parseException(item)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	if len(all) > maxExceptions {
		return nil, fmt.Errorf("%d exceptions are more than %d: move those clients to TLS first, or force it later", len(all), maxExceptions)
	}
	return all, nil
}

func parseException(item string) (Exception, error) {
	form := fmt.Errorf("%q is no exception; write USER@SOURCE=UNTIL, such as exporter@10.1.2.3=2026-12-31 (* for every user or every source)", item)
	who, until, ok := cutLast(item, "=")
	user, source, ok2 := cutLast(who, "@")
	if !ok || !ok2 || user == "" || source == "" {
		return Exception{}, form
	}
	if strings.ContainsFunc(user, notInException) {
		return Exception{}, fmt.Errorf("the user of %q has a character that such a list cannot hold (space, quote, comma, #, \\)", item)
	}
	x := Exception{User: user}
	if user == "*" {
		x.User = ""
	}
	var err error
	if source != "*" {
		if x.Source, err = parseSource(source); err != nil {
			return Exception{}, fmt.Errorf("%q is neither an address nor a network: %w", source, err)
		}
	}
	if x.User == "" && !x.Source.IsValid() {
		return Exception{}, fmt.Errorf("an exception for every user from everywhere is no forced TLS at all; name a user or a source")
	}
	if x.Until, err = parseUntil(until); err != nil {
		return Exception{}, fmt.Errorf("%q is neither a date (2026-12-31) nor a time of RFC 3339", until)
	}
	return x, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	n := strings.LastIndex(s, sep)
	if n < 0 {
		return s, "", false
	}
	return s[:n], s[n+len(sep):], true
}

func notInException(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune("\"'`,#\\", r)
}

func parseSource(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()), nil
}

func parseUntil(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err
}

// FormatExceptions is the value that ParseExceptions reads, sorted.
func FormatExceptions(all []Exception) string {
	items := make([]string, len(all))
	for n, x := range all {
		items[n] = x.String()
	}
	slices.Sort(items)
	return strings.Join(slices.Compact(items), ",")
}

// String is the exception as ParseExceptions reads it.
func (x Exception) String() string {
	user, source := "*", "*"
	if x.User != "" {
		user = x.User
	}
	if x.Source.IsValid() {
		source = x.Source.String()
		if x.Source.IsSingleIP() {
			source = x.Source.Addr().String()
		}
	}
	return user + "@" + source + "=" + x.Until.UTC().Format(time.RFC3339)
}

// Covers reports whether the exception lets a client in at t.
func (x Exception) Covers(user, source string, t time.Time) bool {
	if !t.Before(x.Until) || (x.User != "" && x.User != user) {
		return false
	}
	if !x.Source.IsValid() {
		return true
	}
	a, err := netip.ParseAddr(source)
	return err == nil && x.Source.Contains(a.Unmap())
}
