package read

import (
	"path"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func isMSSText(p string) bool {
	name := base(p)
	switch path.Ext(name) {
	case ".cs", ".vb", ".fs", ".config", ".json", ".xml", ".ps1", ".psm1", ".py", ".js", ".ts", ".go", ".php", ".rb", ".java",
		".env", ".yml", ".yaml", ".toml", ".ini", ".udl", ".properties", ".cfg", ".conf", ".settings", ".vbs", ".asp", ".regsrvr", ".tf", ".sh", ".bat", ".cmd", ".dtsconfig":
		return true
	}
	return name == ".env" || strings.HasPrefix(name, ".env.") || name == "dockerfile"
}

// readMSSStrings reads connection strings wherever they stand: in literals of
// programs, JSON and XML, and as the rest of a line of other formats.
func readMSSStrings(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	if !mssMentions(text) {
		return nil
	}
	where, hints := linesOf(text), mssHints(s.Path, text, s.Hints)
	var done []span
	for _, l := range joinedLiterals(text) {
		content := l.text
		if strings.Contains(content, "&quot;") || strings.Contains(content, "&amp;") {
			content = strings.NewReplacer("&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(content)
		}
		if !mssMentions(content) {
			continue
		}
		for _, found := range mssAny(content, hints) {
			found.Where = where.at(s.Path, l.start)
			all = append(all, found)
			done = append(done, span{l.start, l.end})
		}
		if len(all) >= maxFound {
			return all
		}
	}
	return append(all, mssPlainLines(s, text, hints, done)...)
}

// mssAny reads a string of any form of this family, and Oracle's for .NET.
func mssAny(text string, hints map[string]Hint) []clientconfig.Settings {
	for _, reader := range []Line{mssURLLine, mssStringLine, odpLine} {
		if found := reader(text, hints); len(found) > 0 {
			return found
		}
	}
	return nil
}

// mssPlainLines reads formats without quotes: the value of NAME=… or name: ….
func mssPlainLines(s Source, text string, hints map[string]Hint, done []span) (all []clientconfig.Settings) {
	if hasExtension(".cs", ".vb", ".fs", ".json", ".xml", ".config", ".py", ".js", ".ts", ".go", ".php", ".rb", ".java")(s.Path) {
		return nil
	}
	at, where := 0, linesOf(text)
	for line := range strings.SplitSeq(text, "\n") {
		start := at
		at += len(line) + 1
		trimmed := strings.TrimSpace(line)
		if len(line) > 16<<10 || !mssMentions(line) || strings.HasPrefix(trimmed, "#") || slices.ContainsFunc(done, func(d span) bool { return d.start < at && d.end > start }) {
			continue
		}
		for _, candidate := range afterName(trimmed) {
			found := mssAny(candidate, hints)
			for n := range found {
				found[n].Where = where.at(s.Path, start)
			}
			if all = append(all, found...); len(found) > 0 || len(all) >= maxFound {
				break
			}
		}
	}
	return all
}

// afterName are what a line can hold: the line itself, and what follows its
// first "=" or ": ".
func afterName(line string) []string {
	all := []string{}
	if _, value, ok := strings.Cut(line, ": "); ok {
		all = append(all, strings.Trim(strings.TrimSpace(value), `"'`))
	}
	if name, value, ok := strings.Cut(line, "="); ok && optionName(strings.ToLower(strings.TrimPrefix(name, "export "))) {
		all = append(all, strings.Trim(strings.TrimSpace(value), `"'`))
	}
	return append(all, strings.TrimPrefix(line, "- "))
}

// mssMentions is a quick look at whether a text can hold a string of this family.
func mssMentions(text string) bool {
	lower := asciiLower(text)
	for _, word := range []string{"server=", "server =", "data source", "address=", "addr=", "driver=", "provider=", "sqlserver://", "mssql", "hostname=", "dbq="} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// mssHints decides which SqlClient a text is of: by what it uses, by
// providerName, by its language, else by its project.
func mssHints(file, text string, project map[string]Hint) map[string]Hint {
	only := func(id string) map[string]Hint { return map[string]Hint{id: project[id]} }
	switch {
	case hasExtension(".go")(file):
		return only(idGoMSSQL)
	case hasExtension(".js", ".ts")(file):
		return only(idNodeMSSQL)
	case strings.Contains(text, "Microsoft.Data.SqlClient"):
		return only(idMDS)
	case strings.Contains(text, "System.Data.SqlClient"):
		return only(idSDS)
	}
	return project
}

// mssProgramLine reads a piece of a program that somebody pasted.
func mssProgramLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	calls := strings.Contains(text, "server") || strings.Contains(text, "oracledb") || strings.Contains(text, "cx_Oracle")
	if !strings.ContainsAny(text, "\"'") || !calls && !mssMentions(text) || strings.HasPrefix(strings.TrimSpace(text), "jdbc:") {
		return nil
	}
	var all []clientconfig.Settings
	for _, l := range joinedLiterals(text) {
		if mssMentions(l.text) {
			all = append(all, mssAny(l.text, mssHints("", text, hints))...)
		}
	}
	if len(all) == 0 {
		if all = readNodeMSSQL(Source{Text: text, Hints: hints}); len(all) == 0 {
			all = readPyMSSQL(Source{Text: text, Hints: hints})
		}
	}
	for n := range all {
		all[n].Where = clientconfig.Position{}
	}
	return all
}

// ssmsLine reads settings of SQL Server Management Studio as people write them
// down: "SSMS 20: Encryption = Mandatory, Trust server certificate = no".
func ssmsLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	lower := asciiLower(text)
	at := strings.Index(lower, "ssms")
	if at < 0 {
		at = strings.Index(lower, "management studio")
	}
	if at < 0 || len(text) > 4096 {
		return nil
	}
	c := mssClient()
	fill(c.options, "encrypt", ssmsChoice(lower, "encrypt connection", "encryption", "encrypt"))
	fill(c.options, "trustservercertificate", ssmsChoice(lower, "trust server certificate", "trustservercertificate"))
	version := ""
	if words := strings.Fields(strings.NewReplacer(":", " ", ",", " ", ";", " ", "studio", " ", "ssms", " ").Replace(lower[at:])); len(words) > 0 && firstNumber(words[0]) == words[0] {
		version = words[0]
	}
	return versioned(c.settings(idSSMS, hints, text), version, "the text")
}

// ssmsChoice is what stands behind one of the names: a word of the list, or
// whether the box is checked.
func ssmsChoice(lower string, names ...string) string {
	for _, name := range names {
		_, rest, ok := strings.Cut(lower, name)
		if !ok {
			continue
		}
		words := strings.FieldsFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' })
		for _, word := range words[:min(len(words), 3)] {
			switch word {
			case "is", "set", "to", "box":
			case "checked", "selected", "yes", "on", "true", "ticked", "enabled":
				return "true"
			case "unchecked", "no", "off", "false", "not", "cleared", "disabled", "unselected":
				return "false"
			case "mandatory", "optional", "strict":
				return word
			default:
				return ""
			}
		}
	}
	return ""
}
