package db2

import "github.com/dbtls/dbtls/internal/engine"

// migration is what DMS calls the product. It has no names for editions, which
// do not differ on the wire: the first stands for all.
func migration(edition string) []engine.Migration {
	if edition != "db2-se" {
		return nil
	}
	return []engine.Migration{{Name: "db2", Display: "IBM Db2 LUW"}}
}
