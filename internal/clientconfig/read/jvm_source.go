package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmLooksLikeSource reports whether a pasted text is a piece of a program.
func jvmLooksLikeSource(text string) bool {
	for _, mark := range []string{"setProperty(", "getConnection(", "addDataSourceProperty(", "DataSource()", `"jdbc:`, `"""jdbc:`} {
		if strings.Contains(text, mark) && (mark[0] != '"' || strings.ContainsAny(text, ";(+")) && !strings.HasPrefix(text, "<") {
			return !jvmLooksLikeCommand(text) || strings.Contains(text, "setProperty(")
		}
	}
	return false
}

// jvmSourceFile reads a source file.
func jvmSourceFile(src Source) []clientconfig.Settings {
	if len(src.Text) > jvmMaxText || !jvmMentions(src.Text) {
		return nil
	}
	return jvmSource(src, false)
}

// jvmSource reads a program: its JDBC URLs, with the properties that are set
// where they are used. pasted is for a piece of one, where options without a
// URL and a trust store alone are worth telling as well.
func jvmSource(src Source, pasted bool) (all []clientconfig.Settings) {
	p := readJavaProgram(src.Text)
	in := jvmContext{hints: src.Hints, trust: p.trust, product: p.class(src.Text, src.Hints), secrets: p.secrets, user: p.user}
	if strings.Contains(src.Text, "com.mysql.jdbc.") {
		in.notes = append(in.notes, "com.mysql.jdbc.Driver is the class of Connector/J 5.1, which ignores sslMode; 8.0 and later still answer to the name")
	}
	for _, u := range p.urls {
		parsed, ok := jdbcParse(u.value)
		if !ok {
			continue
		}
		one := in
		one.where = p.place(src, u.at)
		one.options = p.optionsFor(u)
		all = append(all, jvmSettings(u.value, parsed, one)...)
	}
	all = append(all, p.dataSources(src, in)...)
	if len(all) > 0 {
		return all
	}
	return p.withoutURL(src, in, pasted)
}

// withoutURL is a program in which no URL is written: the options that it sets
// still tell what it does, and its trust store where it looks.
func (p *javaProgram) withoutURL(src Source, in jvmContext, pasted bool) []clientconfig.Settings {
	var options []jdbcOption
	at := -1
	for _, s := range p.sets {
		if jvmDecides(s.name) || strings.HasPrefix(s.name, "oracle.net.") {
			options = append(options, jdbcOption{s.name, s.value})
			if at < 0 {
				at = s.at
			}
		}
	}
	if len(options) > 0 && in.product == "" {
		in.product = jvmGuess(options)
	}
	switch {
	case len(options) > 0 && in.product != "":
		in.options = options
		in.notes = append(in.notes, "no JDBC URL was found beside these options: what a URL elsewhere says is not known")
	case in.trust != "" && (pasted || in.product != "" || strings.Contains(src.Text, "java.sql") || strings.Contains(src.Text, "DataSource")):
		in.product, at = "", p.trustAt
		in.notes = append(in.notes, "no JDBC URL was found beside this trust store")
	default:
		return nil
	}
	in.where = p.place(src, max(at, 0))
	return jvmSettings(strings.TrimSpace(src.Text), jdbcURL{}, in)
}

// class is the driver that a program names by its classes, or that the build
// files name as the only one.
func (p *javaProgram) class(text string, hints map[string]Hint) string {
	if id := jvmByClass(text); id != "" {
		return id
	}
	return jvmByHint(hints)
}

// place is where a byte of a source stands; without a path there is no place.
func (p *javaProgram) place(src Source, at int) clientconfig.Position {
	if src.Path == "" {
		return clientconfig.Position{}
	}
	line, column := p.lines.position(at)
	return clientconfig.Position{File: src.Path, Line: line, Column: column}
}
