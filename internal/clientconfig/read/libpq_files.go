package read

import (
	"path"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func base(p string) string { return strings.ToLower(path.Base(p)) }

func isServiceFile(p string) bool {
	return base(p) == "pg_service.conf" || base(p) == ".pg_service.conf"
}

// readServiceFile reads pg_service.conf: a section for each service.
func readServiceFile(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	var c client
	begin, service, offset := 0, "", 0
	flush := func(end int) {
		if service == "" || len(all) >= maxFound {
			return
		}
		pgNotes(&c)
		found := c.settings(idLibpq, s.Hints, text[begin:end])
		found.Where = clientconfig.Position{File: s.Path, Line: strings.Count(text[:begin], "\n") + 1, Column: 1}
		found.Notes = append(found.Notes, "service "+safeWord(service)+" of a libpq service file")
		all = append(all, found)
	}
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch name, value, ok := strings.Cut(trimmed, "="); {
		case strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(trimmed, "["):
			flush(offset)
			service, begin = strings.Trim(trimmed, "[]"), offset
			c = client{options: map[string]string{}}
		case ok && service != "":
			pgOption(&c, strings.TrimSpace(name), strings.TrimSpace(value))
		}
		offset += len(line)
	}
	flush(len(text))
	return all
}

// isEnvFile knows the files that set variables for a process: shell scripts,
// .env files, container and cluster descriptions, units.
func isEnvFile(p string) bool {
	name := base(p)
	switch path.Ext(name) {
	case ".env", ".sh", ".bash", ".yml", ".yaml", ".service", ".profile":
		return true
	}
	return strings.HasPrefix(name, ".env") || strings.HasPrefix(name, "dockerfile") || strings.HasSuffix(name, ".dockerfile") ||
		slices.Contains([]string{".bashrc", ".bash_profile", ".profile", ".envrc", "containerfile", "crontab", "makefile", "procfile"}, name)
}

// variable is an assignment in a file.
type variable struct {
	pair
	offset int
}

// variables finds assignments of libpq's variables, in the ways files have to
// write them: NAME=value after any words, "NAME: value", and the two lines
// "name: NAME" and "value: …" of a cluster's manifest.
func variables(text string) (all []variable) {
	waiting, offset := "", 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		at := offset + strings.Index(line, trimmed)
		offset += len(line)
		if strings.HasPrefix(trimmed, "#") || len(trimmed) > 4096 || len(all) >= maxFound {
			continue
		}
		item := strings.TrimPrefix(trimmed, "- ")
		if name, value, ok := strings.Cut(item, ":"); ok {
			value = unquoted(strings.TrimSpace(value))
			switch {
			case name == "name" && isPGVariable(value):
				waiting = value
				continue
			case name == "value" && waiting != "":
				all = append(all, variable{pair{waiting, value}, at})
				waiting = ""
				continue
			case isPGVariable(unquoted(name)):
				all = append(all, variable{pair{unquoted(name), value}, at})
				continue
			}
		}
		waiting = ""
		all = append(all, assignments(item, at)...)
	}
	return all
}

// assignments are the NAME=value words of a line, up to its command; "ENV NAME
// value" is Docker's older way.
func assignments(line string, at int) (all []variable) {
	words := shellWords(unquotedWhole(line))
	if len(words) == 3 && strings.EqualFold(words[0], "env") && isPGVariable(words[1]) {
		return []variable{{pair{words[1], words[2]}, at}}
	}
	for _, w := range words {
		if name, value, ok := strings.Cut(w, "="); ok && isPGVariable(name) {
			all = append(all, variable{pair{name, value}, at})
			continue
		}
		if !wrapper(w) && !strings.Contains(w, "=") && !strings.HasPrefix(w, "-") {
			break
		}
	}
	return all
}

// unquotedWhole strips quotes around a whole item: - "NAME=value" in YAML,
// Environment="NAME=value" in a unit.
func unquotedWhole(line string) string {
	return unquoted(strings.TrimPrefix(line, "Environment="))
}

func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

func isPGVariable(name string) bool {
	_, ok := pgVariable(name)
	return ok
}

// readPGVariables reads the variables of a file. A variable that comes again
// begins another client's: another service of the file, another stage.
func readPGVariables(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	var group []variable
	flush := func() {
		c := client{options: map[string]string{}, notes: []string{"variables of libpq's environment: every program linked with libpq that runs here takes them"}}
		var env []pair
		for _, v := range group {
			env = append(env, v.pair)
		}
		if pgVariables(&c, env) {
			pgNotes(&c)
			_, end := lineAround(text, group[len(group)-1].offset)
			start, _ := lineAround(text, group[0].offset)
			found := c.settings(idLibpq, s.Hints, strings.Join(pgLines(text[start:end]), "\n"))
			found.Where = where.at(s.Path, group[0].offset)
			all = append(all, found)
		}
		group = nil
	}
	for _, v := range variables(text) {
		if slices.ContainsFunc(group, func(old variable) bool { return old.name == v.name }) {
			flush()
		}
		group = append(group, v)
	}
	if len(group) > 0 {
		flush()
	}
	return all
}

// pgLines are the lines of a text that name a variable of libpq's and do not
// hold a password.
func pgLines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "PG") && !strings.Contains(line, "PGPASSWORD") && len(all) < 20 {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}
