package mysql

import (
	"context"
	"fmt"
	"slices"
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

// startTime is when the server started, in seconds of the epoch; two less,
// since both terms are whole seconds.
const startTime = `SELECT CAST(UNIX_TIMESTAMP() - variable_value - 2 AS SIGNED)
	FROM information_schema.global_status WHERE variable_name = 'UPTIME'`

// EndSessions ends every client session that is open when it is called and
// the server was up before t. The server keeps no time of a session's begin
// (TIME counts from the last change of state), so sessions begun after t end
// as well: too many rather than one too few, and clients connect again.
// Sessions opened during the call stay, since identifiers only grow.
func (a *admin) EndSessions(ctx context.Context, t time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	var started int64
	if err := a.conn.QueryRowContext(ctx, startTime).Scan(&started); err != nil {
		return 0, fmt.Errorf("read start time: %w", err)
	}
	if time.Unix(started, 0).After(t) {
		return 0, nil
	}
	ids, err := a.sessions(ctx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), a.endAll(ctx, ids)
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
