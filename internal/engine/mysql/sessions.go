package mysql

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

const (
	// endWait bounds the wait for ended sessions to be gone: a thread
	// notices between two steps of its work.
	endWait = 10 * time.Second
	pause   = 20 * time.Millisecond
)

// clientSessions are all sessions but dbtls's own, the ones that have not
// logged in yet among them. A thread of the server has no host, or is a
// daemon; those names alone would prove nothing, since users choose names.
const clientSessions = `SELECT id FROM information_schema.processlist
	WHERE host <> '' AND command <> 'Daemon' AND id <> CONNECTION_ID()
	AND NOT (user = ? AND host = 'localhost') ORDER BY id`

// EndSessions ends every client session that is open when it is called and
// the server was up before t. The server keeps no time of a session's begin
// (TIME counts from the last change of state), so sessions begun after t end
// as well: too many rather than one too few, and clients connect again.
// Sessions opened during the call stay, since identifiers only grow.
func (a *admin) EndSessions(ctx context.Context, t time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	started, err := a.started(ctx)
	if err != nil || started.After(t) {
		return 0, err
	}
	ids, err := a.sessions(ctx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), a.endAll(ctx, ids)
}

// started is when the server started, or up to two seconds earlier: it counts
// whole seconds. Its clock is this machine's.
func (a *admin) started(ctx context.Context) (time.Time, error) {
	up, err := a.status(ctx, "Uptime")
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(up, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the server's uptime: %w", err)
	}
	return time.Now().Add(-time.Duration(seconds+2) * time.Second), nil
}

// status reads one of the server's status variables. Only this statement has
// them in every product.
func (a *admin) status(ctx context.Context, name string) (value string, err error) {
	if err := a.conn.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE ?", name).Scan(&name, &value); err != nil {
		return "", fmt.Errorf("read status %s: %w", name, err)
	}
	return value, nil
}

// endAll ends the sessions in ids, ascending, and waits until they are gone.
func (a *admin) endAll(ctx context.Context, ids []int64) error {
	last := ids[len(ids)-1]
	for {
		for _, id := range ids {
			err := a.exec(ctx, fmt.Sprintf("KILL CONNECTION %d", id))
			if err != nil && !isCode(err, codeUnknownThread) { // gone by itself
				return fmt.Errorf("end session %d: %w", id, err)
			}
		}
		open, err := a.sessions(ctx)
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(open, func(id int64) bool { return id > last })
		if len(ids) == 0 {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("wait for %d ended sessions to be gone: %w", len(ids), err)
		}
	}
}

func (a *admin) sessions(ctx context.Context) ([]int64, error) {
	rows, err := a.conn.QueryContext(ctx, clientSessions, a.settings.HostUser)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return ids, nil
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
