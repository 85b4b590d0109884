package local

import (
	"path/filepath"
	"time"
)

// tellingLog is the file whose end says why a server does not do what it is
// told: its own log if it has written one since a time, else what it prints.
func (pl *place) tellingLog(since time.Time) string {
	path, _, ok := pl.newestLog(since)
	if !ok {
		return pl.set.LogFile
	}
	return path
}

// lastWords are the last lines of a server that was started at began, and where
// to find more: what it printed after the offset from, and its own log.
func (pl *place) lastWords(from int64, began time.Time) (telling, words string) {
	words = pl.logTail(from)
	path, tail, ok := pl.newestLog(began)
	if !ok {
		return pl.set.LogFile, words
	}
	return path, words + " | " + tail
}

// newestLog is the last file of the server's own log and its last lines.
func (pl *place) newestLog(since time.Time) (path, tail string, ok bool) {
	if pl.engine.Log == nil {
		return "", "", false
	}
	dir, err := pl.openLogDir()
	if err != nil {
		return "", "", false
	}
	defer dir.close()
	files, _, err := dir.list()
	if err != nil || len(files) == 0 {
		return "", "", false
	}
	last := files[len(files)-1]
	if last.modified.Before(since.Add(-time.Second)) { // file systems have a coarse clock
		return "", "", false
	}
	f, err := dir.open(last)
	if err != nil {
		return "", "", false
	}
	defer f.Close()
	return filepath.Join(dir.root.Name(), last.name), tailOf(f, 0), true
}
