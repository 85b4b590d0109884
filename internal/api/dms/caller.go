package dms

import (
	"maps"
	"slices"

	"github.com/dbtls/dbtls/internal/api"
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
)

// Caller is who signed a request.
type Caller = api.Caller

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
