package dms

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/api"
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/migration"
)

// describeEvents lists events, oldest first; the last hour by default.
func describeEvents(a *API, c *call) (any, error) {
	q, err := decodeEvents(c, time.Now())
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	found, more, err := a.Migration.Events(c.ctx, q)
	type row struct {
		SourceIdentifier string
		SourceType       string
		Message          string
		EventCategories  []string
		Date             jsonrpc.Time
	}
	out := struct {
		Events []row
		Marker string `json:",omitempty"`
	}{Events: []row{}}
	for _, e := range found {
		out.Events = append(out.Events, row{e.Source, e.SourceType, e.Message, e.Categories, jsonrpc.Time{Time: e.At}})
	}
	if more {
		out.Marker = jsonrpc.EncodeMarker(strconv.FormatInt(found[len(found)-1].ID, 10))
	}
	return out, err
}

func decodeEvents(c *call, now time.Time) (q migration.EventQuery, err error) {
	q.Region = c.region()
	if q.SourceType, _, err = c.p.String("SourceType"); err != nil {
		return q, err
	}
	if q.Source, _, err = c.p.String("SourceIdentifier"); err != nil {
		return q, err
	}
	switch {
	case q.Source != "" && q.SourceType == "":
		return q, fault.New(fault.InvalidCombination, "Cannot specify source identifier without source type")
	case q.SourceType != "" && !slices.Contains(migration.SourceTypes(), q.SourceType):
		return q, fault.New(fault.InvalidParameter, "Invalid source type %.100q; one of: %s", q.SourceType, strings.Join(migration.SourceTypes(), ", "))
	}
	if q.Categories, _, err = c.p.Strings("EventCategories"); err != nil {
		return q, err
	}
	if _, err := c.p.Filters(); err != nil {
		return q, err
	}
	page, err := c.p.ParsePage(usualPage)
	if err != nil {
		return q, err
	}
	q.Limit = page.MaxRecords
	if page.Marker != "" {
		if q.After, err = strconv.ParseInt(page.Marker, 10, 64); err != nil {
			return q, fault.New(fault.InvalidParameter, "The Marker is not one that this API gave out.")
		}
	}
	q.From, q.To, err = api.Period(c.p, now)
	return q, err
}
