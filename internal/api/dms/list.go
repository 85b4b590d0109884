package dms

import (
	"maps"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
)

// What actions take as MaxRecords. The reference gives no range for
// certificates, only the default.
var (
	usualPage       = jsonrpc.PageRule{Least: 20, Most: 100, Default: 100}
	certificatePage = jsonrpc.PageRule{Least: 1, Most: 100, Default: 10}
)

// filters are the names by which a listing can be filtered, and what of an
// item each compares. Names of things match in any case.
type filters[T any] map[string]func(T) string

// listing is one page of a description.
type listing[T any] struct {
	part   []T
	marker string
}

// list decodes what all descriptions have in common, reads everything and cuts
// out what was asked for. what is the noun for a filter that nothing matches:
// DMS says so with a fault, and clients' waiters rely on it.
func list[T any](c *call, what string, rule jsonrpc.PageRule, by filters[T], key func(T) string, read func() ([]T, error)) (listing[T], error) {
	var none listing[T]
	asked, err := c.p.Filters(slices.Sorted(maps.Keys(by))...)
	if err != nil {
		return none, err
	}
	page, err := c.p.ParsePage(rule)
	if err != nil {
		return none, err
	}
	if err := c.known(); err != nil {
		return none, err
	}
	all, err := read()
	if err != nil {
		return none, err
	}
	all = slices.DeleteFunc(all, func(item T) bool { return !matches(item, asked, by) })
	if len(asked) > 0 && len(all) == 0 {
		return none, fault.New(fault.ResourceNotFound, "No %s matches the filters %s", what, strings.Join(slices.Sorted(maps.Keys(asked)), ", "))
	}
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	part, marker := jsonrpc.Paginate(all, page, key)
	return listing[T]{part, marker}, nil
}

func matches[T any](item T, asked map[string][]string, by filters[T]) bool {
	for name, values := range asked {
		have := by[name](item)
		if !slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, have) }) {
			return false
		}
	}
	return true
}
