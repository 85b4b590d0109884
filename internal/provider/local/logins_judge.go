package local

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

const (
	// logDelay is how long an entry may be on its way into the file.
	logDelay = time.Second
	// scarceBytes free and fewer mean that a server may have dropped entries.
	scarceBytes = 64 << 20
	// startSlack: the start of a process is known to a second or two.
	startSlack = 3 * time.Second
	// firstEntry is how long a server takes to begin its log.
	firstEntry = 5 * time.Second
)

// result is the batch with its position.
func (t *tail) result(now time.Time) (provider.LogBatch, error) {
	t.state.Reader = t.reader.State()
	state, err := json.Marshal(t.state)
	if err != nil {
		return provider.LogBatch{}, fmt.Errorf("encode log position: %w", err)
	}
	t.at.State = state
	t.out.Next, t.out.More, t.out.Upto = t.at, !t.ended, t.reader.Upto()
	if why := t.reader.Blind(); t.out.Blind == "" {
		t.out.Blind = why
	}
	until := now.Add(-logDelay)
	if !t.young.IsZero() && t.young.Before(until) {
		until = t.young
	}
	if t.ended && until.After(t.out.Upto) {
		t.out.Upto = until
	}
	return t.out, nil
}

// judge says what the server may not have written, and removes what is not
// needed any more.
func (t *tail) judge(now time.Time, pr process, running bool) error {
	if err := t.awaited(now, pr, running); err != nil {
		return err
	}
	free, err := hostfs.FreeBytes(t.pl.root)
	if err != nil {
		return err
	}
	if free < scarceBytes {
		t.gap(fmt.Sprintf("the file system has %d MiB left, so the server may have dropped entries of its log; free space there", free>>20))
	}
	return t.prune(now)
}

// awaited judges a server that runs and has not written a log: it begins one, or
// writes into the last, when it starts. Nobody came in before that.
func (t *tail) awaited(now time.Time, pr process, running bool) error {
	if !running || t.out.Blind != "" {
		return nil
	}
	began, err := pr.startedAt()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(t.files, func(f logFile) bool { return f.modified.After(began.Add(-startSlack)) }) {
		return nil
	}
	if now.Sub(began) <= firstEntry {
		t.young = began
		return nil
	}
	t.out.Blind = nextStart
	return t.pl.trimPrinted()
}
