// Package serve wires a server together and runs it: state, keys, CAs, fleet,
// rotations, the HTTPS listener and what it answers. It holds no rule of its
// own.
package serve

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// Options is the command line of `dbtls serve`.
type Options struct {
	Data           string
	Listen         string
	Region         string
	Regions        []string // more enabled regions
	Account        string
	Provider       string
	EndpointDomain string
	MasterKeyFile  string
	Credentials    string // CREDENTIALS_DIRECTORY of systemd, "" without one
	Overlap        time.Duration
	Life2019       time.Duration
	Parallel       int
	Version        string // of dbtls, for people
}

// check refuses options that cannot work, naming the rule.
func (o *Options) check() error {
	if o.Data == "" {
		return fault.New(fault.MissingParameter, "the state needs a place; give it with --data DIR")
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "--listen %q is not host:port, such as 127.0.0.1:7443", o.Listen)
	}
	if len(o.Account) != 12 || strings.Trim(o.Account, "0123456789") != "" {
		return fault.New(fault.InvalidParameter, "--account %q is not an AWS account id of 12 digits", o.Account)
	}
	switch o.Provider {
	case provider.Local, provider.Simulated:
	default:
		return fault.New(fault.InvalidParameter, "--provider %q is not known; use local or simulated", o.Provider)
	}
	if o.Overlap < 0 || o.Life2019 < 0 {
		return fault.New(fault.InvalidParameter, "--overlap and --ca-2019-life are durations of 0 or more")
	}
	if o.Parallel < 1 || o.Parallel > 64 {
		return fault.New(fault.InvalidParameter, "--parallel %d is not 1 to 64", o.Parallel)
	}
	return o.checkRegions()
}

// checkRegions puts the server's own region first and drops repeats.
func (o *Options) checkRegions() error {
	all := []string{o.Region}
	for _, r := range o.Regions {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	for _, r := range all {
		if !pki.KnownRegion(r) {
			return fault.New(fault.InvalidParameter, "region %q is not known; the regions are: %s", r, strings.Join(pki.Regions(), ", "))
		}
	}
	o.Regions = all
	return nil
}
