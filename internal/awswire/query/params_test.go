package query

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const formType = "application/x-www-form-urlencoded; charset=utf-8"

func parse(t testing.TB, body string) *Params {
	t.Helper()
	p, err := parseBody(body)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func parseBody(body string) (Params, error) {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Type", formType)
	return Parse(r, []byte(body))
}

func wantError(t *testing.T, err error, kind Kind, param, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || e.Param != param || !strings.Contains(e.Message, text) {
		t.Errorf("error %#v\nwant kind %d, parameter %q, …%s…", err, kind, param, text)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct {
		method, target, kind, body string
		param, text                string
	}{
		"a parameter twice":               {"POST", "/", formType, "A=1&A=2", "A", `"A" is given more than once`},
		"one in query string and body":    {"POST", "/?A=1", formType, "A=1", "A", "more than once"},
		"one twice by another spelling":   {"POST", "/", formType, "A=1&%41=2", "A", "more than once"},
		"a bad escape in a value":         {"POST", "/", formType, "A=%zz", "A", "bad percent-escape"},
		"a bad escape in a name":          {"POST", "/", formType, "%zz=1", "", "bad percent-escape"},
		"a value that is not UTF-8":       {"POST", "/", formType, "A=%ff", "A", "not UTF-8"},
		"a name that is not UTF-8":        {"POST", "/", formType, "%ff=1", "", "not UTF-8"},
		"an empty name":                   {"POST", "/", formType, "=1", "", "empty"},
		"a bare semicolon":                {"POST", "/", formType, "A=1;B=2", "", "bad"},
		"too many parameters":             {"POST", "/", formType, many(MaxParams + 1), "", "more than 2000"},
		"too long a body":                 {"POST", "/", formType, "A=" + strings.Repeat("x", MaxBytes), "", "longer than 1048576"},
		"too long a query string":         {"GET", "/?A=" + strings.Repeat("x", MaxBytes), "", "", "", "longer than 1048576"},
		"a JSON body":                     {"POST", "/", "application/json", "{}", "", "Content-Type must be"},
		"a body without a type":           {"POST", "/", "", "A=1", "", "Content-Type must be"},
		"a form in another character set": {"POST", "/", "application/x-www-form-urlencoded; charset=latin1", "A=1", "", "charset=utf-8"},
		"another method":                  {"PUT", "/", formType, "A=1", "", `"PUT" is not supported`},
		"a GET with a body":               {"GET", "/", formType, "A=1", "", "must not have a body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(v.method, v.target, nil)
			r.Header.Set("Content-Type", v.kind)
			_, err := Parse(r, []byte(v.body))
			wantError(t, err, Malformed, v.param, v.text)
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "P%d=x&", i)
	}
	return b.String()
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ method, target, kind, body string }{
		"a form body":                     {"POST", "/", formType, "Action=X&Version=2014-10-31&A=%C3%A9+%26"},
		"a form without a charset":        {"POST", "/", "application/x-www-form-urlencoded", "Action=X&Version=2014-10-31&A=é%20%26"},
		"a GET":                           {"GET", "/?Action=X&Version=2014-10-31&A=%C3%A9+%26", "", ""},
		"a POST with only a query string": {"POST", "/?Action=X&&Version=2014-10-31&A=%C3%A9+%26&", "", ""},
		"as many parameters as allowed":   {"POST", "/", formType, "Action=X&Version=2014-10-31&A=%C3%A9+%26&" + many(MaxParams-3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(v.method, v.target, nil)
			r.Header.Set("Content-Type", v.kind)
			p, err := Parse(r, []byte(v.body))
			if err != nil {
				t.Fatal(err)
			}
			a, ok := p.String("A")
			if p.Action() != "X" || p.Version() != "2014-10-31" || a != "é &" || !ok {
				t.Errorf("read %q %q %q %v", p.Action(), p.Version(), a, ok)
			}
		})
	}
}

func TestScalars(t *testing.T) {
	t.Parallel()
	p := parse(t, "T=TRUE&F=false&Bad=yes&Empty=&N=-5&Big=2147483648&Dec=1.5&S=x")
	for name, want := range map[string]bool{"T": true, "F": false} {
		if v, ok, err := p.Bool(name); v != want || !ok || err != nil {
			t.Errorf("Bool(%s) = %v %v %v", name, v, ok, err)
		}
	}
	for _, name := range []string{"Bad", "Empty"} {
		_, ok, err := p.Bool(name)
		wantError(t, err, InvalidValue, name, "The parameter "+name+" must be true or false")
		if !ok {
			t.Errorf("%s counts as absent", name)
		}
	}
	if n, ok, err := p.Int("N"); n != -5 || !ok || err != nil {
		t.Errorf("Int = %d %v %v", n, ok, err)
	}
	for _, name := range []string{"Big", "Dec", "Empty", "S"} {
		_, _, err := p.Int(name)
		wantError(t, err, InvalidValue, name, "whole number")
	}
	_, ok, err := p.Bool("Absent")
	_, ok2, err2 := p.Int("Absent")
	_, ok3, err3 := p.Time("Absent")
	if ok || ok2 || ok3 || err != nil || err2 != nil || err3 != nil {
		t.Error("an absent parameter is present or an error")
	}
	if v, err := p.Required("S"); v != "x" || err != nil {
		t.Errorf("Required = %q %v", v, err)
	}
	for _, name := range []string{"Empty", "Absent"} {
		_, err := p.Required(name)
		wantError(t, err, Missing, name, "must contain the parameter "+name)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 31, 13, 45, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-31T13:45:00Z":        want,
		"2026-01-31T13:45:00.250Z":    want.Add(250 * time.Millisecond),
		"2026-01-31T13:45:00.000001Z": want.Add(time.Microsecond),
		"2026-01-31T15:45:00+02:00":   want,
		"2026-01-31T15:45:00.5+0200":  want.Add(500 * time.Millisecond),
		"2026-01-31T13:45:00":         want,
		"2026-01-31T13:45Z":           want,
		"2026-01-31T13:45":            want,
		"2026-01-31T08:45:00-05:00":   want,
	} {
		got, ok, err := parse(t, "T="+strings.ReplaceAll(text, "+", "%2B")).Time("T")
		if err != nil || !ok || got != want {
			t.Errorf("%s: %v %v %v, want %v", text, got, ok, err, want)
		}
	}
	for _, text := range []string{"", "now", "2026-01-31", "2026-02-30T00:00:00Z", "1769867100", "2026-01-31 13:45:00Z"} {
		_, ok, err := parse(t, "T="+text).Time("T")
		wantError(t, err, InvalidValue, "T", "must be an ISO 8601 time")
		if !ok {
			t.Errorf("%q counts as absent", text)
		}
	}
}

func TestStringLists(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct {
		body    string
		want    []string
		present bool
		unread  []string
	}{
		"the named element":                   {"L.E.1=a&L.E.2=b", []string{"a", "b"}, true, nil},
		"member":                              {"L.member.1=a", []string{"a"}, true, nil},
		"flattened":                           {"L.2=b&L.1=a", []string{"a", "b"}, true, nil},
		"numbers in numeric order, with gaps": {"L.E.10=c&L.E.9=b&L.E.0=a", []string{"a", "b", "c"}, true, nil},
		"present and empty":                   {"L=", nil, true, nil},
		"absent":                              {"LL.E.1=a", nil, false, []string{"LL.E.1"}},
		"a scalar where a list belongs":       {"L=a", nil, false, []string{"L"}},
		"a second spelling stays unread":      {"L.E.1=a&L.member.1=b&L.1=c", []string{"a"}, true, []string{"L.1", "L.member.1"}},
		"odd numbers stay unread":             {"L.E.1=a&L.E.01=b&L.E.-1=c&L.E.x=d&L.E.99999999999999999999=e", []string{"a"}, true, []string{"L.E.-1", "L.E.01", "L.E.99999999999999999999", "L.E.x"}},
		"an odd number alone is no list":      {"L.E.01=a", nil, false, []string{"L.E.01"}},
		"a member of an element stays unread": {"L.E.1=a&L.E.2.Key=b", []string{"a"}, true, []string{"L.E.2.Key"}},
		"empty texts are elements":            {"L.E.1=&L.E.2=b", []string{"", "b"}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := parse(t, "Action=X&Version=1&"+v.body)
			got, present := p.Strings("L", "E")
			if !reflect.DeepEqual(got, v.want) || present != v.present {
				t.Errorf("Strings = %q, %v", got, present)
			}
			if u := p.Unread(); !reflect.DeepEqual(u, v.unread) {
				t.Errorf("Unread = %q, want %q", u, v.unread)
			}
		})
	}
}

