package query_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/dbtls/dbtls/internal/awswire/query"
)

func sdk(e *endpoint) *rds.Client {
	return rds.New(rds.Options{
		Region: "eu-west-1", BaseEndpoint: &e.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, nil
		}),
	})
}

func TestSDKReadsAReply(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) {
		x := query.NewResponse(p.Action(), "req-1")
		x.List("DBInstances", "DBInstance", 1, func(int) { writeInstance(x, "a <&> \"é\"\r\n\x01") })
		return 200, x.Finish()
	})
	out, err := sdk(e).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{
		MaxRecords: aws.Int32(20),
		Filters:    []types.Filter{{Name: aws.String("engine"), Values: []string{"mysql", "postgres"}}},
	})
	if err != nil || len(out.DBInstances) != 1 || out.Marker != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	d := out.DBInstances[0]
	if *d.DBInstanceIdentifier != "a <&> \"é\"\r\n\uFFFD" || *d.AllocatedStorage != 20 || !*d.MultiAZ ||
		!d.InstanceCreateTime.Equal(time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)) ||
		!d.CertificateDetails.ValidTill.Equal(time.Date(2061, 5, 24, 22, 59, 0, 0, time.UTC)) ||
		d.EnabledCloudwatchLogsExports == nil || len(d.EnabledCloudwatchLogsExports) != 0 {
		t.Errorf("the SDK read %q %+v", *d.DBInstanceIdentifier, d)
	}
	p := e.only(t)
	filters, err := query.Filters(p, "engine")
	page, err2 := query.ParsePage(p)
	if !reflect.DeepEqual(filters, map[string][]string{"engine": {"mysql", "postgres"}}) || page.MaxRecords != 20 || err != nil || err2 != nil || p.Unread() != nil {
		t.Errorf("%v %+v, %v %v; unread %q", filters, page, err, err2, p.Unread())
	}
}

func TestSDKSendsListsAndTimes(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) {
		if p.Action() == "DescribeEvents" {
			return 200, query.NewResponse(p.Action(), "r").Finish()
		}
		return 200, query.EmptyResponse(p.Action(), "r")
	})
	at := time.Date(2026, 1, 31, 13, 45, 0, 250_000_000, time.UTC)
	if _, err := sdk(e).DescribeEvents(t.Context(), &rds.DescribeEventsInput{StartTime: &at, EventCategories: []string{"creation", "deletion"}}); err != nil {
		t.Fatal(err)
	}
	p := e.only(t)
	start, _, err := p.Time("StartTime")
	kinds, _ := p.Strings("EventCategories", "EventCategory")
	if start != at || err != nil || !reflect.DeepEqual(kinds, []string{"creation", "deletion"}) || p.Unread() != nil {
		t.Errorf("%v %v %q; unread %q", start, err, kinds, p.Unread())
	}
	_, err = sdk(e).RemoveTagsFromResource(t.Context(), &rds.RemoveTagsFromResourceInput{ResourceName: aws.String("arn"), TagKeys: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if keys, _ := e.requests[1].Strings("TagKeys", "TagKey"); !reflect.DeepEqual(keys, []string{"a", "b"}) {
		t.Errorf("TagKeys %q", keys)
	}
}

func TestSDKMapsErrors(t *testing.T) {
	t.Parallel()
	e := serve(t, func(p *query.Params) (int, []byte) {
		if id, _ := p.String("DBInstanceIdentifier"); id == "gone" {
			return 404, query.ErrorResponse("DBInstanceNotFound", "gone & lost", "req-1", true)
		}
		return 500, query.ErrorResponse("InternalFailure", "oops", "req-2", false)
	})
	_, err := sdk(e).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("gone")})
	var fault *types.DBInstanceNotFoundFault
	if !errors.As(err, &fault) || fault.ErrorMessage() != "gone & lost" {
		t.Errorf("%v", err)
	}
	_, err = sdk(e).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InternalFailure" || api.ErrorMessage() != "oops" {
		t.Errorf("%v", err)
	}
}
