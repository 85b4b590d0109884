package settings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// tagged adds, replaces and removes tags of everything that has them.
func tagged(t *testing.T, s *harness.Server) {
	api, str := s.RDS(t, ""), aws.String
	first := []types.Tag{{Key: str("team"), Value: str("blue")}}
	simulated(t, s, "tagged", "postgres", "", func(in *rds.CreateDBInstanceInput) { in.Tags = first })
	_, err := api.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: str("tagged"), Engine: str("aurora-mysql"), MasterUsername: str("admin1"), MasterUserPassword: str("correct-horse-99"), Tags: first})
	if err == nil {
		_, err = api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: str("tagged"), DBParameterGroupFamily: str("postgres15"), Description: str("d"), Tags: first})
	}
	if err == nil {
		_, err = api.CreateDBClusterParameterGroup(t.Context(), &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: str("tagged"), DBParameterGroupFamily: str("aurora-mysql8.0"), Description: str("d"), Tags: first})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"db", "cluster", "pg", "cluster-pg"} {
		arn := "arn:aws:rds:us-east-1:123456789012:" + kind + ":tagged"
		wantTags(t, api, arn, "team=blue")
		if kind == "db" {
			cli(t, s, nil, "add-tags-to-resource", "--resource-name", arn, "--tags", "Key=team,Value=green", "Key=empty,Value=")
			wantTags(t, api, arn, "empty=", "team=green")
			cli(t, s, nil, "remove-tags-from-resource", "--resource-name", arn, "--tag-keys", "team", "nobody")
			wantTags(t, api, arn, "empty=")
			continue
		}
		if _, err := api.AddTagsToResource(t.Context(), &rds.AddTagsToResourceInput{ResourceName: &arn, Tags: []types.Tag{{Key: str("team"), Value: str("green")}, {Key: str("cost"), Value: str("42")}}}); err != nil {
			t.Fatalf("add tags to %s: %v", arn, err)
		}
		wantTags(t, api, arn, "cost=42", "team=green")
		if _, err := api.RemoveTagsFromResource(t.Context(), &rds.RemoveTagsFromResourceInput{ResourceName: &arn, TagKeys: []string{"team"}}); err != nil {
			t.Fatalf("remove tags from %s: %v", arn, err)
		}
		wantTags(t, api, arn, "cost=42")
	}
	tagRefusals(t, api)
}

func wantTags(t *testing.T, api *rds.Client, arn string, want ...string) {
	t.Helper()
	out, err := api.ListTagsForResource(t.Context(), &rds.ListTagsForResourceInput{ResourceName: &arn})
	if err != nil {
		t.Fatalf("tags of %s: %v", arn, err)
	}
	var got []string
	for _, tag := range out.TagList {
		got = append(got, aws.ToString(tag.Key)+"="+aws.ToString(tag.Value))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s has the tags %q, want %q", arn, got, want)
	}
}

func tagRefusals(t *testing.T, api *rds.Client) {
	t.Helper()
	const begin = "arn:aws:rds:us-east-1:123456789012:"
	for arn, code := range map[string]string{
		begin + "db:nobody": "DBInstanceNotFound", begin + "cluster:nobody": "DBClusterNotFoundFault", begin + "pg:nobody": "DBParameterGroupNotFound",
		begin + "cluster-pg:nobody": "DBParameterGroupNotFound", "tagged": "InvalidParameterValue", begin + "og:tagged": "InvalidParameterValue",
		"arn:aws:rds:us-west-2:123456789012:db:tagged": "InvalidParameterValue",
	} {
		_, err := api.ListTagsForResource(t.Context(), &rds.ListTagsForResourceInput{ResourceName: &arn})
		wantFault(t, "tags of "+arn, err, code, "")
	}
	var many []types.Tag
	for n := range 50 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprint(n)), Value: aws.String("x")})
	}
	arn := begin + "db:tagged"
	_, err := api.AddTagsToResource(t.Context(), &rds.AddTagsToResourceInput{ResourceName: &arn, Tags: many})
	wantFault(t, "51 tags", err, "InvalidParameterValue", "50")
	wantTags(t, api, arn, "empty=")
}

// categories: each event that there is has a category that is listed for its
// kind of source.
func categories(t *testing.T, s *harness.Server) {
	api := s.RDS(t, "")
	d := simulated(t, s, "told", "postgres", "")
	d.reboot(t)
	listed, err := api.DescribeEventCategories(t.Context(), &rds.DescribeEventCategoriesInput{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, m := range listed.EventCategoriesMapList {
		known[aws.ToString(m.SourceType)] = m.EventCategories
	}
	if len(known["db-instance"]) < 5 || len(known["db-cluster"]) == 0 || len(known["db-parameter-group"]) == 0 {
		t.Errorf("the categories are %v", known)
	}
	one, err := api.DescribeEventCategories(t.Context(), &rds.DescribeEventCategoriesInput{SourceType: aws.String("db-instance")})
	if err != nil || len(one.EventCategoriesMapList) != 1 || !slices.Equal(one.EventCategoriesMapList[0].EventCategories, known["db-instance"]) {
		t.Errorf("those of instances alone: %v, %v", one, err)
	}
	_, err = api.DescribeEventCategories(t.Context(), &rds.DescribeEventCategoriesInput{SourceType: aws.String("db-moon")})
	wantFault(t, "an unknown source", err, "InvalidParameterValue", "db-moon")
	all, err := api.DescribeEvents(t.Context(), &rds.DescribeEventsInput{MaxRecords: aws.Int32(100)})
	if err != nil || len(all.Events) < 2 {
		t.Fatalf("events: %v, %v", all, err)
	}
	for _, e := range all.Events {
		if len(e.EventCategories) != 1 || !slices.Contains(known[string(e.SourceType)], e.EventCategories[0]) {
			t.Errorf("%q of %s has the categories %q, none of those listed", aws.ToString(e.Message), e.SourceType, e.EventCategories)
		}
	}
	some, err := api.DescribeEvents(t.Context(), &rds.DescribeEventsInput{SourceIdentifier: &d.Name, SourceType: types.SourceTypeDbInstance, EventCategories: []string{"availability"}})
	if err != nil || len(some.Events) == 0 || aws.ToString(some.Events[0].Message) != "DB instance restarted" || !strings.HasSuffix(aws.ToString(some.Events[0].SourceArn), ":db:told") {
		t.Errorf("events of one category: %+v, %v, want the restart first", some, err)
		return
	}
	for _, e := range some.Events {
		if !slices.Equal(e.EventCategories, []string{"availability"}) {
			t.Errorf("%q has the categories %q and was not asked for", aws.ToString(e.Message), e.EventCategories)
		}
	}
}
