package read

import (
	"path"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// isScript knows the files that hold command lines.
func isScript(p string) bool {
	switch path.Ext(base(p)) {
	case ".bat", ".cmd", ".ps1":
		return true
	case ".env":
		return false
	}
	return isEnvFile(p)
}

// readCommands reads the command lines of database clients in a script, a
// container's description or a pipeline's.
func readCommands(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	for start := 0; start < len(text) && len(all) < maxFound; {
		end := logicalEnd(text, start)
		line := text[start:end]
		if trimmed := strings.TrimSpace(line); len(line) < 16<<10 && mentionsTool(line) && !strings.HasPrefix(trimmed, "#") {
			for _, segment := range segments(line) {
				for _, found := range toolSettings(toolCommand(segment), s.Hints, segment) {
					found.Where = where.at(s.Path, start+strings.Index(line, trimmed))
					all = append(all, found)
				}
			}
		}
		start = end + 1
	}
	return all
}

// logicalEnd is the end of a line with those it is continued by.
func logicalEnd(text string, start int) int {
	for n := start; ; {
		newline := strings.IndexByte(text[n:], '\n')
		if newline < 0 {
			return len(text)
		}
		n += newline
		if last := strings.TrimRight(text[start:n], "\r"); !strings.HasSuffix(last, `\`) && !strings.HasSuffix(last, "^") {
			return n
		}
		n++
	}
}

func mentionsTool(line string) bool {
	for _, word := range []string{"psql", "pg_", "pgbench", "mysql", "mariadb", "mongo"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

// segments splits a line at what a shell puts between commands, outside
// quotes.
func segments(line string) (all []string) {
	start, quote := 0, byte(0)
	for n := 0; n < len(line); n++ {
		c := line[n]
		switch {
		case c == '\\':
			n++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ';' || c == '|' || c == '&' || c == '`' || c == '(' && n > 0 && line[n-1] == '$':
			all = append(all, line[start:n])
			start = n + 1
		}
	}
	return append(all, line[start:])
}

// toolCommand is the command of a segment when it runs a tool: as its first
// word, or after words that run another command.
func toolCommand(segment string) command {
	if n := strings.Index(segment, `["`); n >= 0 { // CMD ["mysql", "-h", …]
		var words []string
		for _, v := range arguments(segment, n).positional {
			words = append(words, v.text)
		}
		return toolAmong(words, true)
	}
	words := shellWords(segment)
	for len(words) > 0 && (strings.HasSuffix(words[0], ":") || words[0] == "-") { // "run: mysql …" in YAML
		words = words[1:]
	}
	return toolAmong(words, false)
}

func toolAmong(words []string, anywhere bool) command {
	var c command
	for n, word := range words {
		name := strings.TrimSuffix(strings.ToLower(path.Base(word)), ".exe")
		variable, value, assigned := strings.Cut(word, "=")
		switch {
		case isTool(name):
			c.name, c.args = name, words[n+1:]
			return c
		case assigned && isVariable(variable):
			c.env = append(c.env, pair{variable, value})
		case n == 0 && runsOthers(name):
			anywhere = true
		case !anywhere && !wrapper(word) && !strings.HasPrefix(word, "-"):
			return command{}
		}
	}
	return command{}
}

func isTool(name string) bool {
	return isPGTool(name) || mysqlTool(name) != nil || mongoTool(name) != ""
}

func runsOthers(name string) bool {
	switch name {
	case "docker", "docker-compose", "podman", "kubectl", "oc", "timeout", "ssh", "su", "gosu", "su-exec", "if", "then", "while", "until", "do", "else", "!", "{", "@", "cmd", "xargs", "nice", "watch":
		return true
	}
	return false
}

// toolSettings are the settings of a command that connects to another host or
// says something of TLS.
func toolSettings(cmd command, hints map[string]Hint, text string) []clientconfig.Settings {
	var all []clientconfig.Settings
	switch {
	case cmd.name == "":
	case isPGTool(cmd.name):
		all = []clientconfig.Settings{pgCommand(cmd).settings(idLibpq, hints, text)}
	case mongoTool(cmd.name) != "":
		all = []clientconfig.Settings{mongoArguments(cmd.args).settings(mongoTool(cmd.name), hints, text)}
	default:
		c := client{options: map[string]string{}}
		mysqlArguments(&c, cmd.args)
		all = mysqlBoth(c, mysqlTool(cmd.name), hints, text)
	}
	if len(all) > 0 && len(all[0].Options) == 0 && (all[0].Host == "" || all[0].Host == "localhost" || all[0].Host == "127.0.0.1") {
		return nil
	}
	return all
}
