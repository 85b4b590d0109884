package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
)

// agentMay asks whether the session's role still has what dbtls needs of it.
const agentMay = `SELECT current_user = session_user
	AND pg_has_role('pg_monitor', 'USAGE')
	AND pg_has_role('pg_signal_backend', 'USAGE')
	AND has_function_privilege('pg_reload_conf()', 'EXECUTE')`

// Admin logs in as the agent role. Whatever else goes wrong than a server
// that is still starting is taken for a role that is missing (first start) or
// that somebody with CREATEROLE has touched: it is repaired as superuser. If it
// still cannot log in, all slots that are not reserved for superusers are
// taken, and the superuser's session is used.
func (server) Admin(ctx context.Context, s engine.Settings) (engine.Admin, error) {
	conn, err := agentSession(ctx, s)
	if err == nil {
		return &admin{conn: conn, settings: s}, nil
	}
	if errors.Is(err, engine.ErrNotReady) || ctx.Err() != nil {
		return nil, err
	}
	super, superErr := connect(ctx, s, superRole)
	if superErr != nil {
		return nil, fmt.Errorf("repair role %q after %q: %w", agentRole, err.Error(), superErr)
	}
	if err := repairAgent(ctx, super); err != nil {
		return nil, errors.Join(err, super.Close(ctx))
	}
	if conn, err = agentSession(ctx, s); err != nil { // no slot left for a common role
		return &admin{conn: super, settings: s}, nil
	}
	if err := super.Close(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("close session as %q: %w", superRole, err), conn.Close(ctx))
	}
	return &admin{conn: conn, settings: s}, nil
}

// agentSession is a session of a role that can do its work.
func agentSession(ctx context.Context, s engine.Settings) (*pgx.Conn, error) {
	conn, err := connect(ctx, s, agentRole)
	if err != nil {
		return nil, err
	}
	var may bool
	err = conn.QueryRow(ctx, agentMay).Scan(&may)
	if err == nil && !may {
		err = fmt.Errorf("role %q lacks a privilege dbtls gave it", agentRole)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// repairAgent makes the role and puts back every attribute that another role
// can change. One transaction: a role half repaired is not left behind.
func repairAgent(ctx context.Context, super *pgx.Conn) error {
	return pgx.BeginFunc(ctx, super, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", agentRole).Scan(&exists); err != nil {
			return fmt.Errorf("look for role %q: %w", agentRole, err)
		}
		var statements []string
		if !exists {
			statements = append(statements, "CREATE ROLE "+agentRole)
		}
		statements = append(statements,
			"ALTER ROLE "+agentRole+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS"+
				" CONNECTION LIMIT -1 PASSWORD NULL VALID UNTIL 'infinity'",
			"ALTER ROLE "+agentRole+" RESET ALL",
			"ALTER ROLE "+agentRole+" IN DATABASE postgres RESET ALL",
			"GRANT CONNECT ON DATABASE postgres TO "+agentRole,
			"GRANT pg_monitor, pg_signal_backend TO "+agentRole,
			"GRANT EXECUTE ON FUNCTION pg_reload_conf() TO "+agentRole,
		)
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("repair role %q: %w", agentRole, err)
			}
		}
		return nil
	})
}
