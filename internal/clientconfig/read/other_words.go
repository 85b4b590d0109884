package read

import (
	"path"
	"strings"
)

// shellWords splits a command line as a shell does: quotes, backslashes, line
// continuations. It stops where the command ends: at ";", "|", "&", "<", ">"
// or a comment.
func shellWords(text string) (words []string) {
	var word strings.Builder
	open := false
	flush := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for n := 0; n < len(text); n++ {
		switch c := text[n]; c {
		case '\'':
			open = true
			end := strings.IndexByte(text[n+1:], '\'')
			if end < 0 {
				word.WriteString(text[n+1:])
				flush()
				return words
			}
			word.WriteString(text[n+1 : n+1+end])
			n += end + 1
		case '"':
			open = true
			n += quoted(text[n+1:], &word)
		case '\\':
			if n+1 < len(text) {
				n++
				if text[n] != '\n' && text[n] != '\r' {
					open = true
					word.WriteByte(text[n])
				}
			}
		case ' ', '\t', '\r', '\n':
			flush()
		case ';', '|', '&', '<', '>':
			flush()
			return words
		case '#':
			if !open {
				return words
			}
			word.WriteByte(c)
		default:
			open = true
			word.WriteByte(c)
		}
	}
	flush()
	return words
}

// quoted copies what stands in double quotes and returns how much it read.
func quoted(text string, word *strings.Builder) int {
	for n := 0; n < len(text); n++ {
		switch {
		case text[n] == '"':
			return n + 1
		case text[n] == '\\' && n+1 < len(text) && strings.IndexByte("\"\\$`", text[n+1]) >= 0:
			n++
			word.WriteByte(text[n])
		default:
			word.WriteByte(text[n])
		}
	}
	return len(text)
}

// command is a command line: variables set before it, its name, its arguments.
type command struct {
	env  []pair
	name string // without directory and ".exe", lower case
	args []string
}

// parseCommand reads a command line. Prompts, and the words that run another
// command, are skipped. The name is "" when only variables are set.
func parseCommand(text string) command {
	var c command
	words := shellWords(strings.TrimLeft(strings.TrimSpace(text), "$#>% \t"))
	for n := 0; n < len(words); n++ {
		name, value, assigned := strings.Cut(words[n], "=")
		switch {
		case assigned && isVariable(name):
			c.env = append(c.env, pair{name, value})
		case wrapper(words[n]):
		case strings.HasPrefix(words[n], "-") && c.name == "":
			// an option of a wrapper: "sudo -E", "env -i", "- psql …" in YAML
		default:
			c.name = strings.TrimSuffix(strings.ToLower(path.Base(strings.ReplaceAll(words[n], `\`, "/"))), ".exe")
			c.args = words[n+1:]
			return c
		}
	}
	return c
}

func wrapper(word string) bool {
	switch strings.ToLower(word) {
	case "export", "set", "env", "sudo", "run", "cmd", "exec", "time", "nohup", "entrypoint", "setx", "declare", "-x":
		return true
	}
	return false
}

func isVariable(name string) bool {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for n := range len(name) {
		if c := name[n]; c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
