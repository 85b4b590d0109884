package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
)

// describeEventCategories lists the categories that events of dbtls have, by
// source type.
func describeEventCategories(_ *API, c *call) ([]byte, error) {
	source, given := c.p.String("SourceType")
	if _, err := query.Filters(c.p); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if given && !slices.Contains(sourceTypes, source) {
		return nil, fault.New(fault.InvalidParameter, "Invalid source type %q; one of: %s", source, strings.Join(sourceTypes, ", "))
	}
	all := slices.DeleteFunc(events.Categories(), func(s events.Source) bool { return given && s.Type != source })
	x := c.reply("DescribeEventCategories")
	x.List("EventCategoriesMapList", "EventCategoriesMap", len(all), func(n int) {
		x.Text("SourceType", all[n].Type)
		x.TextList("EventCategories", "EventCategory", all[n].Categories)
	})
	return x.Finish(), nil
}
