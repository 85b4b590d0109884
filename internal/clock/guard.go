package clock

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// metaKey is where the mark is kept.
const metaKey = "clock-mark"

// saveEvery bounds how old the stored mark is; it costs one write.
const saveEvery = time.Minute

// Guard holds issuing back while the clock cannot be trusted.
type Guard struct {
	store *store.Store
	read  func() Reading

	mu    sync.Mutex
	mark  Mark
	saved time.Time
}

// NewGuard loads the last trusted mark. read is Read, or a test's clock.
func NewGuard(ctx context.Context, s *store.Store, read func() Reading) (*Guard, error) {
	g := &Guard{store: s, read: read}
	raw, err := s.Read(ctx).Meta(metaKey)
	if err != nil {
		return nil, fmt.Errorf("read clock mark: %w", err)
	}
	if raw == nil {
		return g, nil
	}
	if err := json.Unmarshal(raw, &g.mark); err != nil {
		return nil, fmt.Errorf("read clock mark: %w", err)
	}
	return g, nil
}

// Check returns nil when the clock can be trusted now, and remembers the
// moment; else a fault that says why and what to do.
func (g *Guard) Check(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.read()
	if why := Judge(g.mark, now); why != "" {
		return fault.New(fault.Unavailable,
			"%s; nothing is issued or rotated until the clock is right again, or until you confirm that it is right now: dbtls clock accept", why)
	}
	g.mark = MarkOf(now)
	if now.Wall.Sub(g.saved).Abs() < saveEvery {
		return nil
	}
	return g.save(ctx, now)
}

// Accept trusts the clock as it is now.
func (g *Guard) Accept(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.read()
	g.mark = MarkOf(now)
	return g.save(ctx, now)
}

func (g *Guard) save(ctx context.Context, now Reading) error {
	raw, err := json.Marshal(g.mark)
	if err != nil {
		return fmt.Errorf("save clock mark: %w", err)
	}
	if err := g.store.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta(metaKey, raw) }); err != nil {
		return fmt.Errorf("save clock mark: %w", err)
	}
	g.saved = now.Wall
	return nil
}

// Read looks at this machine's clocks. Without a boot id (not Linux) only
// steps back are noticed.
func Read() Reading {
	r := Reading{Wall: time.Now().Round(0)} // Round drops the monotonic part
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return r
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return r
	}
	r.BootID, r.Uptime = strings.TrimSpace(string(id)), time.Duration(ts.Nano())
	return r
}
