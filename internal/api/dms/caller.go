package dms

import (
	"maps"
	"slices"

	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
)

// Caller is who signed a request, and for which region, and what whoever
// proved that wants to be asked and told.
type Caller struct {
	User, Region, RequestID string
	// May is asked when the action is known and before anything is done; its
	// error refuses the call. nil: nobody is asked.
	May func(action string) error
	// Done is told how the call ended, before the answer is sent: what it
	// named, "" for nothing, and the code of its refusal, "" for none. nil:
	// nobody is told.
	Done func(target, code string)
}

func (c Caller) may(action string) error {
	if c.May == nil {
		return nil
	}
	return c.May(action)
}

func (c Caller) done(target, code string) {
	if c.Done != nil {
		c.Done(target, code)
	}
}

// Actions lists the actions of this API, by name.
func Actions() []string { return slices.Sorted(maps.Keys(actions)) }

// target is what a request names as its subject, "" for nothing. It reads
// nothing that would pass for known: only names that every action with them
// reads itself.
func target(p *jsonrpc.Object) string {
	for _, name := range []string{
		"EndpointArn", "CertificateArn", "ReplicationInstanceArn", "ResourceArn",
		"EndpointIdentifier", "CertificateIdentifier", "ReplicationInstanceIdentifier", "SourceIdentifier",
	} {
		if v := p.Peek(name); v != "" {
			return v
		}
	}
	return ""
}
