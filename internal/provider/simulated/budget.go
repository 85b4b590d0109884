package simulated

import (
	"fmt"
	"math"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
)

const (
	// mostKept descriptors at most, and a quarter of a small limit, are left
	// to the rest of the process: the state, the API, its probes.
	mostKept = 512
	// spare descriptors are for listeners alone, so that clients cannot keep
	// an instance from starting.
	spare = 64
)

// budget counts the file descriptors that simulated instances have open. A
// process that reaches its limit can neither accept nor write its state.
type budget struct {
	limit int64 // of the process (RLIMIT_NOFILE)
	most  int64 // for simulated instances
	used  atomic.Int64
}

// newBudget reads the limit of the process, which Go has raised to the hard
// one at start.
func newBudget() (*budget, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return nil, fmt.Errorf("read limit on open files: %w", err)
	}
	limit := int64(min(r.Cur, math.MaxInt64))
	return &budget{limit: limit, most: limit - min(mostKept, limit/4)}, nil
}

// listener takes a descriptor for a listener, connection one for a client.
func (b *budget) listener() bool   { return b.take(b.most) }
func (b *budget) connection() bool { return b.take(b.most - spare) }

func (b *budget) take(most int64) bool {
	if b.used.Add(1) > most {
		b.used.Add(-1)
		return false
	}
	return true
}

func (b *budget) release() { b.used.Add(-1) }

// enough returns a fault when n listeners are too many.
func (b *budget) enough(n int) error {
	if int64(n) <= b.most {
		return nil
	}
	return b.short(n)
}

// short is the fault for n listeners that cannot be opened.
func (b *budget) short(n int) error {
	return fault.New(fault.Unavailable, "the simulated instances need %d listening sockets and may have %d: this process may have %d files open (RLIMIT_NOFILE), some of which the rest of it needs; raise the hard limit (ulimit -Hn, LimitNOFILE= of a service) and start dbtls again", n, b.most, b.limit)
}
