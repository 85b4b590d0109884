package postgres

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// replicasSince is the version from which a replica is told what it follows
// in postgresql.conf, which dbtls writes; before, it was a file of its own
// among the data.
const replicasSince = 12

// conninfo says how the replica of s reaches its primary, in libpq's form:
// verified in full, and with no password in it.
func conninfo(s engine.Settings) string {
	p := s.Primary
	fields := []setting{
		{"host", p.Address},
		{"port", strconv.Itoa(p.Port)},
		{"user", p.User},
		{"passfile", p.Password},
		{"sslmode", "verify-full"},
		{"sslrootcert", p.Roots},
		{"gssencmode", "disable"}, // encryption without the certificate
		{"application_name", s.ID},
		{"connect_timeout", "10"},
		// A primary whose machine is gone sends nothing that says so.
		{"keepalives_idle", "10"},
		{"keepalives_interval", "5"},
		{"keepalives_count", "3"},
	}
	parts := make([]string, 0, len(fields))
	for _, f := range fields {
		parts = append(parts, f.name+"='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(f.value)+"'")
	}
	return strings.Join(parts, " ")
}

// copyPrimary fills dataDir from the running primary and marks it as one that
// follows. (pg_basebackup's own marking would also write primary_conninfo to
// postgresql.auto.conf, which outranks the file dbtls writes.)
func copyPrimary(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	return []engine.Process{
		{
			Path: filepath.Join(i.BinDir, "pg_basebackup"),
			Args: []string{
				"--pgdata=" + dataDir, "--dbname=" + conninfo(s),
				"--wal-method=stream", "--checkpoint=fast", "--no-password",
			},
			Dir: filepath.Dir(dataDir),
		},
		{Path: "touch", Args: []string{"--", filepath.Join(dataDir, "standby.signal")}, Dir: filepath.Dir(dataDir)},
	}
}

// replicaCredential is one line of a password file
// (https://www.postgresql.org/docs/current/libpq-pgpass.html); "replication"
// stands for the database of a replica's connections.
func replicaCredential(p engine.Primary, password string) []byte {
	fields := []string{p.Address, strconv.Itoa(p.Port), "replication", p.User, password}
	for n, f := range fields {
		fields[n] = strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(f)
	}
	return []byte(strings.Join(fields, ":") + "\n")
}

// allowReplicas makes the role that replicas log in with. pg_hba.conf, which
// names it, lets it in for replication alone.
func allowReplicas(ctx context.Context, s engine.Settings, user, password string) error {
	if user != replicaRole {
		return fmt.Errorf("make replication role %q: the server lets in %q only", user, replicaRole)
	}
	if err := checkPassword(user, password); err != nil {
		return err
	}
	verifier, err := scramVerifier(password)
	if err != nil {
		return fmt.Errorf("prepare password of role %q: %w", user, err)
	}
	super, err := connect(ctx, s, superRole)
	if err != nil {
		return err
	}
	return errors.Join(makeReplicaRole(ctx, super, s, verifier), super.Close(ctx))
}

func makeReplicaRole(ctx context.Context, super *pgx.Conn, s engine.Settings, verifier string) error {
	if err := mustTakeWrites(ctx, super, s); err != nil {
		return err
	}
	version, err := serverVersion(ctx, super)
	if err != nil {
		return err
	}
	if version < replicasSince*10000 {
		return fault.New(fault.InvalidInstanceState, "instance %q runs a version of PostgreSQL before %d, of which dbtls makes no read replicas; upgrade it first", s.ID, replicasSince)
	}
	return pgx.BeginFunc(ctx, super, func(tx pgx.Tx) error {
		exists, err := roleExists(ctx, tx, replicaRole)
		if err != nil {
			return err
		}
		var statements []string
		if !exists {
			statements = append(statements, "CREATE ROLE "+replicaRole)
		}
		statements = append(statements,
			// The verifier is base64, digits and $ : alone: it cannot end the literal.
			"ALTER ROLE "+replicaRole+" LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS"+
				" CONNECTION LIMIT -1 PASSWORD '"+verifier+"' VALID UNTIL 'infinity'",
			"ALTER ROLE "+replicaRole+" RESET ALL",
			// Up to version 15 CREATEROLE may drop any common role that
			// nothing depends on. It opens nothing: see hbaConf.
			"GRANT CONNECT ON DATABASE postgres TO "+replicaRole,
		)
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("make role %q: %w", replicaRole, err)
			}
		}
		return nil
	})
}

// follows reports whether the server is a replica.
func follows(ctx context.Context, conn *pgx.Conn) (yes bool, err error) {
	if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&yes); err != nil {
		return false, fmt.Errorf("ask whether the server follows another: %w", err)
	}
	return yes, nil
}

// mustTakeWrites refuses a replica: its roles are its primary's.
func mustTakeWrites(ctx context.Context, conn *pgx.Conn, s engine.Settings) error {
	replica, err := follows(ctx, conn)
	if err == nil && replica {
		err = fault.New(fault.InvalidInstanceState, "instance %q is a read replica, whose users and databases are its primary's; make them there", s.ID)
	}
	return err
}
