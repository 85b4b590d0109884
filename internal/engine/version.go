package engine

import (
	"slices"
	"strconv"
	"strings"
)

// CompareVersions orders dotted versions by number: "9.6" before "10.1". A
// part that is no number counts as 0.
func CompareVersions(a, b string) int {
	return slices.Compare(numbers(a), numbers(b))
}

func numbers(version string) []int {
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part)
		out = append(out, n)
	}
	return out
}
