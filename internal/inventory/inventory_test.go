package inventory_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"shop": "shop", "Shop": "shop", "a": "a", "a-1": "a-1", "a1-b2-c3": "a1-b2-c3", strings.Repeat("a", 63): strings.Repeat("a", 63),
		"": "", "1shop": "", "-shop": "", "shop-": "", "sh--op": "", "sh_op": "", "sh op": "", "sh.op": "", "shöp": "", "shop\n": "",
		"../etc": "", strings.Repeat("a", 64): "", "@shop": "", "[shop": "", "`shop": "", "{shop": "",
	} {
		got, err := inventory.ParseName(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", name, got, err, want)
		}
		if err != nil && fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%q: the fault is %s", name, fault.CodeOf(err))
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"shop", "A-b", "a--b", "é", "a-"} {
		f.Add(s)
	}
	rule := regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := inventory.ParseName(s)
		should := len(s) <= 63 && rule.MatchString(strings.ToLower(s)) && isASCII(s)
		if (err == nil) != should {
			t.Fatalf("%q: %q, %v", s, got, err)
		}
	})
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 }) }

func TestIdentifiersAreRandomAndOfAWSsForm(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^db-[A-Z2-7]{26}$`)
	generation := regexp.MustCompile(`^[a-z2-7]{16}$`)
	seen := map[string]bool{}
	for range 500 {
		for s, form := range map[string]*regexp.Regexp{inventory.NewResourceID(): id, inventory.NewGeneration(): generation} {
			if seen[s] || !form.MatchString(s) {
				t.Fatalf("made %q", s)
			}
			seen[s] = true
		}
	}
}

func TestARNs(t *testing.T) {
	t.Parallel()
	const account = "123456789012"
	for region, partition := range map[string]string{"us-east-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"} {
		arn := "arn:" + partition + ":rds:" + region + ":" + account + ":db:shop"
		if got := inventory.InstanceARN(region, account, "shop"); got != arn {
			t.Errorf("instance: %s", got)
		}
		if got := inventory.CertificateARN(region, "rds-ca-2019"); got != "arn:"+partition+":rds:"+region+"::cert:rds-ca-2019" {
			t.Errorf("certificate: %s", got)
		}
		if got := inventory.NameFromARN(region, account, arn); got != "shop" {
			t.Errorf("the name in %s is %q", arn, got)
		}
	}
	for _, other := range []string{
		"shop", "arn:aws:rds:eu-west-1:123456789012:db:shop", "arn:aws:rds:us-east-1:999999999999:db:shop", "arn:aws:rds:us-east-1:123456789012:cluster:shop",
	} {
		if got := inventory.NameFromARN("us-east-1", account, other); got != other {
			t.Errorf("%s is not ours and became %q", other, got)
		}
	}
}

func TestBridgeAndWant(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	b := inventory.Bridge{CA: "a", Until: end}
	if !b.Covers(end.Add(-1)) || b.Covers(end) || (inventory.Bridge{Until: end}).Covers(end.Add(-1)) {
		t.Error("a bridge covers until just before its end, and only with a CA")
	}
	if !(inventory.Want{By: "x", Now: true}).IsZero() || (inventory.Want{CA: "a"}).IsZero() || (inventory.Want{Renew: inventory.ReasonRequested}).IsZero() {
		t.Error("a want is zero when it asks for nothing")
	}
}
