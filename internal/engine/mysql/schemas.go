package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/dbtls/dbtls/internal/engine"
)

// listSchemas leaves out those that are the server's own.
const listSchemas = `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA
	WHERE SCHEMA_NAME NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1 LIMIT 10000`

// schemas lists the databases that the user sees; a schema is one in this
// product.
func schemas(ctx context.Context, a engine.Account) ([]string, error) {
	var names []string
	_, err := logIn(ctx, a, func(ctx context.Context, c driver.Conn) (engine.Logged, error) {
		all, err := rows(ctx, c, 1, listSchemas)
		if err != nil {
			return engine.Logged{}, fmt.Errorf("list schemas: %w", err)
		}
		for _, row := range all {
			names = append(names, row[0])
		}
		return engine.Logged{}, nil
	})
	return names, err
}
