package rds

import (
	"maps"
	"slices"

	"github.com/dbtls/dbtls/internal/api"
	"github.com/dbtls/dbtls/internal/awswire/query"
)

// Caller is who signed a request.
type Caller = api.Caller

// Actions lists the actions of this API, by name.
func Actions() []string { return slices.Sorted(maps.Keys(actions)) }

// target is what a request names as its subject, "" for nothing.
func target(p *query.Params) string {
	for _, name := range []string{
		"DBInstanceIdentifier", "DBClusterIdentifier", "DBParameterGroupName", "DBClusterParameterGroupName",
		"TargetDBParameterGroupIdentifier", "TargetDBClusterParameterGroupIdentifier", "ResourceName", "ResourceIdentifier", "CertificateIdentifier", "SourceIdentifier",
	} {
		if v, ok := p.String(name); ok {
			return v
		}
	}
	return ""
}
