// Package drivers is what is known of database clients: for each product, with
// the range of versions and the source, what its TLS options do. It is data;
// clientconfig.Evaluate applies it.
package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// All lists every driver that is known.
func All() []clientconfig.Driver {
	return proven(slices.Concat(jvm(), libpq(), mysqlClients(), microsoft(), oracle(), others()))
}

// Index finds drivers by their ID.
func Index() map[string]clientconfig.Driver {
	all := map[string]clientconfig.Driver{}
	for _, d := range All() {
		all[d.ID] = d
	}
	return all
}
