package read

import (
	"path"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmLooksLikeCommand reports whether a text is a command line of a Java program,
// or a list of options for one (JAVA_OPTS="-D…").
func jvmLooksLikeCommand(text string) bool {
	if strings.Contains(text, "-Djavax.net.ssl.") || strings.Contains(text, "-Doracle.net.") || strings.Contains(text, "-Dspring.") {
		return true
	}
	for n, w := range javaWords(text) {
		if n > 8 {
			return false
		}
		switch strings.TrimSuffix(strings.ToLower(path.Base(strings.ReplaceAll(w, `\`, "/"))), ".exe") {
		case "java", "javaw":
			return true
		}
	}
	return false
}

// jvmCommand reads a command line: the trust store and properties of -D, the
// driver by the class path's jars, URLs among the arguments. A trust store
// without a URL is worth telling too.
func jvmCommand(text string, in jvmContext) (all []clientconfig.Settings) {
	list := javaWords(text)
	var urls []string
	classPath := false
	for n := 0; n < len(list); n++ {
		w := list[n]
		switch {
		case classPath:
			in.jars(w)
			classPath = false
		case w == "-cp" || w == "-classpath" || w == "--class-path":
			classPath = true
		case strings.HasPrefix(w, "--class-path="):
			in.jars(strings.TrimPrefix(w, "--class-path="))
		case strings.HasPrefix(w, "-D") && in.define(w[2:]):
		default:
			for _, found := range jdbcInText(w) {
				// The word is the URL up to its end: quotes are gone, so spaces
				// and quotes within are the URL's own.
				urls = append(urls, w[strings.Index(w, found):])
				break
			}
		}
	}
	for _, found := range urls {
		if u, ok := jdbcParse(found); ok {
			all = append(all, jvmSettings(found, u, in)...)
		}
	}
	if len(all) > 0 || (in.trust == "" && len(in.options) == 0) {
		return all
	}
	return jvmCommandAlone(text, in)
}

// jvmCommandAlone is a command line without a URL: its trust store is worth
// telling, and so are options that only one driver has.
func jvmCommandAlone(text string, in jvmContext) []clientconfig.Settings {
	in.product = jvmGuess(in.options)
	in.notes = append(in.notes, "the text has no JDBC URL: the options that are given with it are not known")
	return jvmSettings(text, jdbcURL{}, in)
}

// define takes a system property; false when it says nothing here.
func (in *jvmContext) define(text string) bool {
	name, value, _ := strings.Cut(text, "=")
	switch {
	case name == "javax.net.ssl.trustStore":
		in.trust = value
	case jdbcSecret(strings.ToLower(name)):
		in.secrets = append(in.secrets, value)
	case strings.HasPrefix(name, "oracle.net."):
		in.options = append(in.options, jdbcOption{name, value})
	default:
		return false
	}
	return true
}

// jars looks for drivers in a class path.
func (in *jvmContext) jars(classPath string) {
	for file := range strings.FieldsFuncSeq(classPath, func(r rune) bool { return r == ':' || r == ';' }) {
		if id, version := jvmByJar(file); id != "" {
			in.product, in.version, in.from = id, version, path.Base(strings.ReplaceAll(file, `\`, "/"))
		}
	}
}

// javaWords parts a command line as a shell would: quotes group, a backslash
// before a line's end continues it. An assignment's value (JAVA_OPTS="…") that
// holds several words is parted too.
func javaWords(text string) []string {
	var all []string
	for _, w := range javaShellWords(text) {
		_, value, ok := strings.Cut(w, "=")
		if ok && !strings.HasPrefix(w, "-") && strings.Contains(value, " ") && strings.Contains(value, "-D") {
			all = append(all, javaShellWords(value)...)
			continue
		}
		all = append(all, w)
	}
	return all
}

// javaShellWords parts a text at white space outside of quotes.
func javaShellWords(text string) (all []string) {
	var b strings.Builder
	quote, started := byte(0), false
	for n := 0; n < len(text); n++ {
		c := text[n]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote, started = c, true
		case c == '\\' && n+1 < len(text) && (text[n+1] == '\n' || text[n+1] == '\r'):
			n++
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if started || b.Len() > 0 {
				all = append(all, b.String())
			}
			b.Reset()
			started = false
		default:
			b.WriteByte(c)
		}
	}
	if started || b.Len() > 0 {
		all = append(all, b.String())
	}
	return all
}
