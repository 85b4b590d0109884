package archtest

import (
	"slices"
	"strings"
	"testing"
)

// rule returns one sentence for each place that breaks it.
type rule func(all []source) []string

// examples are the smallest sources that keep and that break each rule. They
// prove that a rule can fail.
type examples map[string]struct {
	path, text string
	want       string // part of the one complaint; "" for none
}

// hold checks a rule against its examples, then the module.
func hold(t *testing.T, r rule, e examples) {
	t.Helper()
	for name, example := range e {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(example.path, example.text)
			if err != nil {
				t.Fatal(err)
			}
			got := r([]source{s})
			if example.want == "" && len(got) > 0 {
				t.Errorf("complained without a reason: %q", got)
			}
			if example.want != "" && (len(got) != 1 || !strings.Contains(got[0], example.want)) {
				t.Errorf("got %q, want one complaint with %q", got, example.want)
			}
		})
	}
	t.Run("the module", func(t *testing.T) {
		t.Parallel()
		complaints := r(tree(t))
		slices.Sort(complaints)
		for _, c := range complaints {
			t.Error(c)
		}
	})
}
