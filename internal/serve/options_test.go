package serve

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

func good() Options {
	return Options{Data: "d", Listen: "127.0.0.1:0", Region: "us-east-1", Account: "123456789012", Provider: "local", Overlap: time.Hour, Parallel: 4}
}

func TestOptionsThatCannotWorkAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func(*Options)
		code     fault.Code
		says     string
	}{
		{"all is well", func(*Options) {}, "", ""},
		{"the defaults may be zero", func(o *Options) { o.Overlap, o.Life2019 = 0, 0 }, "", ""},
		{"no data directory", func(o *Options) { o.Data = "" }, fault.MissingParameter, "--data"},
		{"a listener without a port", func(o *Options) { o.Listen = "127.0.0.1" }, fault.InvalidParameter, "--listen"},
		{"an account of letters", func(o *Options) { o.Account = "12345678901x" }, fault.InvalidParameter, "--account"},
		{"an account that is too short", func(o *Options) { o.Account = "12345" }, fault.InvalidParameter, "--account"},
		{"a provider that there is not", func(o *Options) { o.Provider = "cloud" }, fault.InvalidParameter, "cloud"},
		{"a provider nobody knows", func(o *Options) { o.Provider = "moon" }, fault.InvalidParameter, "moon"},
		{"a negative overlap", func(o *Options) { o.Overlap = -1 }, fault.InvalidParameter, "--overlap"},
		{"a negative life", func(o *Options) { o.Life2019 = -time.Hour }, fault.InvalidParameter, "--ca-2019-life"},
		{"no workers", func(o *Options) { o.Parallel = 0 }, fault.InvalidParameter, "--parallel"},
		{"too many workers", func(o *Options) { o.Parallel = 65 }, fault.InvalidParameter, "--parallel"},
		{"a region nobody knows", func(o *Options) { o.Region = "us-east-9" }, fault.InvalidParameter, "us-east-9"},
		{"another region nobody knows", func(o *Options) { o.Regions = []string{"mars-1"} }, fault.InvalidParameter, "mars-1"},
	} {
		o := good()
		c.change(&o)
		err := o.check()
		if fault.CodeOf(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", c.sentence, err)
		}
	}
}

func TestTheOwnRegionComesFirstAndNoneTwice(t *testing.T) {
	t.Parallel()
	o := good()
	o.Region, o.Regions = "eu-west-1", []string{"us-east-1", "eu-west-1", "us-gov-west-1", "us-east-1"}
	if err := o.check(); err != nil || !slices.Equal(o.Regions, []string{"eu-west-1", "us-east-1", "us-gov-west-1"}) {
		t.Errorf("%v, %v", o.Regions, err)
	}
}
