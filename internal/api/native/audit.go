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
// calls after an id of theirs (&after_call=ID), merged by time.
func getAudit(a *API, c *call) (any, error) {
	after, err := idAfter(c, "after")
	if err != nil {
		return nil, err
	}
	afterCall, err := idAfter(c, "after_call")
	if err != nil {
		return nil, err
	}
	read := a.Store.Read(c.r.Context())
	log, err := read.AuditLog(after, AuditPage)
	if err != nil {
		return nil, err
	}
	var calls []store.AuditRecord
	switch with := c.r.URL.Query().Get("calls"); with {
	case "", "0":
	case "1":
		if calls, err = read.Calls(afterCall, AuditPage); err != nil {
			return nil, err
		}
	default:
		return nil, fault.New(fault.InvalidParameter, "calls=%q is not 0 or 1", with)
	}
	return merge(log, calls, AuditPage), nil
}

func idAfter(c *call, name string) (int64, error) {
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

// merge is the first most of two lists by time. Each keeps its own order, so
// that the last id of each is where its next page begins. Neither may have been
// cut short at fewer than most.
func merge(log, calls []store.AuditRecord, most int) []AuditLine {
	all := make([]AuditLine, 0, min(most, len(log)+len(calls)))
	for len(all) < most && len(log)+len(calls) > 0 {
		if len(calls) == 0 || len(log) > 0 && !calls[0].At.Before(log[0].At) {
			all, log = append(all, AuditLine{log[0], false}), log[1:]
		} else {
			all, calls = append(all, AuditLine{calls[0], true}), calls[1:]
		}
	}
	return all
}
