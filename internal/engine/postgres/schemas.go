package postgres

import (
	"context"
	"fmt"

	"github.com/dbtls/dbtls/internal/engine"
)

// listSchemas leaves out those that are the server's own: names that begin
// with pg_ are reserved for it.
const listSchemas = `SELECT nspname FROM pg_catalog.pg_namespace
	WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema' ORDER BY 1 LIMIT 10000`

// Schemas lists the schemas of one database of a product of this protocol in
// which TLS starts by w.
func Schemas(w engine.Wire) engine.Schemas {
	return func(ctx context.Context, a engine.Account) ([]string, error) {
		var names []string
		_, err := a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			conn, err := logIn(ctx, a, t, w)
			if err != nil {
				return engine.Logged{}, err
			}
			defer conn.Close(ctx)
			results, err := conn.Exec(ctx, listSchemas).ReadAll()
			if err != nil {
				return engine.Logged{}, fmt.Errorf("list schemas: %w", err)
			}
			for _, r := range results {
				for _, row := range r.Rows {
					names = append(names, string(row[0]))
				}
			}
			return engine.Logged{}, nil
		})
		return names, err
	}
}
