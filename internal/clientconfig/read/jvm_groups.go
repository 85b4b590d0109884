package read

import (
	"slices"
	"sort"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmPair is one key of a configuration file with its value. Keys of nested
// formats are joined by dots; keys that begin alike belong together.
type jvmPair struct {
	key, value   string
	line, column int // of the value
	folded       string
}

// jvmGroups reads the JDBC URLs among the pairs of one configuration, each with
// the driver's class, the user and the properties that stand beside it.
func jvmGroups(src Source, pairs []jvmPair) (all []clientconfig.Settings) {
	sorted := slices.Clone(pairs)
	for n := range sorted {
		sorted[n].folded = jvmFoldKey(sorted[n].key)
	}
	sort.SliceStable(sorted, func(a, b int) bool { return sorted[a].folded < sorted[b].folded })
	in := jvmContext{hints: src.Hints}
	in.trustOf(pairs)
	for _, pair := range pairs {
		value := jvmWholePlaceholder(strings.TrimSpace(pair.value))
		u, ok := jdbcParse(value)
		if !ok || len(all) >= javaMaxFound {
			continue
		}
		one := in
		one.notes, one.options = slices.Clone(in.notes), nil
		one.secrets = nil
		if src.Path != "" {
			one.where = clientconfig.Position{File: src.Path, Line: pair.line, Column: pair.column}
		}
		one.beside(sorted, jvmFoldKey(pair.key))
		all = append(all, jvmSettings(value, u, one)...)
	}
	return all
}

// jvmWholePlaceholder takes the default out of "${JDBC_URL:jdbc:…}".
func jvmWholePlaceholder(value string) string {
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		if _, rest, ok := strings.Cut(value[2:len(value)-1], ":"); ok {
			return strings.TrimPrefix(rest, "-")
		}
	}
	return value
}

// jvmFoldKey writes a key as Spring compares keys: without case, hyphens and
// underscores.
func jvmFoldKey(key string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(jvmLower(key))
}

// trustOf looks for a trust store that the configuration names, as a property
// or in the options of a Java program (JAVA_OPTS).
func (in *jvmContext) trustOf(pairs []jvmPair) {
	for _, pair := range pairs {
		switch {
		case strings.HasSuffix(pair.key, "javax.net.ssl.trustStore"):
			in.trust = pair.value
			in.notes = append(in.notes, "javax.net.ssl.trustStore is written in this file; it counts when the program or its start makes it a system property")
		case strings.Contains(pair.value, "-Djavax.net.ssl.trustStore="):
			for _, w := range javaWords(pair.value) {
				if path, ok := strings.CutPrefix(w, "-Djavax.net.ssl.trustStore="); ok {
					in.trust = path
				}
			}
		}
	}
}

// beside looks at the keys that belong to a URL's: those below the same parent,
// or below the parent's parent when that is a pool's section.
func (in *jvmContext) beside(sorted []jvmPair, urlKey string) {
	base := jvmParentKey(urlKey)
	root := base
	switch root[strings.LastIndexByte(root, '.')+1:] {
	case "hikari", "tomcat", "dbcp2", "jdbc", "oracleucp":
		root = jvmParentKey(root)
	}
	if root == "" {
		return // a flat file: its keys need not belong together
	}
	from := sort.Search(len(sorted), func(n int) bool { return sorted[n].folded >= root+"." })
	for _, pair := range sorted[from:min(len(sorted), from+javaMaxFound)] {
		rest, ok := strings.CutPrefix(pair.folded, root+".")
		if !ok {
			break
		}
		in.pair(pair, rest, base == root)
	}
}

// pair takes what a key beside the URL says. rest is the key below the root.
func (in *jvmContext) pair(pair jvmPair, rest string, direct bool) {
	for _, pool := range []string{"hikari.", "tomcat.", "dbcp2.", "jdbc.", "oracleucp."} {
		rest = strings.TrimPrefix(rest, pool)
	}
	switch rest {
	case "driverclassname", "driverclass", "driver", "jdbc.driver":
		if id := jvmByClass(pair.value + "."); id != "" {
			in.product = id
		}
		return
	case "username", "user":
		in.user = jvmWholePlaceholder(pair.value)
		return
	case "connectionproperties":
		for part := range strings.SplitSeq(pair.value, ";") {
			if name, value, ok := strings.Cut(part, "="); ok {
				in.property(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		return
	}
	if jdbcSecret(rest) {
		in.secrets = append(in.secrets, pair.value)
		return
	}
	for _, section := range []string{"datasourceproperties.", "connectionproperties.", "connectionproperty.", "properties.", "additionaljdbcproperties.", "driverproperties.", "xadatasourceproperty."} {
		if name, ok := strings.CutPrefix(rest, section); ok {
			in.property(jvmLastParts(pair.key, name), pair.value)
			return
		}
	}
	if direct && strings.HasSuffix(pair.folded, "hibernate.connection."+rest) {
		in.property(jvmLastParts(pair.key, rest), pair.value) // Hibernate hands on what it does not know
	}
}

func (in *jvmContext) property(name, value string) {
	if jdbcSecret(strings.ToLower(name)) {
		in.secrets = append(in.secrets, value)
		return
	}
	plain, _ := jdbcFillPlaceholders(value)
	in.options = append(in.options, jdbcOption{strings.Trim(name, "[]"), plain})
}

// jvmLastParts is the end of a key as it was written, with as many parts as the
// folded name has.
func jvmLastParts(key, folded string) string {
	parts := strings.Split(key, ".")
	return strings.Join(parts[max(0, len(parts)-strings.Count(folded, ".")-1):], ".")
}

func jvmParentKey(key string) string {
	return key[:max(strings.LastIndexByte(key, '.'), 0)]
}
