package rds

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/api"
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// sourceTypes are AWS's and dbtls's own.
var sourceTypes = []string{"db-instance", "db-parameter-group", "db-security-group", "db-snapshot", "db-cluster",
	"db-cluster-snapshot", "custom-engine-version", "db-proxy", "blue-green-deployment", "db-shard-group", "zero-etl", events.SourceCA}

// describeEvents lists events, oldest first; the last hour by default.
func describeEvents(a *API, c *call) ([]byte, error) {
	q, categories, err := decodeEvents(a, c, time.Now())
	if err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if _, err := query.Filters(c.p); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if page.Marker != "" {
		if q.After, err = strconv.ParseInt(page.Marker, 10, 64); err != nil {
			return nil, fault.New(fault.InvalidParameter, "The marker parameter is invalid.")
		}
	}
	found, more, err := collect(c, a.Store, q, categories, page.MaxRecords)
	if err != nil {
		return nil, err
	}
	x := c.reply("DescribeEvents")
	x.List("Events", "Event", len(found), func(n int) { writeEvent(x, found[n]) })
	if more {
		x.Text("Marker", query.EncodeMarker(strconv.FormatInt(found[len(found)-1].ID, 10)))
	}
	return x.Finish(), nil
}

// collect reads until the page is full or nothing is left: categories are
// selected here.
func collect(c *call, s *store.Store, q store.EventQuery, categories []string, most int) (found []store.Event, more bool, err error) {
	q.Limit = most + 1
	for {
		part, err := s.Read(c.ctx).Events(q)
		if err != nil {
			return nil, false, err
		}
		for _, e := range part {
			if len(categories) == 0 || slices.ContainsFunc(e.Categories, func(x string) bool { return slices.Contains(categories, x) }) {
				found = append(found, e)
			}
			if len(found) > most {
				return found[:most], true, nil
			}
		}
		if len(part) < q.Limit {
			return found, false, nil
		}
		q.After = part[len(part)-1].ID
	}
}

func decodeEvents(a *API, c *call, now time.Time) (q store.EventQuery, categories []string, err error) {
	q.Region = c.caller.Region
	q.SourceType, _ = c.p.String("SourceType")
	source, _ := c.p.String("SourceIdentifier")
	switch {
	case source != "" && q.SourceType == "":
		return q, nil, fault.New(fault.InvalidCombination, "Cannot specify source identifier without source type")
	case q.SourceType != "" && !slices.Contains(sourceTypes, q.SourceType):
		return q, nil, fault.New(fault.InvalidParameter, "Invalid source type %q; one of: %s", q.SourceType, strings.Join(sourceTypes, ", "))
	}
	q.Source = strings.ToLower(inventory.NameFromARN(q.Region, a.Account, source))
	categories, _ = c.p.Strings("EventCategories", "EventCategory")
	q.From, q.To, err = api.Period(c.p, now)
	return q, categories, err
}

func writeEvent(x *query.XML, e store.Event) {
	x.Text("SourceIdentifier", e.Source)
	x.Text("SourceType", e.SourceType)
	x.Text("Message", e.Message)
	x.TextList("EventCategories", "EventCategory", e.Categories)
	x.Time("Date", e.At)
	x.OptText("SourceArn", e.ARN)
}
