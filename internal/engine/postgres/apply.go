package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/fault"
)

// Apply makes the server read its files again and compares what it then has
// with what s asks for. Terms that contradict each other are refused before
// the server hears of them.
func (a *admin) Apply(ctx context.Context, s engine.Settings) error {
	number, err := serverVersion(ctx, a.conn)
	if err != nil {
		return err
	}
	version := fmt.Sprintf("%d.%d", number/10000, number%10000)
	t, err := a.product.terms(version, s.Parameters)
	if err != nil {
		return err
	}
	if err := a.Reload(ctx); err != nil {
		return err
	}
	var wrong []string
	// The superuser sees what pg_hba.conf means. Its session is also younger
	// than the reload: the server, which answers one thing after the other,
	// has finished reading when it lets it in.
	err = a.asSuper(ctx, func(super *pgx.Conn) error {
		for _, look := range []func() ([]string, error){
			func() ([]string, error) { return settingsNotInForce(ctx, super, wantedSettings(version, s, t)) },
			func() ([]string, error) { return rulesNotInForce(ctx, super, t) },
			func() ([]string, error) { return roleNotInForce(ctx, super, s) },
		} {
			found, err := look()
			if err != nil {
				return err
			}
			wrong = append(wrong, found...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check what is in force: %w", err)
	}
	if len(wrong) > 0 {
		return fault.New(fault.InvalidInstanceState, "the server of instance %q read its files and does not have in force what they say: %s; correct that, then apply the parameters again", s.ID, strings.Join(wrong, "; "))
	}
	return nil
}

// wantedSettings are the settings to find in force; "" is the server's own.
func wantedSettings(version string, s engine.Settings, t terms) map[string]string {
	want := map[string]string{"ssl": "on", paramCiphers: t.ciphers}
	if discover.AtLeast(version, limitsSince) {
		want[paramMin], want[paramMax] = t.min, t.max
	}
	if s.Primary != nil && discover.AtLeast(version, "13") { // 12 reads it at its start only
		want["primary_conninfo"] = conninfo(s)
	}
	return want
}

func settingsNotInForce(ctx context.Context, super *pgx.Conn, want map[string]string) ([]string, error) {
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	rows, err := super.Query(ctx, `SELECT name, setting, coalesce(boot_val, ''), coalesce(sourcefile, source)
		FROM pg_settings WHERE name = ANY ($1) ORDER BY name`, names)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	var wrong []string
	var name, have, own, from string
	_, err = pgx.ForEachRow(rows, []any{&name, &have, &own, &from}, func() error {
		expected := want[name]
		if expected == "" {
			expected = own
		}
		if have != expected {
			wrong = append(wrong, fmt.Sprintf("%s is %q and not %q, by %q (ALTER SYSTEM outranks the files dbtls writes; ALTER SYSTEM RESET takes it back)", name, have, expected, from))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return wrong, nil
}

// rulesNotInForce reads pg_hba.conf as the server does. With an error in it
// the server keeps the rules it had.
func rulesNotInForce(ctx context.Context, super *pgx.Conn, t terms) ([]string, error) {
	rows, err := super.Query(ctx, `SELECT line_number, coalesce(type, ''), coalesce(auth_method, ''), coalesce(error, ''),
		coalesce(user_name = '{all}' AND address = 'all', false) FROM pg_hba_file_rules ORDER BY line_number`)
	if err != nil {
		return nil, fmt.Errorf("read rules of pg_hba.conf: %w", err)
	}
	var wrong []string
	plain, some := false, 0 // everybody's sessions without TLS, and some clients'
	var line int
	var kind, method, problem string
	var everybody bool
	_, err = pgx.ForEachRow(rows, []any{&line, &kind, &method, &problem, &everybody}, func() error {
		if problem != "" {
			wrong = append(wrong, fmt.Sprintf("line %d of pg_hba.conf: %s", line, problem))
		}
		if method != "reject" && slices.Contains([]string{"host", "hostnossl"}, kind) {
			plain = plain || everybody
			some++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rules of pg_hba.conf: %w", err)
	}
	if plain == t.force {
		wrong = append(wrong, fmt.Sprintf("pg_hba.conf lets plain sessions in: %t, where %s asks for %t", plain, paramForce, !t.force))
	}
	if want := len(exceptionRules(t.exceptions)); t.force && !plain && some != want {
		wrong = append(wrong, fmt.Sprintf("pg_hba.conf has %d exceptions, where %s asks for %d", some, paramExceptions, want))
	}
	return wrong, nil
}

// roleNotInForce: standby.signal among the data decides at the start whether a
// server follows or takes writes, and no file of dbtls's does.
func roleNotInForce(ctx context.Context, super *pgx.Conn, s engine.Settings) ([]string, error) {
	replica, err := follows(ctx, super)
	if err != nil || replica == (s.Primary != nil) {
		return nil, err
	}
	if replica {
		return []string{"it follows a primary and should take writes (standby.signal is in its data directory)"}, nil
	}
	return []string{"it takes writes and should follow a primary (standby.signal is missing in its data directory); create the replica again"}, nil
}

// serverVersion is such as 150018 for 15.18.
func serverVersion(ctx context.Context, conn *pgx.Conn) (n int, err error) {
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&n); err != nil {
		return 0, fmt.Errorf("read server version: %w", err)
	}
	return n, nil
}
