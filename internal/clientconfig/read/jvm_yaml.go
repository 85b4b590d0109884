package read

import (
	"fmt"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func jvmYAMLFile(src Source) (all []clientconfig.Settings) {
	if len(src.Text) > jvmMaxText || !jvmContains(src.Text, "jdbc") {
		return nil
	}
	var y jvmYAMLReader
	number := 0
	for line := range strings.Lines(src.Text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") { // the next document, of another profile
			all = append(all, jvmGroups(src, y.close())...)
			y = jvmYAMLReader{}
			continue
		}
		y.line(line, number)
	}
	return append(all, jvmGroups(src, y.close())...)
}

// jvmYAMLReader flattens the YAML that people write configurations in, line by
// line: maps and lists by indentation, quotes, blocks of text, maps in braces.
// Anchors, tags and values over several lines are not looked into.
type jvmYAMLReader struct {
	levels []jvmYAMLLevel
	pairs  []jvmPair
	block  *jvmPair // a text of several lines that is being read
	under  int      // the indentation of its key
}

type jvmYAMLLevel struct {
	indent int
	key    string // the whole key, joined by dots
	items  int    // of a list: how many there were
}

// jvmYAMLMaxDepth bounds how deep maps and lists are followed.
const jvmYAMLMaxDepth = 64

func (y *jvmYAMLReader) close() []jvmPair {
	if y.block != nil {
		y.pairs = append(y.pairs, *y.block)
		y.block = nil
	}
	return y.pairs
}

func (y *jvmYAMLReader) line(line string, number int) {
	content := strings.TrimLeft(line, " \t")
	indent := len(line) - len(content)
	if y.block != nil {
		if content == "" || indent > y.under {
			y.block.value = strings.TrimSpace(y.block.value + " " + content)
			return
		}
		y.close()
	}
	if content == "" || content[0] == '#' {
		return
	}
	for len(y.levels) > 0 && y.levels[len(y.levels)-1].indent >= indent && !(y.levels[len(y.levels)-1].items > 0 && jvmYAMLItem(content) && y.levels[len(y.levels)-1].indent == indent) {
		y.levels = y.levels[:len(y.levels)-1]
	}
	for jvmYAMLItem(content) && len(y.levels) < jvmYAMLMaxDepth {
		y.item(indent)
		rest := strings.TrimLeft(content[1:], " \t")
		indent += len(content) - len(rest)
		content = rest
	}
	y.entry(content, indent, number)
}

func jvmYAMLItem(content string) bool {
	return content == "-" || strings.HasPrefix(content, "- ")
}

// item begins the next item of the list at an indentation.
func (y *jvmYAMLReader) item(indent int) {
	if last := len(y.levels) - 1; last >= 0 && y.levels[last].indent == indent && y.levels[last].items > 0 {
		level := &y.levels[last]
		level.key = fmt.Sprintf("%s[%d]", level.key[:strings.LastIndexByte(level.key, '[')], level.items)
		level.items++
		return
	}
	y.levels = append(y.levels, jvmYAMLLevel{indent: indent, key: y.prefix() + "[0]", items: 1})
}

func (y *jvmYAMLReader) prefix() string {
	if len(y.levels) == 0 {
		return ""
	}
	return y.levels[len(y.levels)-1].key + "."
}

// entry reads "key: value", "key:" or, in a list, a value alone.
func (y *jvmYAMLReader) entry(content string, indent, number int) {
	key, rest, ok := jvmYAMLKey(content)
	if !ok {
		value := jvmYAMLScalar(content)
		if name, set, ok := strings.Cut(value, "="); ok && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
			y.add(y.prefix()+name, set, number, indent+1) // docker compose: - NAME=value
			return
		}
		y.add(strings.TrimSuffix(y.prefix(), "."), value, number, indent+1)
		return
	}
	full := y.prefix() + key
	value := strings.TrimLeft(rest, " \t")
	column := indent + len(content) - len(value) + 1
	switch {
	case value == "" || value[0] == '#':
		if len(y.levels) < jvmYAMLMaxDepth && len(full) < 1024 {
			y.levels = append(y.levels, jvmYAMLLevel{indent: indent, key: full})
		}
	case value[0] == '|' || value[0] == '>':
		y.block, y.under = &jvmPair{key: full, line: number + 1, column: indent + 3}, indent
	case value[0] == '{':
		for part := range strings.SplitSeq(strings.Trim(value, "{} "), ",") {
			if k, v, ok := jvmYAMLKey(strings.TrimSpace(part)); ok {
				y.add(full+"."+k, jvmYAMLScalar(v), number, column)
			}
		}
	default:
		y.add(full, jvmYAMLScalar(value), number, column)
	}
}

func (y *jvmYAMLReader) add(key, value string, line, column int) {
	if value != "" && len(key) < 2048 {
		y.pairs = append(y.pairs, jvmPair{key: key, value: value, line: line, column: column})
	}
}

// jvmYAMLKey parts "key: rest"; the colon must end the line or have a space behind.
func jvmYAMLKey(content string) (key, rest string, ok bool) {
	if content != "" && (content[0] == '"' || content[0] == '\'') {
		end := strings.IndexByte(content[1:], content[0])
		if end < 0 || !strings.HasPrefix(content[end+2:], ":") {
			return "", "", false
		}
		return content[1 : end+1], content[end+3:], true
	}
	for at := 0; ; {
		n := strings.IndexByte(content[at:], ':')
		if n < 0 {
			return "", "", false
		}
		at += n
		if at+1 == len(content) || content[at+1] == ' ' || content[at+1] == '\t' {
			return content[:at], content[at+1:], true
		}
		at++
	}
}

// jvmYAMLScalar is a value without its quotes and the comment behind it.
func jvmYAMLScalar(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if quote := text[0]; quote == '"' || quote == '\'' {
		if end := strings.LastIndexByte(text[1:], quote); end >= 0 {
			inner := text[1 : end+1]
			if quote == '\'' {
				return strings.ReplaceAll(inner, "''", "'")
			}
			return jvmUnescapeProperty(inner)
		}
	}
	if n := strings.Index(text, " #"); n >= 0 {
		text = text[:n]
	}
	return strings.TrimSpace(text)
}
