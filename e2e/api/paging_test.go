package api_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestInstancesArePaged asks for more instances than a page holds. They are
// deleted before most are made, so no more than one engine runs.
func TestInstancesArePaged(t *testing.T) {
	engine := harness.Engines(t)[0]
	s := harness.Start(t, harness.Data(t), "--parallel", "1")
	c := s.RDS(t, "")
	var want []string
	for n := range 41 {
		name := fmt.Sprintf("many-%02d", n)
		want = append(want, name)
		if _, err := c.CreateDBInstance(t.Context(), input(name, engine)); err != nil {
			t.Fatal(err)
		}
	}
	var got, sizes []string
	pages := rds.NewDescribeDBInstancesPaginator(c, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(20)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, fmt.Sprint(len(page.DBInstances)))
		for _, d := range page.DBInstances {
			got = append(got, aws.ToString(d.DBInstanceIdentifier))
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []string{"20", "20", "1"}) {
		t.Errorf("pages of %v instances: %v, want 20, 20 and 1: %v", sizes, got, want)
	}
	var all struct{ DBInstances []map[string]any }
	awsJSON(t, s, &all, "rds", "describe-db-instances", "--page-size", "20", "--filters", "Name=engine,Values="+engine)
	if len(all.DBInstances) != len(want) {
		t.Errorf("the aws command, paging with a filter, shows %d instances, want %d", len(all.DBInstances), len(want))
	}
	for _, name := range want {
		if _, err := c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)}); err != nil {
			t.Fatalf("delete %s: %v", name, err)
		}
	}
	harness.Poll(t, time.Minute, "all instances are gone", func() bool {
		out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		return err == nil && len(out.DBInstances) == 0
	})
	if left := entries(t, s.Dir, "db"); len(left) != 0 {
		t.Errorf("files are left in db/: %v", left)
	}
}

// TestEventsTellWhatHappenedAndArePaged moves an instance back and forth, which
// the bridge allows as often as wanted, until there are more than 40 events.
func TestEventsTellWhatHappenedAndArePaged(t *testing.T) {
	engine := harness.Engines(t)[0]
	s := harness.Start(t, harness.Data(t))
	c := s.RDS(t, "")
	began := time.Now().Add(-time.Second)
	s.Create(t, "talker", engine)
	everything := &rds.DescribeEventsInput{MaxRecords: aws.Int32(20)}
	events := eventsOf(t, c, everything)
	for n := 0; len(events) <= 40; n++ {
		if n > 60 {
			t.Fatalf("after %d CA changes there are only %d events", n, len(events))
		}
		s.Move(t, "talker", []string{"rds-ca-ecc384-g1", "rds-ca-rsa2048-g1"}[n%2])
		events = eventsOf(t, c, everything)
	}
	for n, e := range events {
		if n > 0 && e.Date.Before(*events[n-1].Date) {
			t.Errorf("event %d is older than the one before it", n)
		}
		if e.Date.Before(began) || aws.ToString(e.Message) == "" || len(e.EventCategories) == 0 {
			t.Errorf("event %d is not complete: %+v", n, e)
		}
		if aws.ToString(e.SourceArn) != "arn:aws:rds:us-east-1:123456789012:db:talker" || e.SourceType != "db-instance" || aws.ToString(e.SourceIdentifier) != "talker" {
			t.Errorf("event %d is of %s %s %s", n, e.SourceType, aws.ToString(e.SourceIdentifier), aws.ToString(e.SourceArn))
		}
	}
	t.Run("selected by", func(t *testing.T) { selectEvents(t, s, events) })
	drop(t, s, "talker")
	last := eventsOf(t, c, &rds.DescribeEventsInput{SourceType: "db-instance", EventCategories: []string{"deletion"}})
	if len(last) != 1 {
		t.Errorf("the deletion has %d events, want 1 after the instance is gone", len(last))
	}
}

// eventsOf follows the SDK's paginator and checks that nothing comes twice.
func eventsOf(t *testing.T, c *rds.Client, in *rds.DescribeEventsInput) []types.Event {
	t.Helper()
	var all []types.Event
	for pages := rds.NewDescribeEventsPaginator(c, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if most := int(aws.ToInt32(in.MaxRecords)); most > 0 && len(page.Events) > most {
			t.Fatalf("a page has %d events, want %d at most", len(page.Events), most)
		}
		all = append(all, page.Events...)
	}
	return all
}

func selectEvents(t *testing.T, s *harness.Server, all []types.Event) {
	c := s.RDS(t, "")
	created := 0
	for _, e := range all {
		if slices.Contains(e.EventCategories, "creation") {
			created++
		}
	}
	middle := all[len(all)/2].Date
	for name, q := range map[string]struct {
		in   rds.DescribeEventsInput
		want int
	}{
		"one page of 100":     {rds.DescribeEventsInput{}, len(all)},
		"its source":          {rds.DescribeEventsInput{SourceType: "db-instance", SourceIdentifier: aws.String("TALKER")}, len(all)},
		"another source":      {rds.DescribeEventsInput{SourceType: "db-instance", SourceIdentifier: aws.String("nobody")}, 0},
		"another source type": {rds.DescribeEventsInput{SourceType: "db-snapshot"}, 0},
		"a category":          {rds.DescribeEventsInput{EventCategories: []string{"creation"}}, created},
		"a category, small":   {rds.DescribeEventsInput{EventCategories: []string{"creation"}, MaxRecords: aws.Int32(20)}, created},
		"no such category":    {rds.DescribeEventsInput{EventCategories: []string{"weather"}}, 0},
		"a year ago":          {rds.DescribeEventsInput{StartTime: aws.Time(time.Now().AddDate(-1, 0, 0)), EndTime: aws.Time(time.Now().AddDate(-1, 0, 1))}, 0},
		"the last two hours":  {rds.DescribeEventsInput{Duration: aws.Int32(120)}, len(all)},
	} {
		if got := eventsOf(t, c, &q.in); len(got) != q.want {
			t.Errorf("%s: %d events, want %d", name, len(got), q.want)
		}
	}
	if created == 0 {
		t.Error("no event has the category creation")
	}
	late := eventsOf(t, c, &rds.DescribeEventsInput{StartTime: middle})
	if len(late) < 1 || len(late) > len(all)/2+2 || late[len(late)-1].Date.Before(*middle) {
		t.Errorf("from the middle on there are %d of %d events", len(late), len(all))
	}
	var cli struct{ Events []map[string]any }
	awsJSON(t, s, &cli, "rds", "describe-events", "--duration", "60", "--page-size", "20")
	if len(cli.Events) != len(all) || !slices.Equal(keys(cli.Events[0]), []string{"Date", "EventCategories", "Message", "SourceArn", "SourceIdentifier", "SourceType"}) {
		t.Errorf("the aws command shows %d events, want %d, with the fields %v", len(cli.Events), len(all), keys(cli.Events[0]))
	}
	_, err := c.DescribeEvents(t.Context(), &rds.DescribeEventsInput{MaxRecords: aws.Int32(19)})
	wantFault(t, err, "InvalidParameterValue", 400, "MaxRecords")
	_, err = c.DescribeEvents(t.Context(), &rds.DescribeEventsInput{Marker: aws.String("bm9uZQ")})
	wantFault(t, err, "InvalidParameterValue", 400, "marker")
}
