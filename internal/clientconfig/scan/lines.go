package scan

import (
	"maps"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/read"
	"github.com/dbtls/dbtls/internal/fault"
)

// Text reads one connection string or command line. What no reader knows is a
// finding whose driver and answers are unknown.
func Text(line string, opts Options) ([]Finding, error) {
	if len(line) > MaxText {
		return nil, fault.New(fault.InvalidParameter, "the text is longer than %d bytes, which no connection string is", MaxText)
	}
	return newScanner(opts).line(line), nil
}

// Lines reads a text as one string per line, of which each is a finding as
// Text makes it, with the line's number. Empty lines are passed over.
func Lines(text string, opts Options) ([]Finding, error) {
	if len(text) > MaxText {
		return nil, fault.New(fault.InvalidParameter, "the text is longer than %d bytes", MaxText)
	}
	s := newScanner(opts)
	var all []Finding
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, f := range s.line(line) {
			f.Line = n
			all = append(all, f)
		}
	}
	return all, nil
}

// line makes findings of one string.
func (s *scanner) line(line string) []Finding {
	all := s.text(line)
	if len(all) == 0 {
		all = []clientconfig.Settings{{Text: read.Redact(line)}}
	}
	return s.judge(all, ".")
}

// Recognised reports whether a text is a connection string or a command line
// of a driver that is known.
func Recognised(line string, opts Options) bool {
	return len(line) <= MaxText && len(newScanner(opts).text(line)) > 0
}

// text asks the readers of lines in their order.
func (s *scanner) text(line string) []clientconfig.Settings {
	hints := s.asked(nil)
	for _, reader := range s.lines {
		if all := reader(strings.TrimSpace(line), hints); len(all) > 0 {
			return s.withVersion(all)
		}
	}
	return nil
}

// asked are hints with the driver that the caller named, or with what is
// installed.
func (s *scanner) asked(hints map[string]read.Hint) map[string]read.Hint {
	if s.opts.Driver == "" {
		if len(s.opts.Installed) == 0 {
			return hints
		}
		all := map[string]read.Hint{}
		for id, version := range s.opts.Installed {
			all[id] = read.Hint{Version: version, From: "the program that is installed here"}
		}
		maps.Copy(all, hints)
		return all
	}
	return map[string]read.Hint{s.opts.Driver: {Version: s.opts.Version, From: "--driver"}}
}

// withVersion gives the version the caller named to what is of his driver.
func (s *scanner) withVersion(all []clientconfig.Settings) []clientconfig.Settings {
	for n := range all {
		if s.opts.Version != "" && all[n].Driver == s.opts.Driver {
			all[n].Version, all[n].From = s.opts.Version, "--driver"
		}
	}
	return all
}
