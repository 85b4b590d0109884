package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// logChunk is read at a time, in bytes.
const logChunk = 1 << 18

// nextStart is why a server that runs has no log to read.
const nextStart = "the running server does not write down its clients' logins; it does from its next restart on"

// logState is what a LogPosition keeps besides the place.
type logState struct {
	// Done are the files that were read, and how far: one that has grown since
	// is read on. Names alone would not do, since a clock that was set back
	// gives a newer file an older name.
	Done   map[string]int64 `json:"done,omitempty"`
	Reader []byte           `json:"reader,omitempty"`
}

// tail is one reading of a log.
type tail struct {
	pl     *place
	dir    *logDir
	files  []logFile // as listed when the reading began, by name
	others []logFile // what else the server made there
	reader engine.LogReader
	state  logState
	known  map[string]int64 // Done of the position that the caller has kept
	at     provider.LogPosition
	out    provider.LogBatch
	ended  bool      // all there was is read
	young  time.Time // when a server began that has written nothing yet, else zero
}

// Logins reads on in the server's log. From the zero position it begins with
// the newest file, at its start, where an entry begins for certain. It removes
// old files: those that were read before from, and so are kept by the caller.
func (p *Provider) Logins(ctx context.Context, i provider.Instance, from provider.LogPosition, most int) (provider.LogBatch, error) {
	pl, err := p.place(i)
	if err != nil {
		return provider.LogBatch{}, err
	}
	if err := pl.mustExist(); err != nil {
		return provider.LogBatch{}, err
	}
	if pl.engine.Log == nil {
		return provider.LogBatch{Next: from, Blind: fmt.Sprintf("what a server of engine %q writes does not prove who logged in, and how", pl.Engine)}, nil
	}
	now := time.Now()
	pr, running, err := p.findNow(pl, now)
	if err != nil {
		return provider.LogBatch{}, err
	}
	t, err := pl.openTail(from)
	if errors.Is(err, fs.ErrNotExist) {
		return provider.LogBatch{Next: from, Blind: nextStart}, pl.trimPrinted()
	}
	if err != nil {
		return provider.LogBatch{}, fmt.Errorf("read the login log of %q: %w", i.ID, err)
	}
	defer t.dir.close()
	if err := t.read(ctx, max(most, 1)); err != nil {
		return provider.LogBatch{}, fmt.Errorf("read the login log of %q: %w", i.ID, err)
	}
	if err := t.judge(now, pr, running); err != nil {
		return provider.LogBatch{}, fmt.Errorf("read the login log of %q: %w", i.ID, err)
	}
	why := p.unproved(pl, t.out.Sightings, now)
	if t.ended && running && t.out.Blind == "" {
		t.out.Blind = why
		p.prove(ctx, pl, now)
	}
	return t.result(now)
}

func (pl *place) openTail(from provider.LogPosition) (*tail, error) {
	dir, err := pl.openLogDir()
	if err != nil {
		return nil, err
	}
	t := &tail{pl: pl, dir: dir, at: from}
	if t.files, t.others, err = dir.list(); err == nil {
		err = t.begin(from.State)
	}
	if err != nil {
		dir.close()
		return nil, err
	}
	return t, nil
}

// begin takes up the state. One that cannot be read costs what it knew: what
// was read is told again rather than missed.
func (t *tail) begin(state []byte) error {
	if len(state) > 0 {
		if err := json.Unmarshal(state, &t.state); err != nil {
			t.state = logState{}
			t.gap("what was kept of the reading is damaged")
		}
	}
	t.known = t.state.Done
	t.state.Done = map[string]int64{}
	for _, f := range t.files {
		if size, ok := t.known[f.name]; ok {
			t.state.Done[f.name] = size
		} else if len(state) == 0 && f.name != t.files[len(t.files)-1].name {
			t.state.Done[f.name] = f.size
		}
	}
	conf := func(name string) ([]byte, error) {
		return hostfs.ReadFile(filepath.Join(t.pl.set.Conf, filepath.Base(name)), maxJSON)
	}
	var err error
	if t.reader, err = t.pl.engine.Log.Reader(t.pl.set, conf, t.state.Reader); err != nil {
		t.gap("what was kept of the reading is damaged")
		t.reader, err = t.pl.engine.Log.Reader(t.pl.set, conf, nil)
	}
	return err
}

// read feeds the reader with at most so many bytes, file after file.
func (t *tail) read(ctx context.Context, most int) error {
	for most > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := t.chunk(min(most, logChunk))
		if err != nil {
			return err
		}
		most -= n
		if n == 0 && !t.advance() {
			return nil
		}
	}
	return nil
}

// chunk reads on in the current file and returns 0 at its end, which is where
// it was when the files were listed, or behind.
func (t *tail) chunk(most int) (int, error) {
	n := slices.IndexFunc(t.files, t.current)
	if n < 0 {
		return 0, nil
	}
	if t.files[n].size < t.at.Offset {
		t.gap(fmt.Sprintf("log file %q was cut short by another hand", t.at.File))
		t.gap(t.reader.NextFile())
		t.at.Offset = 0
	}
	left := t.files[n].size - t.at.Offset
	if left <= 0 {
		return 0, nil
	}
	f, err := t.dir.open(t.files[n])
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buf := make([]byte, min(int64(most), left))
	got, err := f.ReadAt(buf, t.at.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read %q: %w", t.at.File, err)
	}
	seen, gap := t.reader.Feed(buf[:got])
	t.out.Sightings = append(t.out.Sightings, seen...)
	t.gap(gap)
	t.at.Offset += int64(got)
	return got, nil
}

func (t *tail) current(f logFile) bool { return f.name == t.at.File && f.inode == t.at.Inode }

// advance goes to the next file and reports whether there is one. The server
// has ended the current file when another one is there: it was listed before
// the end of this one was reached.
func (t *tail) advance() bool {
	here := slices.ContainsFunc(t.files, t.current)
	n := slices.IndexFunc(t.files, func(f logFile) bool {
		done, read := t.state.Done[f.name]
		return f.name != t.at.File && (!read || f.size > done)
	})
	if n < 0 {
		t.ended = true
		if !here && t.at.File != "" {
			t.out.Blind = fmt.Sprintf("log file %q, which the server writes to, was removed or replaced by another hand; it begins the next within a day, or at its next restart", t.at.File)
		}
		return false
	}
	switch {
	case t.at.File == "":
	case here:
		t.state.Done[t.at.File] = t.at.Offset
		t.gap(t.reader.NextFile())
	default:
		t.gap(fmt.Sprintf("log file %q was removed or replaced before it was read to its end", t.at.File))
		t.reader.NextFile()
		if other := slices.IndexFunc(t.files, func(f logFile) bool { return f.name == t.at.File }); other >= 0 {
			t.state.Done[t.at.File] = t.files[other].size // of another hand
		}
	}
	next := t.files[n]
	t.at.File, t.at.Inode, t.at.Offset = next.name, next.inode, t.state.Done[next.name]
	delete(t.state.Done, next.name)
	return true
}

// gap adds a reason, each once.
func (t *tail) gap(why string) {
	t.out.Gap = joinReason(t.out.Gap, why)
}
