package read

import (
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func jvmPropertiesFile(src Source) []clientconfig.Settings {
	if len(src.Text) > jvmMaxText || !jvmContains(src.Text, "jdbc") {
		return nil
	}
	return jvmGroups(src, jvmPropertiesOf(src.Text))
}

// jvmScriptFile reads a file line by line, as if each line were pasted; a
// backslash at the end of a line continues it.
func jvmScriptFile(src Source) (all []clientconfig.Settings) {
	if len(src.Text) > jvmMaxText || !jvmMentions(src.Text) {
		return nil
	}
	number, start, logical := 0, 1, strings.Builder{}
	for line := range strings.Lines(src.Text) {
		number++
		if logical.Len() == 0 {
			start = number
		}
		if joined, ok := strings.CutSuffix(strings.TrimRight(line, "\r\n"), `\`); ok {
			logical.WriteString(joined + " ")
			continue
		}
		logical.WriteString(line)
		one := strings.TrimSpace(logical.String())
		logical.Reset()
		if jvmMentions(one) && !strings.HasPrefix(one, "#") && len(all) < javaMaxFound {
			all = append(all, jvmScriptLine(src, one, clientconfig.Position{File: src.Path, Line: start})...)
		}
	}
	return all
}

func jvmScriptLine(src Source, line string, where clientconfig.Position) []clientconfig.Settings {
	in := jvmContext{hints: src.Hints, where: where}
	if jvmLooksLikeCommand(line) {
		return jvmCommand(line, in)
	}
	return jvmEmbedded(line, in)
}

// jvmPropertiesOf parts a file of Java properties into its pairs, with the
// escapes and continued lines of java.util.Properties.
func jvmPropertiesOf(text string) (pairs []jvmPair) {
	lines := strings.Split(text, "\n")
	for n := 0; n < len(lines); n++ {
		number := n + 1
		line := strings.TrimRight(lines[n], "\r")
		trimmed := strings.TrimLeft(line, " \t\f")
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == '!' {
			continue
		}
		lead := len(line) - len(trimmed)
		var joined strings.Builder
		for jvmEndsOpen(trimmed) && n+1 < len(lines) {
			joined.WriteString(trimmed[:len(trimmed)-1])
			n++
			trimmed = strings.TrimLeft(strings.TrimRight(lines[n], "\r"), " \t\f")
		}
		joined.WriteString(trimmed)
		key, value, at := jvmPropertyOf(joined.String())
		pairs = append(pairs, jvmPair{key: key, value: value, line: number, column: lead + at + 1})
	}
	return pairs
}

// jvmEndsOpen reports whether a line ends with a backslash that is not escaped.
func jvmEndsOpen(line string) bool {
	count := 0
	for n := len(line) - 1; n >= 0 && line[n] == '\\'; n-- {
		count++
	}
	return count%2 == 1
}

// jvmPropertyOf parts "key = value"; at is where the value begins.
func jvmPropertyOf(line string) (key, value string, at int) {
	end := 0
	for end < len(line) && !strings.ContainsRune("=: \t\f", rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	at = end
	for at < len(line) && strings.ContainsRune(" \t\f", rune(line[at])) {
		at++
	}
	if at < len(line) && (line[at] == '=' || line[at] == ':') {
		at++
	}
	for at < len(line) && strings.ContainsRune(" \t\f", rune(line[at])) {
		at++
	}
	value = strings.TrimSpace(jvmUnescapeProperty(line[at:]))
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1] // not of the format, but what people paste
	}
	return jvmUnescapeProperty(line[:end]), value, at
}

func jvmUnescapeProperty(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for n := 0; n < len(text); n++ {
		if text[n] != '\\' || n+1 == len(text) {
			b.WriteByte(text[n])
			continue
		}
		n++
		if text[n] == 'u' && n+4 < len(text) {
			if r, err := strconv.ParseUint(text[n+1:n+5], 16, 16); err == nil {
				b.WriteRune(rune(r))
				n += 4
				continue
			}
		}
		b.WriteByte(text[n])
	}
	return b.String()
}
