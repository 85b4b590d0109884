package read

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmMaxText is the longest text that the JDBC readers look at, in bytes.
const jvmMaxText = 1 << 20

// jvmLines reads what somebody pastes of a Java program: a JDBC URL, a command
// line, a piece of source, a line of a configuration.
func jvmLines() []Line { return []Line{jvmLine} }

func jvmFiles() []File {
	return []File{
		{Name: "Java, Kotlin, Scala or Groovy source", Is: jvmExtension(".java", ".kt", ".kts", ".scala", ".groovy"), Read: jvmSourceFile},
		{Name: "Java properties", Is: jvmExtension(".properties"), Read: jvmPropertiesFile},
		{Name: "YAML with JDBC URLs", Is: jvmExtension(".yml", ".yaml"), Read: jvmYAMLFile},
		{Name: "XML with JDBC URLs", Is: jvmExtension(".xml"), Read: jvmXMLFile},
		{Name: "script or configuration with JDBC URLs", Is: jvmScript, Read: jvmScriptFile},
	}
}

// jvmExtension makes an Is of the ends of file names.
func jvmExtension(ends ...string) func(string) bool {
	return func(file string) bool {
		return slices.Contains(ends, strings.ToLower(path.Ext(file)))
	}
}

// jvmScript is a file that is read line by line, as if each were pasted.
func jvmScript(file string) bool {
	base := strings.ToLower(path.Base(file))
	return jvmExtension(".sh", ".bash", ".ksh", ".cmd", ".bat", ".ps1", ".env", ".service", ".conf", ".json", ".toml", ".tf", ".ini", ".cfg")(base) ||
		base == "dockerfile" || base == ".env" || base == "procfile" || base == "makefile" || strings.HasPrefix(base, ".env.")
}

// jvmLine reads one pasted text.
func jvmLine(text string, hints map[string]Hint) []clientconfig.Settings {
	if len(text) > jvmMaxText || !jvmMentions(text) {
		return nil
	}
	trimmed := strings.TrimSpace(text)
	in := jvmContext{hints: hints}
	if _, ok := jdbcCutPrefix(trimmed, "jdbc:"); ok {
		if u, ok := jdbcParse(trimmed); ok {
			return jvmSettings(trimmed, u, in)
		}
		return nil
	}
	if jvmLooksLikeSource(trimmed) {
		return jvmSource(Source{Text: text, Hints: hints}, true)
	}
	if jvmLooksLikeCommand(trimmed) {
		return jvmCommand(trimmed, in)
	}
	if strings.HasPrefix(trimmed, "<") {
		return jvmXML(Source{Text: text, Hints: hints})
	}
	if all := jvmGroups(Source{Text: text, Hints: hints}, jvmPropertiesOf(trimmed)); len(all) > 0 {
		return all
	}
	return jvmEmbedded(trimmed, in)
}

// jvmMentions is a quick look at whether there is anything to read.
func jvmMentions(text string) bool {
	return jvmContains(text, "jdbc:") || strings.Contains(text, "javax.net.ssl.trustStore") ||
		strings.Contains(text, "etProperty(") || strings.Contains(text, "DataSource")
}

// jvmEmbedded reads the URLs that stand somewhere in a text.
func jvmEmbedded(text string, in jvmContext) (all []clientconfig.Settings) {
	for start, found := range jdbcInText(text) {
		u, ok := jdbcParse(found)
		if !ok {
			continue
		}
		one := in
		one.where = in.where
		if in.where.Line > 0 {
			one.where.Column = start + 1
		}
		all = append(all, jvmSettings(found, u, one)...)
	}
	return all
}

// jdbcInText finds where JDBC URLs begin in a text; each ends with a quote, an
// angle bracket or white space, those in braces and parentheses aside.
func jdbcInText(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		lower := jvmLower(text)
		for at := 0; ; {
			n := strings.Index(lower[at:], "jdbc:")
			if n < 0 {
				return
			}
			start := at + n
			at = start + len("jdbc:")
			if start > 0 && javaNameByte(text[start-1]) {
				continue // the end of another word
			}
			end := start + jdbcEnd(text[start:])
			if at = max(at, end); !yield(start, text[start:end]) {
				return
			}
		}
	}
}

// jdbcEnd is the length of the URL that a text begins with.
func jdbcEnd(text string) int {
	depth := 0
	for n := range len(text) {
		switch c := text[n]; {
		case c == '{' || c == '(':
			depth++
		case c == '}' || c == ')':
			depth = max(depth-1, 0)
		case c == '\n' || c == '\r' || c == '"' && depth == 0 || c == '\'' || c == '`' || c == '<' || c == '>':
			return n
		case (c == ' ' || c == '\t') && depth == 0:
			return n
		}
	}
	return len(text)
}

func jvmContains(text, part string) bool { return strings.Contains(jvmLower(text), part) }

// jvmLower folds ASCII letters and leaves all else alone, so that places in
// the result are places in the text.
func jvmLower(text string) string {
	lower := []byte(text)
	for n, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[n] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

// jvmNewlines are the places of the ends of lines.
type jvmNewlines []int

func jvmNewlinesOf(text string) (all jvmNewlines) {
	for n := range len(text) {
		if text[n] == '\n' {
			all = append(all, n)
		}
	}
	return all
}

// position says where a byte stands, both counted from 1.
func (l jvmNewlines) position(at int) (line, column int) {
	line = sort.SearchInts(l, at)
	if line > 0 {
		return line + 1, at - l[line-1]
	}
	return 1, at + 1
}
