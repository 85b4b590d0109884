package native_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

func TestUsersAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first, second native.UserKey
	w.ok("POST", "/api/v1/users", `{"name":"ann@example.com","role":"operator"}`, &first)
	w.ok("POST", "/api/v1/users/ann@example.com/rotate-key", "", &second)
	for _, k := range []native.UserKey{first, second} {
		secret, ok := w.api.Users.Secret(k.AccessKeyID)
		if live := k == second; k.Name != "ann@example.com" || k.Role != auth.RoleOperator || ok != live || live && secret != k.SecretAccessKey {
			t.Errorf("%s %s %s: known %t", k.Name, k.Role, k.AccessKeyID, ok)
		}
	}
	var all []auth.Info
	w.ok("GET", "/api/v1/users", "", &all)
	if len(all) != 1 || all[0].AccessKeyID != second.AccessKeyID || all[0].Role != auth.RoleOperator {
		t.Errorf("%+v", all)
	}
	w.refused(409, "UserExists", "ann@example.com", "POST", "/api/v1/users", `{"name":"ANN@example.com","role":"operator"}`)
	w.refused(400, "InvalidParameter", "read-only, operator, admin", "POST", "/api/v1/users", `{"name":"bob","role":"root"}`)
	w.refused(400, "InvalidParameter", "JSON", "POST", "/api/v1/users", `{"name":"bob","role":"admin","secret":"mine"}`)
	w.refused(404, "UserNotFound", "bob", "POST", "/api/v1/users/bob/rotate-key", "")
	w.ok("DELETE", "/api/v1/users/ann@example.com", "", &struct{}{})
	w.refused(404, "UserNotFound", "ann@example.com", "DELETE", "/api/v1/users/ann@example.com", "")
	want := []string{"ann@example.com ", "ann@example.com ", " ", "ANN@example.com UserExists", "bob InvalidParameter", " InvalidParameter", "bob UserNotFound", "ann@example.com ", "ann@example.com UserNotFound"}
	if !slices.Equal(w.done, want) {
		t.Errorf("told is %q", w.done)
	}
}

func TestEveryActionIsAskedForByNameBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked []string
	w.may = func(action string) error {
		asked = append(asked, action)
		return fault.New(fault.AccessDenied, "not you")
	}
	for _, c := range []struct{ method, path, target string }{
		{"GET", "/api/v1/status", ""}, {"GET", "/api/v1/audit", ""}, {"GET", "/api/v1/instances/shop/rotate/plan", "shop"}, {"GET", "/api/v1/rotate/plan", ""},
		{"POST", "/api/v1/instances/shop/rotate", "shop"}, {"GET", "/api/v1/clients/reports", ""}, {"POST", "/api/v1/clients/reports", ""}, {"POST", "/api/v1/clients/lint", ""},
		{"POST", "/api/v1/freeze", ""}, {"DELETE", "/api/v1/freeze", ""},
		{"POST", "/api/v1/clock/accept", ""}, {"GET", "/api/v1/connections", ""}, {"GET", "/api/v1/connections/worker/orders", "orders"},
		{"GET", "/api/v1/instances/shop/sessions", "shop"}, {"GET", "/api/v1/endpoints/erp/sessions", "erp"},
		{"POST", "/api/v1/endpoints/erp/look", "erp"}, {"POST", "/api/v1/endpoints/erp/follow", "erp"},
		{"GET", "/api/v1/force-tls", ""}, {"GET", "/api/v1/force-tls/web/plan", "web"}, {"POST", "/api/v1/force-tls/web", "web"},
		{"POST", "/api/v1/force-tls/web/confirm", "web"}, {"POST", "/api/v1/force-tls/web/undo", "web"},
		{"GET", "/api/v1/overview", ""}, {"GET", "/api/v1/databases", ""}, {"GET", "/api/v1/instances/shop/chain", "shop"},
		{"GET", "/api/v1/instances/shop/rotations", "shop"}, {"GET", "/api/v1/instances/shop/snippets", "shop"},
		{"GET", "/api/v1/cas", ""}, {"GET", "/api/v1/engines", ""}, {"POST", "/api/v1/certificates/inspect", ""}, {"POST", "/api/v1/console/links", ""},
		{"GET", "/api/v1/users", ""}, {"POST", "/api/v1/users", ""},
		{"POST", "/api/v1/users/ann/rotate-key", "ann"}, {"DELETE", "/api/v1/users/ann", "ann"},
	} {
		w.refused(403, "AccessDenied", "not you", c.method, c.path, "")
		if last := w.done[len(w.done)-1]; last != c.target+" AccessDenied" {
			t.Errorf("%s %s: told is %q", c.method, c.path, last)
		}
	}
	if !slices.Equal(asked, native.Actions()) {
		t.Errorf("asked is %q", asked)
	}
	if frozen, err := w.store.Read(t.Context()).Meta(rotation.MetaFrozen); frozen != nil || err != nil || w.woken != 0 {
		t.Errorf("something was done: %q, %v, woken %d", frozen, err, w.woken)
	}
	w.refused(404, "NotFound", "nonsense", "GET", "/api/v1/nonsense", "")
	if last := w.done[len(w.done)-1]; last != " NotFound" || len(asked) != len(native.Actions()) {
		t.Errorf("told is %q, asked is %q", last, asked)
	}
	w.may = func(string) error { return errors.New("broken") }
	w.refused(500, "Internal", "internal error", "GET", "/api/v1/status", "")
}

