package query

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPageBounds(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Page{
		"":                                     {100, ""},
		"MaxRecords=20":                        {20, ""},
		"MaxRecords=100&Marker=":               {100, ""},
		"Marker=" + EncodeMarker("db-ü/1\x00"): {100, "db-ü/1\x00"},
	} {
		if got, err := ParsePage(parse(t, body)); err != nil || got != want {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
	for _, n := range []string{"5", "19", "101", "0", "-1"} {
		_, err := ParsePage(parse(t, "MaxRecords="+n))
		wantError(t, err, InvalidValue, "MaxRecords", "Invalid value "+n+" for MaxRecords. Must be between 20 and 100")
	}
	_, err := ParsePage(parse(t, "MaxRecords=many"))
	wantError(t, err, InvalidValue, "MaxRecords", "whole number")
}

func TestMarkersCatchDamage(t *testing.T) {
	t.Parallel()
	good := EncodeMarker("instance-42")
	bad := []string{"instance-42", "AAAA", good + "A", good + "==", good[1:], good[:len(good)-1], "!" + good, EncodeMarker("")}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			b := slices.Clone(raw)
			b[i] ^= 1 << bit
			bad = append(bad, base64.RawURLEncoding.EncodeToString(b))
		}
	}
	for _, m := range bad {
		_, err := ParsePage(parse(t, "Marker="+url.QueryEscape(m)))
		wantError(t, err, InvalidValue, "Marker", "The marker parameter is invalid.")
	}
}

func TestPaginateWalksEverythingOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 19, 20, 21, 40, 41, 205} {
		var items, got []string
		for i := range n {
			items = append(items, fmt.Sprintf("db-%04d", i))
		}
		page := Page{MaxRecords: 20}
		calls := 0
		for {
			calls++
			part, marker := Paginate(items, page, func(s string) string { return s })
			got = append(got, part...)
			if marker == "" {
				break
			}
			next, err := ParsePage(parse(t, "MaxRecords=20&Marker="+marker))
			if err != nil {
				t.Fatal(err)
			}
			page = next
		}
		if !slices.Equal(got, items) || calls != max(1, (n+19)/20) {
			t.Errorf("%d items: %d came back in %d calls", n, len(got), calls)
		}
	}
}

func TestPaginateGoesOnWhenTheMarkedItemIsGone(t *testing.T) {
	t.Parallel()
	got, marker := Paginate([]string{"a", "c", "d"}, Page{MaxRecords: 20, Marker: "b"}, func(s string) string { return s })
	if !slices.Equal(got, []string{"c", "d"}) || marker != "" {
		t.Errorf("%q, %q", got, marker)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	p := parse(t, "Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=mysql&Filters.Filter.1.Values.Value.2=postgres&Filters.Filter.2.Name=db-instance-id&Filters.Filter.2.Values.member.1=a")
	got, err := Filters(p, "engine", "db-instance-id")
	want := map[string][]string{"engine": {"mysql", "postgres"}, "db-instance-id": {"a"}}
	if err != nil || !reflect.DeepEqual(got, want) || p.Unread() != nil {
		t.Errorf("%v, %v, unread %q", got, err, p.Unread())
	}
	for _, body := range []string{"", "Filters="} {
		p := parse(t, body)
		if got, err := Filters(p); err != nil || len(got) != 0 || p.Unread() != nil {
			t.Errorf("%q: %v, %v, unread %q", body, got, err, p.Unread())
		}
	}
	one := "Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=x"
	for body, v := range map[string]struct {
		kind        Kind
		param, text string
	}{
		strings.Replace(one, "engine", "X", 1):                  {InvalidValue, "Filters.Filter.1.Name", "Unrecognized filter name: X"},
		"Filters.Filter.1.Name=engine":                          {InvalidCombination, "Filters.Filter.1.Values", "The parameter Filters.Filter.1.Values must not be empty"},
		"Filters.Filter.3.Name=engine&Filters.Filter.3.Values=": {InvalidCombination, "Filters.Filter.3.Values", "The parameter Filters.Filter.3.Values must not be empty"},
		"Filters.Filter.1.Values.Value.1=x":                     {Missing, "Filters.Filter.1.Name", "must contain the parameter Filters.Filter.1.Name"},
		one + "&" + strings.ReplaceAll(one, ".1.", ".2."):       {InvalidCombination, "Filters.Filter.2.Name", "more than once"},
	} {
		_, err := Filters(parse(t, body), "engine")
		wantError(t, err, v.kind, v.param, v.text)
	}
}
