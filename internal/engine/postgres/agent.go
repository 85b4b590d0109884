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
// that somebody with CREATEROLE has touched: it is repaired as superuser. The
// superuser's session is used where that does not help: on a replica, which
// has its primary's roles as they are there, and when all slots that are not
// reserved for superusers are taken.
func (v server) Admin(ctx context.Context, s engine.Settings) (engine.Admin, error) {
	conn, err := agentSession(ctx, s)
	if err != nil {
		if errors.Is(err, engine.ErrNotReady) || ctx.Err() != nil {
			return nil, err
		}
		if conn, err = superSession(ctx, s, err); err != nil {
			return nil, err
		}
	}
	return &admin{product: v.product, conn: conn, settings: s}, nil
}

// superSession is a session for when the agent has none, because of why: the
// agent's again if its role can be repaired, else the superuser's.
func superSession(ctx context.Context, s engine.Settings, why error) (*pgx.Conn, error) {
	super, err := connect(ctx, s, superRole)
	if err != nil {
		return nil, fmt.Errorf("repair role %q after %q: %w", agentRole, why.Error(), err)
	}
	replica, err := follows(ctx, super)
	if err == nil && replica {
		return super, nil
	}
	if err == nil {
		err = repairAgent(ctx, super)
	}
	if err != nil {
		return nil, errors.Join(err, super.Close(ctx))
	}
	conn, err := agentSession(ctx, s)
	if err != nil { // no slot left for a common role
		return super, nil
	}
	if err := super.Close(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("close session as %q: %w", superRole, err), conn.Close(ctx))
	}
	return conn, nil
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
		exists, err := roleExists(ctx, tx, agentRole)
		if err != nil {
			return err
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

func roleExists(ctx context.Context, tx pgx.Tx, role string) (exists bool, err error) {
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists); err != nil {
		return false, fmt.Errorf("look for role %q: %w", role, err)
	}
	return exists, nil
}
