package read

import (
	"slices"
	"strings"
)

// commandReach is how far behind a command's name its options are looked for,
// in bytes: a list of arguments may be spread over lines.
const commandReach = 4096

// secretPlace says how a command is given a password.
type secretPlace struct {
	flags    []string // "-p": glued to the value, "-p ": the next word
	slash    bool     // as user/password
	position int      // as this word behind the name; 0 for none
}

// commandNames are the client programs that take a secret by an option whose
// name does not say so.
func commandNames() map[string]secretPlace {
	mysql := secretPlace{flags: []string{"-p"}}
	tds := secretPlace{flags: []string{"-P", "-P "}}
	mongo := secretPlace{flags: []string{"-p "}}
	oracle := secretPlace{slash: true}
	m := map[string]secretPlace{
		"isql": {flags: tds.flags, position: 3}, "iusql": {flags: tds.flags, position: 3},
		"curl": {flags: []string{"-u", "-u "}}, "wget": {}, "redis-cli": {flags: []string{"-a "}}, "invoke-sqlcmd": {flags: []string{"-P ", "-p "}},
		"psql": {}, "pg_dump": {}, "pg_restore": {}, "pg_dumpall": {}, "pg_basebackup": {}, "pgcli": {}, "pgbench": {}, "pg_isready": {}, "createdb": {}, "vacuumdb": {}, "java": {}, "db2": {},
	}
	for _, name := range []string{"mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mysqlbinlog", "mysqlshow", "mysqlslap", "mysqlpump", "mysqlsh", "mycli",
		"mariadb", "mariadb-dump", "mariadb-admin", "mariadb-import", "mariadb-check", "mariadb-binlog", "mariadb-backup", "mariabackup", "xtrabackup", "mydumper", "myloader"} {
		m[name] = mysql
	}
	for _, name := range []string{"sqlcmd", "bcp", "osql", "tsql", "sqsh", "bsqldb", "freebcp", "fisql"} {
		m[name] = tds
	}
	for _, name := range []string{"mongosh", "mongo", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop", "mongofiles"} {
		m[name] = mongo
	}
	for _, name := range []string{"sqlplus", "sqlldr", "expdp", "impdp", "exp", "imp", "rman", "sqlcl", "connect", "conn", "tnsping", "lsnrctl"} {
		m[name] = oracle
	}
	return m
}

// isCommand reports whether a word runs a client program.
func isCommand(shellWord string) bool {
	name := commandName(shellWord)
	if len(name) > 16 || name == "connect" || name == "conn" {
		return false
	}
	_, ok := commandNames()[name]
	return ok
}

// commandName is the program's name in a word: "/usr/bin/mysql", "sqlcmd.exe".
func commandName(shellWord string) string {
	shellWord = strings.Trim(shellWord, `"'[](),$&`)
	if n := strings.LastIndexAny(shellWord, `/\`); n >= 0 {
		shellWord = shellWord[n+1:]
	}
	return strings.TrimSuffix(strings.ToLower(shellWord), ".exe")
}

// shellWord is a piece of a command line.
type shellWord struct {
	hiddenSpan
	text string
}

// commandLines finds secrets by their place on a command line.
func commandLines(text string) (all []hiddenSpan) {
	known := commandNames()
	var how secretPlace
	var since, index int
	var last shellWord
	for w := range secretWordsOf(text) {
		name := commandName(w.text)
		if a, ok := known[name]; ok && !strings.HasPrefix(w.text, "-") {
			how, since, index = a, w.start, 0
		} else if how.flags != nil || how.slash || how.position > 0 {
			index++
			if w.start-since > commandReach {
				how = secretPlace{}
			} else if s, ok := how.secret(last, w, index); ok {
				all = append(all, s)
			}
		}
		if s, ok := identified(last, w); ok {
			all = append(all, s)
		}
		last = w
	}
	return all
}

// secret finds the secret in w, the index-th word behind a command.
func (a secretPlace) secret(last, w shellWord, index int) (hiddenSpan, bool) {
	if slices.Contains(a.flags, last.text+" ") && !strings.HasPrefix(w.text, "-") {
		return w.hiddenSpan, true
	}
	for _, flag := range a.flags {
		if strings.HasPrefix(w.text, flag) && len(w.text) > len(flag) && !strings.HasPrefix(w.text, "--") && !strings.HasSuffix(flag, " ") {
			return hiddenSpan{w.start + len(flag), w.end}, true
		}
	}
	if slash := strings.IndexByte(w.text, '/'); a.slash && slash > 0 && slash+1 < len(w.text) && !strings.HasPrefix(w.text, "-") && !strings.HasPrefix(w.text, "@") && !strings.Contains(w.text[:slash], "@") && !strings.Contains(w.text[:slash], ":") {
		end := len(w.text)
		if at := strings.LastIndexByte(w.text, '@'); at > slash {
			end = at
		}
		return hiddenSpan{w.start + slash + 1, w.start + end}, true
	}
	return w.hiddenSpan, a.position == index && !strings.HasPrefix(w.text, "-")
}

// identified finds SQL's IDENTIFIED BY secret and Db2's CONNECT … USING secret.
func identified(last, w shellWord) (hiddenSpan, bool) {
	by := strings.EqualFold(last.text, "by") || strings.EqualFold(last.text, "using")
	return w.hiddenSpan, by && !strings.EqualFold(w.text, "password")
}

// secretWordsOf are the words of a text, as a shell or a list of arguments splits it:
// quotes keep spaces, brackets and commas of a list are left out.
func secretWordsOf(text string) func(yield func(shellWord) bool) {
	return func(yield func(shellWord) bool) {
		for n := 0; n < len(text); {
			if strings.IndexByte(" \t\r\n", text[n]) >= 0 || strings.IndexByte(",[({", text[n]) >= 0 && n+1 < len(text) && strings.IndexByte("\"'[({ \t\r\n", text[n+1]) >= 0 {
				n++
				continue
			}
			start := n
			for n < len(text) && strings.IndexByte(" \t\r\n", text[n]) < 0 {
				if text[n] == ',' && n > start && (text[n-1] == '"' || text[n-1] == '\'') {
					break // a list without spaces
				}
				if c := text[n]; (c == '"' || c == '\'') && quoteCloses(text, n) > 0 {
					n = quoteCloses(text, n)
				} else if c == '\\' && n+1 < len(text) && text[n+1] != '\n' && text[n+1] != '\r' {
					n++
				}
				n++
			}
			n = min(n, len(text))
			end := n
			for end > start+1 && strings.IndexByte(`,])`, text[end-1]) >= 0 {
				end--
			}
			for end-1 > start && (text[start] == '"' || text[start] == '\'') && text[end-1] == text[start] {
				start, end = start+1, end-1
			}
			if start < end && !yield(shellWord{hiddenSpan{start, end}, text[start:end]}) {
				return
			}
		}
	}
}

// quoteCloses is where the quote at n is closed on its line, 0 for nowhere.
func quoteCloses(text string, n int) int {
	limit := min(len(text), n+maxQuoted)
	for at := n + 1; at < limit && text[at] != '\n'; at++ {
		if text[at] == '\\' {
			at++
		} else if text[at] == text[n] {
			return at
		}
	}
	return 0
}
