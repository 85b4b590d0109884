package sqlserver

import "github.com/dbtls/dbtls/internal/engine"

// migration is what DMS calls the product. It has no names for editions, which
// do not differ on the wire: the first stands for all.
func migration(edition string) []engine.Migration {
	if edition != "sqlserver-ee" {
		return nil
	}
	return []engine.Migration{{Name: "sqlserver", Display: "Microsoft SQL Server"}, {Name: "azuredb", Display: "Microsoft Azure SQL Database"}}
}
