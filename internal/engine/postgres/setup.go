package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// masterRoles are the predefined roles a master user is a member of, as far
// as the version has them.
func masterRoles() []string {
	return []string{
		"pg_monitor", "pg_signal_backend", "pg_read_all_data", "pg_write_all_data",
		"pg_checkpoint", "pg_maintain", "pg_create_subscription",
	}
}

// maxName is the longest identifier in bytes (NAMEDATALEN - 1); the server
// silently cuts longer ones.
const maxName = 63

// SetUp makes the master user and the first database; what is there already
// is put right, so it may run again after a crash at any point.
func (a *admin) SetUp(ctx context.Context, m engine.Master) error {
	if err := checkMaster(m); err != nil {
		return err
	}
	verifier, err := scramVerifier(m.Password)
	if err != nil {
		return fmt.Errorf("prepare password of user %q: %w", m.User, err)
	}
	return a.asSuper(ctx, func(super *pgx.Conn) error {
		if err := mustTakeWrites(ctx, super, a.settings); err != nil {
			return err
		}
		if err := guardFileRoles(ctx, super); err != nil {
			return err
		}
		if err := makeMaster(ctx, super, m.User, verifier); err != nil {
			return err
		}
		return makeDatabase(ctx, super, m)
	})
}

func checkMaster(m engine.Master) error {
	for _, name := range []string{m.User, m.Database} {
		if len(name) > maxName {
			return fault.New(fault.InvalidParameter, "the name %q has %d bytes and PostgreSQL takes %d; choose a shorter one", name, len(name), maxName)
		}
	}
	if slices.Contains(reservedUsers(), m.User) || strings.HasPrefix(m.User, "pg_") {
		return fault.New(fault.InvalidParameter, "the master user name %q is reserved by PostgreSQL or dbtls; choose another", m.User)
	}
	return checkPassword(m.User, m.Password)
}

// checkPassword: clients differ in how they normalise other characters.
func checkPassword(user, password string) error {
	for _, r := range password {
		if r < ' ' || r > '~' {
			return fault.New(fault.InvalidParameter, "the password of user %q has a character that is not printable ASCII; use printable ASCII only", user)
		}
	}
	return nil
}

// guardFileRoles is explained in the package comment: up to version 15 it
// keeps CREATEROLE from handing out the operating system. There is no
// statement for it, so the catalog is written.
func guardFileRoles(ctx context.Context, super *pgx.Conn) error {
	version, err := serverVersion(ctx, super)
	if err != nil {
		return err
	}
	if version >= 160000 {
		return nil
	}
	return pgx.BeginFunc(ctx, super, func(tx pgx.Tx) error {
		const guard = `UPDATE pg_authid SET rolsuper = true WHERE rolname IN
			('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files') AND NOT rolsuper`
		for _, sql := range []string{"SET LOCAL allow_system_table_mods = on", guard} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("guard the roles that reach files: %w", err)
			}
		}
		return nil
	})
}

func makeMaster(ctx context.Context, super *pgx.Conn, user, verifier string) error {
	name := pgx.Identifier{user}.Sanitize()
	return pgx.BeginFunc(ctx, super, func(tx pgx.Tx) error {
		exists, err := roleExists(ctx, tx, user)
		if err != nil {
			return err
		}
		roles, err := presentRoles(ctx, tx)
		if err != nil {
			return err
		}
		var statements []string
		if !exists {
			statements = append(statements, "CREATE ROLE "+name)
		}
		statements = append(statements,
			// The verifier is base64, digits and $ : alone: it cannot end the literal.
			"ALTER ROLE "+name+" LOGIN NOSUPERUSER CREATEDB CREATEROLE INHERIT PASSWORD '"+verifier+"'",
			"GRANT ALL ON DATABASE postgres TO "+name+" WITH GRANT OPTION",
			"GRANT ALL ON SCHEMA public TO "+name+" WITH GRANT OPTION",
		)
		for _, role := range roles {
			statements = append(statements, "GRANT "+role+" TO "+name+" WITH ADMIN OPTION")
		}
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("make user %q: %w", user, err)
			}
		}
		return nil
	})
}

func presentRoles(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) ORDER BY rolname", masterRoles())
	if err != nil {
		return nil, fmt.Errorf("list predefined roles: %w", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list predefined roles: %w", err)
	}
	return roles, nil
}

// makeDatabase creates the database for its owner. The ones every cluster has
// stay dbtls's: their owner could keep everybody, dbtls too, out of them.
func makeDatabase(ctx context.Context, super *pgx.Conn, m engine.Master) error {
	if m.Database == "" || slices.Contains([]string{"postgres", "template0", "template1"}, m.Database) {
		return nil
	}
	var exists bool
	if err := super.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", m.Database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %q: %w", m.Database, err)
	}
	database, owner := pgx.Identifier{m.Database}.Sanitize(), pgx.Identifier{m.User}.Sanitize()
	sql := "CREATE DATABASE " + database + " OWNER " + owner
	if exists {
		sql = "ALTER DATABASE " + database + " OWNER TO " + owner
	}
	if _, err := super.Exec(ctx, sql); err != nil {
		return fmt.Errorf("make database %q: %w", m.Database, err)
	}
	return nil
}
