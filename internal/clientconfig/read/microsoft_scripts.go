package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func isMSSScript(p string) bool {
	return isScript(p) || hasExtension(".ps1", ".psm1", ".cmd", ".bat", ".sh", ".yml", ".yaml")(p)
}

// readMSSCommands reads the command lines of a script.
func readMSSCommands(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	lower := asciiLower(text)
	if !slices.ContainsFunc(mssTools(), func(tool string) bool { return strings.Contains(lower, tool) }) {
		return nil
	}
	where := linesOf(text)
	for start := 0; start < len(text) && len(all) < maxFound; {
		end := commandEnd(text, start)
		line := text[start:end]
		if trimmed := strings.TrimSpace(line); len(line) < 16<<10 && !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(strings.ToLower(trimmed), "rem ") {
			for _, segment := range mssSegments(line) {
				for _, found := range mssCommandLine(segment, s.Hints) {
					if found.Host == "" && len(found.Options) == 0 {
						continue // it connects to this host, or names it by a variable
					}
					found.Where = where.at(s.Path, start+strings.Index(line, trimmed))
					all = append(all, found)
				}
			}
		}
		start = end + 1
	}
	return all
}

// commandEnd is logicalEnd, with PowerShell's continuation too.
func commandEnd(text string, start int) int {
	end := logicalEnd(text, start)
	for end < len(text) && strings.HasSuffix(strings.TrimRight(text[start:end], "\r"), "`") {
		end = logicalEnd(text, end+1)
	}
	return end
}

// mssSegments are the commands of a line, each from its tool's name on: what
// stands before it runs it.
func mssSegments(line string) (all []string) {
	for _, segment := range segments(strings.ReplaceAll(line, "`\n", " ")) {
		if at := toolIn(segment); at >= 0 {
			all = append(all, segment[at:])
		}
	}
	return all
}

// toolIn is where a tool's name is a word of a segment, with its directory.
func toolIn(segment string) int {
	lower := asciiLower(segment)
	for _, tool := range mssTools() {
		for _, at := range occurrences(lower, tool) {
			end := at + len(tool)
			if strings.HasPrefix(lower[end:], ".exe") {
				end += 4
			}
			if end < len(lower) && strings.IndexByte(" \t\r\n\"'", lower[end]) < 0 || at > 0 && strings.IndexByte(" \t/\\\"'&(:", lower[at-1]) < 0 {
				continue
			}
			start := at
			for start > 0 && strings.IndexByte(" \t\"'(", segment[start-1]) < 0 {
				start--
			}
			return start
		}
	}
	return -1
}
