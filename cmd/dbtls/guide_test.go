package main

import (
	"strings"
	"testing"
)

func TestGuideListsFillsInAndPrintsTheSnippetAlone(t *testing.T) {
	t.Parallel()
	if out, err := command(t, guideCommand()); err != nil || !strings.Contains(out, "psql ") || !strings.Contains(out, "windows ") {
		t.Errorf("list: %v\n%s", err, out)
	}
	for endpoint, want := range map[string]string{
		"127.83.1.2:7001":  "host=127.83.1.2 port=7001",
		"db.example.net":   "host=db.example.net port=5432",
		"[2001:db8::1]:99": "host=2001:db8::1 port=99",
		"2001:db8::1":      "host=2001:db8::1 port=5432",
	} {
		out, err := command(t, guideCommand(), "psql", "--endpoint", endpoint, "--snippet")
		if err != nil || !strings.HasPrefix(out, "psql ") || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", endpoint, err, out)
		}
	}
	for _, args := range [][]string{{"nobody"}, {"psql", "mysql"}, {"psql", "--endpoint", "h:0"}, {"psql", "--endpoint", "h:x"}, {"psql", "--user", "a b;c"}} {
		if out, err := command(t, guideCommand(), args...); err == nil || !isUsage(err) {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
}
