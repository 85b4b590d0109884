// Package engines lists the database products dbtls knows. It is the only
// place where they are named together; nothing registers itself.
package engines

import (
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/ase"
	"github.com/dbtls/dbtls/internal/engine/db2"
	"github.com/dbtls/dbtls/internal/engine/mongodb"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/engine/oracle"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/engine/redshift"
	"github.com/dbtls/dbtls/internal/engine/sqlserver"
)

// All returns every engine, in the order they are shown.
func All() []engine.Engine {
	return slices.Concat(
		[]engine.Engine{mysql.Aurora(), postgres.Aurora()},
		db2.Editions(),
		[]engine.Engine{mysql.MariaDB(), mongodb.New(), mysql.MySQL()},
		[]engine.Engine{postgres.New(), redshift.New()},
		sqlserver.Editions(),
		oracle.Editions(),
		[]engine.Engine{ase.New()},
	)
}

// Index is ByName over engines that are there already: for those who look up
// often, since making all of them is not free.
func Index(all []engine.Engine) func(name string) (engine.Engine, bool) {
	byName := map[string]engine.Engine{}
	for _, e := range all {
		for _, name := range e.Spec.Names {
			byName[name] = e
		}
	}
	return func(name string) (engine.Engine, bool) {
		e, ok := byName[name]
		return e, ok
	}
}

// ByName finds an engine by any of its API names; the API's names are lower
// case and so must name be.
func ByName(name string) (engine.Engine, bool) {
	for _, e := range All() {
		if slices.Contains(e.Spec.Names, name) {
			return e, true
		}
	}
	return engine.Engine{}, false
}