func TestStructLists(t *testing.T) {
	t.Parallel()
	p := parse(t, "Tags.Tag.2.Key=k2&Tags.Tag.2.Value=v2&Tags.Tag.10.Key=k10&Tags.Tag.10.Odd.1=o&Tags.Tag.3=bare")
	tags, present := p.Structs("Tags", "Tag")
	if len(tags) != 2 || !present {
		t.Fatalf("%d views, %v", len(tags), present)
	}
	var got []string
	for _, tag := range tags {
		k, _ := tag.String("Key")
		v, ok := tag.String("Value")
		got = append(got, fmt.Sprint(tag.Path("Key"), k, v, ok))
	}
	want := []string{fmt.Sprint("Tags.Tag.2.Key", "k2", "v2", true), fmt.Sprint("Tags.Tag.10.Key", "k10", "", false)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %q", got)
	}
	if u := tags[1].Unread(); !reflect.DeepEqual(u, []string{"Tags.Tag.10.Odd.1"}) {
		t.Errorf("the element's Unread = %q", u)
	}
	if u := p.Unread(); !reflect.DeepEqual(u, []string{"Tags.Tag.10.Odd.1", "Tags.Tag.3"}) {
		t.Errorf("Unread = %q", u)
	}
	if views, present := parse(t, "Tags=").Structs("Tags", "Tag"); views != nil || !present {
		t.Errorf("the empty list is %v, %v", views, present)
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	var errs []error
	for _, body := range []string{"P=" + secret + "%zz", "P=" + secret + "&P=" + secret, "P=" + secret + "%ff", "P=" + secret + ";x"} {
		_, err := parseBody(body)
		errs = append(errs, err)
	}
	p := parse(t, "P="+secret)
	_, _, e1 := p.Bool("P")
	_, _, e2 := p.Int("P")
	_, _, e3 := p.Time("P")
	for _, err := range append(errs, e1, e2, e3) {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
}

// Reading must not disturb: every parameter is either read or Unread.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=mysql",
		"Tags=&Tags.Tag.1.Key=a", "A=%", "a;b", "L.1=x&L.E.1=y&L.member.007=z", "Marker=AAAA&MaxRecords=20", "%C3%A9=%C3%A9",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p, err := parseBody(body)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Kind != Malformed {
				t.Fatalf("error %#v", err)
			}
			return
		}
		_, _ = Filters(&p, "engine")
		_, _ = ParsePage(&p)
		_, _ = p.Strings("L", "E")
		tags, _ := p.Structs("Tags", "Tag")
		for _, tag := range tags {
			_, _ = tag.String("Key")
		}
		for _, name := range p.Unread() {
			if _, ok := p.String(name); !ok {
				t.Fatalf("%q is unread but not there", name)
			}
		}
		if rest := p.Unread(); rest != nil {
			t.Fatalf("still unread: %q", rest)
		}
	})
}