// record puts audit records and calls at these seconds on record.
func (w *world) record(audit, calls []int) {
	w.t.Helper()
	at := func(s int) time.Time { return time.Unix(1_790_000_000+int64(s), 0) }
	err := w.store.Write(w.t.Context(), func(tx *store.Tx) error {
		for _, s := range audit {
			if err := tx.Audit(store.AuditRecord{At: at(s), Actor: "ann", Action: fmt.Sprint("A", s)}); err != nil {
				return err
			}
		}
		var all []store.AuditRecord
		for _, s := range calls {
			all = append(all, store.AuditRecord{At: at(s), Actor: "ann", Action: fmt.Sprint("C", s)})
		}
		return tx.InsertCalls(all)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// page asks for one and names its lines.
func (w *world) page(query string) (lines []native.AuditLine, names string) {
	w.t.Helper()
	w.ok("GET", "/api/v1/audit"+query, "", &lines)
	var all []string
	for _, l := range lines {
		if l.Call != strings.HasPrefix(l.Action, "C") {
			w.t.Errorf("%+v", l)
		}
		all = append(all, l.Action)
	}
	return lines, strings.Join(all, " ")
}

func TestCallsAreMergedIntoTheAuditLogByTimeWhenAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record([]int{1, 4, 5, 9}, []int{0, 2, 5, 6, 10})
	for query, want := range map[string]string{
		"":                              "A1 A4 A5 A9",
		"?calls=0":                      "A1 A4 A5 A9",
		"?calls=1":                      "C0 A1 C2 A4 A5 C5 C6 A9 C10",
		"?calls=1&after=2":              "C0 C2 A5 C5 C6 A9 C10",
		"?calls=1&after=2&after_call=3": "A5 C6 A9 C10",
		"?calls=1&after=4&after_call=5": "",
		"?after=3":                      "A9",

		"?newest=1":          "A9 A5 A4 A1",
		"?newest=1&before=3": "A4 A1",
		"?newest=1&calls=1":  "C10 A9 C6 A5 C5 A4 C2 A1 C0",
		"?newest=1&calls=1&before=3&before_call=4": "C5 A4 C2 A1 C0",
		"?newest=1&before=1":                       "",
	} {
		if _, got := w.page(query); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	w.refused(400, "InvalidParameter", "calls", "GET", "/api/v1/audit?calls=yes", "")
	w.refused(400, "InvalidParameter", "after_call", "GET", "/api/v1/audit?calls=1&after_call=x", "")
	w.refused(400, "InvalidParameter", "newest", "GET", "/api/v1/audit?newest=yes", "")
	w.refused(400, "InvalidParameter", "before", "GET", "/api/v1/audit?newest=1&before=x", "")
}

func TestPagesOfTheMergedLogMissNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var audit, calls []int
	for s := range 3500 {
		if s%5 == 0 {
			audit = append(audit, s)
		} else {
			calls = append(calls, s)
		}
	}
	w.record(audit, calls)
	var after, afterCall int64
	next := 0
	for {
		lines, _ := w.page(fmt.Sprintf("?calls=1&after=%d&after_call=%d", after, afterCall))
		for _, l := range lines {
			if l.Action[1:] != fmt.Sprint(next) {
				t.Fatalf("%s follows %d", l.Action, next-1)
			}
			next++
			if l.Call {
				afterCall = l.ID
			} else {
				after = l.ID
			}
		}
		if len(lines) < native.AuditPage {
			break
		}
	}
	if next != 3500 {
		t.Errorf("the last is %d", next-1)
	}
}
