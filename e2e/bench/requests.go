package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"
)

const version = "&Version=2014-10-31"

// requests measures the API: one real instance and so many copies of its row
// that none of them has an engine to look after.
func requests(ctx context.Context, w *site) ([]row, error) {
	s, err := w.start("api")
	if err != nil {
		return nil, err
	}
	if err := createOne(ctx, s); err != nil {
		return nil, err
	}
	s.stop()
	if err := copyInstance(filepath.Join(s.data, "state.db"), listed-1); err != nil {
		return nil, err
	}
	if s, err = w.start("api"); err != nil {
		return nil, err
	}
	defer s.stop()
	c, err := newCaller(s, clients)
	if err != nil {
		return nil, err
	}
	loads, err := measure(ctx, c, w)
	if err != nil {
		return nil, err
	}
	mib, err := s.rss()
	if err != nil {
		return nil, err
	}
	one, list := median(loads["one"]), median(loads["list"])
	write, lone, plain := median(loads["write"]), median(loads["write1"]), median(loads["fsync"])
	return []row{
		{"describe one of 100, c=8", perSecond(one), ">= 4000/s", "the same connections, unsigned /healthz: " + perSecond(median(loads["health"])), one >= 4000},
		{"list of 100, c=8", perSecond(list), ">= 300/s", "", list >= 300},
		{"durable writes (ModifyDBInstance), c=8", perSecond(write), "", fmt.Sprintf("synchronous 4 KiB appends, one writer: %s", perSecond(plain)), true},
		{"durable writes (ModifyDBInstance), c=1", perSecond(lone), "", fmt.Sprintf("%.2f of the appends", lone/plain), true},
		{"RSS after these loads", fmt.Sprintf("%.1f MiB", mib), "", "", true},
	}, nil
}

// measure interleaves the loads.
func measure(ctx context.Context, c *caller, w *site) (map[string][]float64, error) {
	file, err := os.Create(filepath.Join(w.dir, "appends"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	page := make([]byte, 4096)
	kinds := []struct {
		name    string
		workers int
		work    func(context.Context, int) error
	}{
		{"one", clients, func(ctx context.Context, _ int) error {
			return c.call(ctx, "Action=DescribeDBInstances&DBInstanceIdentifier=bench-50"+version, "bench-50</DBInstanceIdentifier>")
		}},
		{"health", clients, func(ctx context.Context, _ int) error { return c.health(ctx) }},
		{"list", clients, func(ctx context.Context, _ int) error {
			return c.call(ctx, "Action=DescribeDBInstances&MaxRecords=100"+version, "bench-99</DBInstanceIdentifier>")
		}},
		{"write", clients, func(ctx context.Context, _ int) error { return c.write(ctx) }},
		{"write1", 1, func(ctx context.Context, _ int) error { return c.write(ctx) }},
		{"fsync", 1, func(context.Context, int) error {
			if _, err := file.Write(page); err != nil {
				return err
			}
			return file.Sync()
		}},
	}
	all := map[string][]float64{}
	for range rounds {
		for _, k := range kinds {
			v, err := rate(ctx, k.workers, slice, k.work)
			if err != nil {
				return nil, fmt.Errorf("load %q: %w", k.name, err)
			}
			all[k.name] = append(all[k.name], v)
		}
	}
	return all, nil
}

// write changes an instance: one transaction, with its audit record.
func (c *caller) write(ctx context.Context) error {
	return c.call(ctx, "Action=ModifyDBInstance&DBInstanceIdentifier=bench-0&DeletionProtection=true"+version, "bench-0</DBInstanceIdentifier>")
}

// createOne makes the one real instance, of whichever engine is there.
func createOne(ctx context.Context, s *server) error {
	c, err := newCaller(s, 1)
	if err != nil {
		return err
	}
	for _, engine := range []string{"postgres", "mariadb"} {
		err = c.call(ctx, "Action=CreateDBInstance&DBInstanceIdentifier=bench-0&DBInstanceClass=db.local&MasterUsername=admin1&MasterUserPassword=correct-horse-99&Engine="+engine+version, "bench-0")
		if err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("create an instance (an engine must be installed): %w", err)
	}
	for end := time.Now().Add(2 * time.Minute); ; <-time.After(100 * time.Millisecond) {
		err := c.call(ctx, "Action=DescribeDBInstances&DBInstanceIdentifier=bench-0"+version, "<DBInstanceStatus>available<")
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// copyInstance multiplies the one row of a stopped server's state. Status
// "failed" keeps the copies out of supervision and rotation.
func copyInstance(path string, n int) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	var region, id, text string
	if err := db.QueryRow(`SELECT region, resource_id, doc FROM instances`).Scan(&region, &id, &text); err != nil {
		return err
	}
	for i := 1; i <= n; i++ {
		doc := map[string]any{}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			return err
		}
		name, address := fmt.Sprintf("bench-%d", i), fmt.Sprintf("127.1.1.%d", i)
		copied := fmt.Sprintf("%s%03d", id[:len(id)-3], i)
		doc["Name"], doc["ResourceID"], doc["Address"], doc["Host"], doc["Status"] = name, copied, address, address, "failed"
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		if _, err := db.Exec(`INSERT INTO instances (resource_id, region, name, status, address, doc) VALUES (?,?,?,'failed',?,?)`,
			copied, region, name, address, string(b)); err != nil {
			return err
		}
	}
	return nil
}
