package console_test

import (
	"sync"
	"testing"
)

// everyPage lists the pages by the names of their screenshots. The journeys
// have made what is named here.
var everyPage = []struct{ Name, Path string }{
	{"overview", "/"},
	{"databases", "/databases"},
	{"database-create", "/databases/create"},
	{"database", "/databases/shop"},
	{"database-rotation", "/databases/shop/rotation"},
	{"database-sessions", "/databases/shop/sessions"},
	{"database-configuration", "/databases/shop/configuration"},
	{"database-events", "/databases/shop/events"},
	{"groups", "/parameter-groups"},
	{"group", "/parameter-groups/pg/web"},
	{"cas", "/cas"},
	{"certificates", "/certificates"},
	{"endpoints", "/endpoints"},
	{"endpoint-create", "/endpoints/create"},
	{"endpoint", "/endpoints/ledger"},
	{"replication-instances", "/replication-instances"},
	{"clients", "/clients"},
	{"activity", "/activity"},
}

// pages opens every page in both themes and on a phone, in two visits at once.
func pages(t *testing.T, w *world) {
	var visits sync.WaitGroup
	half := (len(everyPage) + 1) / 2
	for _, part := range [][]struct{ Name, Path string }{everyPage[:half], everyPage[half:]} {
		list := make([]object, len(part))
		for n, p := range part {
			list[n] = object{"name": p.Name, "path": p.Path}
		}
		visits.Go(func() {
			wrong, _ := w.walk(t, "pages.mjs", object{"pages": list})["wrong"].([]any)
			for _, v := range wrong {
				t.Error(v)
			}
		})
	}
	visits.Wait()
}
