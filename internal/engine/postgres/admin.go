package postgres

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// reloadWait bounds the wait for a server to have read its files again;
	// it takes a few milliseconds on an idle machine.
	reloadWait = 5 * time.Second
	// endWait bounds the wait for ended sessions to be gone: a backend
	// notices between two steps of its work.
	endWait = 10 * time.Second
	pause   = 20 * time.Millisecond
)

type admin struct {
	product  product
	conn     *pgx.Conn
	settings engine.Settings
}

func (a *admin) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endWait)
	defer cancel()
	return a.conn.Close(ctx)
}

// asSuper runs f in a session of the superuser.
func (a *admin) asSuper(ctx context.Context, f func(*pgx.Conn) error) error {
	super, err := connect(ctx, a.settings, superRole)
	if err != nil {
		return err
	}
	return errors.Join(f(super), super.Close(ctx))
}

// Reload signals the server and waits until it has read its files. It is an
// error when that never happens: the server refuses all of a configuration
// that has a syntax error. A pair it cannot load is no error here, since
// pg_reload_conf returns true all the same.
func (a *admin) Reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reloadWait)
	defer cancel()
	const loaded = "SELECT pg_conf_load_time()"
	var before, now time.Time
	if err := a.conn.QueryRow(ctx, loaded).Scan(&before); err != nil {
		return fmt.Errorf("read configuration load time: %w", err)
	}
	if _, err := a.conn.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return fmt.Errorf("reload configuration: %w", err)
	}
	for {
		// Each process reads the files by itself: the parent, which answers
		// new connections, before it passes the signal on to this session's.
		if err := a.conn.QueryRow(ctx, loaded).Scan(&now); err != nil {
			return fmt.Errorf("wait for the configuration to be read (the server's log says what it refused): %w", err)
		}
		if now.After(before) {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("wait for the configuration to be read (the server's log says what it refused): %w", err)
		}
	}
}

// Effective asks the running server: postgresql.auto.conf (ALTER SYSTEM)
// outranks the file dbtls writes. Relative paths are the data directory's.
func (a *admin) Effective(ctx context.Context) (engine.PairPaths, error) {
	var p engine.PairPaths
	err := a.conn.QueryRow(ctx, "SELECT current_setting('ssl_cert_file'), current_setting('ssl_key_file')").Scan(&p.Cert, &p.Key)
	if err != nil {
		return engine.PairPaths{}, fmt.Errorf("read effective certificate paths: %w", err)
	}
	return engine.PairPaths{Cert: a.absolute(p.Cert), Key: a.absolute(p.Key)}, nil
}

func (a *admin) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.settings.Data, path)
}

// endSessions signals and counts. It runs as superuser: pg_signal_backend
// does not reach a superuser's sessions. Replication clients are sessions too.
// dbtls's own come over the socket; the names alone would exempt the sessions
// of a role that was renamed to one of them.
const endSessions = `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE backend_type IN ('client backend', 'walsender')
	AND backend_start < $1 AND pid <> pg_backend_pid()
	AND NOT (client_addr IS NULL AND coalesce(usename, '') IN ($2, $3))`

// EndSessions signals until no session begun before t is left, so that its
// success means they are gone. The clock is the server's, which is this
// machine's.
func (a *admin) EndSessions(ctx context.Context, t time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	ended := map[int32]bool{}
	err := a.asSuper(ctx, func(super *pgx.Conn) error {
		for {
			rows, err := super.Query(ctx, endSessions, t, agentRole, superRole)
			if err != nil {
				return fmt.Errorf("end sessions: %w", err)
			}
			left := 0
			var pid int32
			var signalled bool
			_, err = pgx.ForEachRow(rows, []any{&pid, &signalled}, func() error {
				left++
				ended[pid] = true
				return nil
			})
			if err != nil {
				return fmt.Errorf("end sessions: %w", err)
			}
			if left == 0 {
				return nil
			}
			if err := sleep(ctx, pause); err != nil {
				return fmt.Errorf("wait for %d ended sessions to be gone: %w", left, err)
			}
		}
	})
	return len(ended), err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
