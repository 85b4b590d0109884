package native

import (
	"strconv"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// AuditPage is how many records one answer holds; a shorter one is the last.
const AuditPage = 1000

// AuditLine is a record of the audit log or, with Call, of a call that changed
// nothing. The ids of the two have nothing to do with each other.
type AuditLine struct {
	store.AuditRecord
	Call bool `json:"call,omitempty"`
}

// getAudit lists the audit log after an id (?after=ID) and with ?calls=1 also
// calls after an id of theirs (&after_call=ID), merged by time. With ?newest=1 it
// goes backwards: the newest first, or what was before ids (&before=ID,
// &before_call=ID).
func getAudit(a *API, c *call) (any, error) {
	with, newest := c.r.URL.Query().Get("calls"), c.r.URL.Query().Get("newest")
	for name, flag := range map[string]string{"calls": with, "newest": newest} {
		if flag != "" && flag != "0" && flag != "1" {
			return nil, fault.New(fault.InvalidParameter, "%s=%q is not 0 or 1", name, flag)
		}
	}
	read := a.Store.Read(c.r.Context())
	from, readLog, readCalls, first := "after", read.AuditLog, read.Calls, earlier
	if newest == "1" {
		from, readLog, readCalls, first = "before", read.AuditBefore, read.CallsBefore, later
	}
	bound, err := idOf(c, from)
	if err != nil {
		return nil, err
	}
	callBound, err := idOf(c, from+"_call")
	if err != nil {
		return nil, err
	}
	log, err := readLog(bound, AuditPage)
	if err != nil {
		return nil, err
	}
	var calls []store.AuditRecord
	if with == "1" {
		if calls, err = readCalls(callBound, AuditPage); err != nil {
			return nil, err
		}
	}
	return merge(log, calls, AuditPage, first), nil
}

func idOf(c *call, name string) (int64, error) {
	s := c.r.URL.Query().Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.New(fault.InvalidParameter, "%s=%q is not the id of a record", name, s)
	}
	return n, nil
}

func earlier(a, b store.AuditRecord) bool { return a.At.Before(b.At) }

func later(a, b store.AuditRecord) bool { return a.At.After(b.At) }

// merge is the first most of two lists by time. Each keeps its own order, so
// that the last id of each is where its next page begins. Neither may have been
// cut short at fewer than most.
func merge(log, calls []store.AuditRecord, most int, first func(a, b store.AuditRecord) bool) []AuditLine {
	all := make([]AuditLine, 0, min(most, len(log)+len(calls)))
	for len(all) < most && len(log)+len(calls) > 0 {
		if len(calls) == 0 || len(log) > 0 && !first(calls[0], log[0]) {
			all, log = append(all, AuditLine{log[0], false}), log[1:]
		} else {
			all, calls = append(all, AuditLine{calls[0], true}), calls[1:]
		}
	}
	return all
}
