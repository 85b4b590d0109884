package scan

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// job is a file to read and who reads it.
type job struct {
	entry
	readers []read.File
}

// outcome is what came of one job.
type outcome struct {
	findings []Finding
	skip     Skip
}

// readAll reads what was found on all cores.
func (s *scanner) readAll(ctx context.Context, w *walker) Report {
	hints := s.hints(w.found)
	jobs := s.jobs(w.found)
	results := make([]outcome, len(jobs))
	next := make(chan int)
	var done sync.WaitGroup
	var progress sync.Mutex
	finished := 0
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		done.Go(func() {
			for n := range next {
				results[n] = s.file(jobs[n], hints)
				if s.opts.Progress != nil {
					progress.Lock()
					finished++
					s.opts.Progress(finished, len(jobs))
					progress.Unlock()
				}
			}
		})
	}
	for n := range jobs {
		select {
		case next <- n:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	done.Wait()
	return s.report(w, jobs, results)
}

func (s *scanner) report(w *walker, jobs []job, results []outcome) Report {
	r := Report{Findings: []Finding{}}
	r.Summary.Files, r.Summary.Read = len(w.found), len(jobs)
	r.Summary.Skipped = w.skipped
	for _, o := range results {
		r.Findings = append(r.Findings, o.findings...)
		if o.skip.Why != "" {
			r.Summary.Skipped = append(r.Summary.Skipped, o.skip)
			r.Summary.Read--
		}
	}
	r.count(s.opts)
	return r
}

// jobs are the files that somebody reads. A file that the caller named and that
// nobody knows is read as a list of strings.
func (s *scanner) jobs(found []entry) (jobs []job) {
	for _, e := range found {
		slashed := filepath.ToSlash(e.path)
		if abs, err := filepath.Abs(e.path); err == nil {
			slashed = filepath.ToSlash(abs) // so that a file's directory is seen from within it too
		}
		var readers []read.File
		for _, f := range s.files {
			if f.Is(slashed) {
				readers = append(readers, f)
			}
		}
		if len(readers) > 0 || e.named {
			jobs = append(jobs, job{e, readers})
		}
	}
	return jobs
}

// file reads one.
func (s *scanner) file(j job, hints *hints) outcome {
	text, why := contents(j.entry)
	if why != "" {
		return outcome{skip: Skip{j.path, why}}
	}
	dir := filepath.Dir(j.path)
	src := read.Source{Path: filepath.ToSlash(j.path), Text: text, Hints: s.asked(hints.at(dir)), Beside: beside(dir)}
	var all []clientconfig.Settings
	for _, f := range j.readers {
		all = append(all, f.Read(src)...)
	}
	if len(j.readers) == 0 {
		all = s.stringsOf(text)
	}
	for n := range all {
		if all[n].Where.File == "" {
			all[n].Where.File = src.Path
		}
	}
	return outcome{findings: s.judge(once(s.withVersion(all)), dir)}
}

// beside reads other files of a directory.
func beside(dir string) func(name string) string {
	return func(name string) string {
		path := filepath.Join(dir, name)
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() {
			return ""
		}
		text, _ := contents(entry{path: path, size: st.Size()})
		return text
	}
}

// stringsOf reads a text as one string per line; lines that nobody knows are
// passed over.
func (s *scanner) stringsOf(text string) (all []clientconfig.Settings) {
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, one := range s.text(line) {
			one.Where.Line = n
			all = append(all, one)
		}
	}
	return all
}

// once sorts by position and drops what two readers found alike.
func once(all []clientconfig.Settings) []clientconfig.Settings {
	slices.SortStableFunc(all, func(a, b clientconfig.Settings) int {
		return cmp.Or(cmp.Compare(a.Where.Line, b.Where.Line), cmp.Compare(a.Where.Column, b.Where.Column), cmp.Compare(a.Driver, b.Driver))
	})
	return slices.CompactFunc(all, func(a, b clientconfig.Settings) bool {
		return a.Where.Line == b.Where.Line && a.Driver == b.Driver && a.Host == b.Host && a.Trust == b.Trust && reflect.DeepEqual(a.Options, b.Options)
	})
}

// contents is a file's text, or why it is not read.
func contents(e entry) (text, why string) {
	if e.size > MaxText {
		return "", fmt.Sprintf("longer than %d bytes", MaxText)
	}
	f, err := os.Open(e.path)
	if err != nil {
		return "", cause(err).Error()
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxText+1))
	switch {
	case err != nil:
		return "", cause(err).Error()
	case len(data) > MaxText:
		return "", fmt.Sprintf("longer than %d bytes", MaxText) // it has grown
	}
	if utf16, ok := fromUTF16(data); ok {
		return utf16, ""
	}
	if bytes.IndexByte(data[:min(len(data), 8192)], 0) >= 0 {
		return "", "binary"
	}
	return string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), ""
}
