package serve

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
	"github.com/dbtls/dbtls/internal/store"
)

// visit is one authenticated request: it says what its user may do, and puts
// on record what became of it. Whatever API answers asks it and tells it.
type visit struct {
	gate    *gate
	ctx     context.Context
	user    auth.User
	service string // that the signature is scoped to
	id      string // of the request
	action  string // "" until the API knows it
	denied  bool
}

// visit begins one; its methods may and done are what an API calls.
func (g *gate) visit(r *http.Request, user auth.User, service, id string) *visit {
	return &visit{gate: g, ctx: r.Context(), user: user, service: service, id: id}
}

func (v *visit) may(action string) error {
	err := v.user.May(v.service, action)
	v.action, v.denied = action, err != nil
	return err
}

// done records the call. One that changed something is in the audit log
// already, written by the transaction that made the change. One that was to
// change something and was refused goes there now; every other is a call.
func (v *visit) done(target, code string) {
	reads := v.action == "" || auth.Reads(v.action)
	if !reads && code == "" {
		return
	}
	call := store.AuditRecord{At: time.Now(), Actor: v.user.Name, Action: v.action, Target: clean(target), RequestID: v.id}
	if v.action == "" {
		call.Action = "unknown"
	}
	if code != "" {
		call.Detail = "refused: " + code
	}
	if v.denied {
		call.Detail += ", role " + v.user.Role
	}
	if reads && !v.denied {
		v.gate.calls.add(call)
		return
	}
	// The answer waits for the record, also when nobody waits for the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx), 30*time.Second)
	defer cancel()
	if err := v.gate.store.Write(ctx, func(tx *store.Tx) error { return tx.Audit(call) }); err != nil {
		v.gate.log.Error("a refused call is not in the audit log", "user", call.Actor, "action", call.Action, "request_id", v.id, "error", err)
	}
}

// longest is what is kept of a target: names are shorter, ARNs too.
const longest = 256

// clean makes what a caller sent fit for a record that people read on a
// terminal.
func clean(s string) string {
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// failures bounds what signatures that fail can write: whoever knows an access
// key id, which is no secret, can send as many as they like.
type failures struct {
	mu    sync.Mutex
	since map[string]time.Time // by access key id and code
}

// failurePause is how long a failure of one kind stands for those after it.
const failurePause = time.Minute

// first reports whether none of that kind was recorded lately. Only known keys
// are asked about, so what it remembers is bounded by the users there are and
// is thrown away when it outgrows them.
func (f *failures) first(accessKey, code string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := accessKey + " " + code
	if last, ok := f.since[kind]; ok && now.Sub(last) < failurePause && !now.Before(last) {
		return false
	}
	if f.since == nil || len(f.since) >= 10_000 {
		f.since = map[string]time.Time{}
	}
	f.since[kind] = now
	return true
}

// unproven records that a request in the name of a known access key was not
// accepted as its user's. A stranger's is nobody's call.
func (g *gate) unproven(r *http.Request, err error, id string) {
	a, parseErr := sigv4.Parse(r)
	if parseErr != nil {
		return
	}
	user, known := g.users.ByKey(a.Credential.AccessKeyID)
	now, code := time.Now(), sigv4.CodeOf(err)
	if !known || !g.failures.first(a.Credential.AccessKeyID, code, now) {
		return
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	g.calls.add(store.AuditRecord{At: now, Actor: user.Name, Action: "authenticate", Target: from, RequestID: id,
		Detail: "refused: " + code + ", access key " + a.Credential.AccessKeyID + "; more of these within a minute are not recorded"})
}
