package read

import (
	"strings"
	"testing"
	"time"
)

// FuzzJVM puts a password where each format has one, and anything at all behind
// it: nothing may panic, and the password may be shown nowhere.
func FuzzJVM(f *testing.F) {
	for _, rest := range []string{"", "@h:1/db?sslMode=VERIFY_CA", "&sslmode=x&", ";encrypt=true", "\"); }", "\nspring.datasource.url=jdbc:mysql://h/d",
		"(host=a)(port=1)", "${A:b}", "}}}}", "]]],[[", " \\\n x", "</x>", "- a: {b: c}\n  - |\n", "\\u00", "$x ${y} \"\"\"", "-----BEGIN"} {
		f.Add(rest)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		for _, text := range []string{
			"jdbc:mysql://u:" + jvmPassword + "@h/" + rest,
			"jdbc:mysql://h/db?password=" + jvmPassword + "&" + rest,
			"jdbc:mariadb://address=(host=h)(password=" + jvmPassword + ")" + rest,
			"jdbc:postgresql://h/db?user=u&password=" + jvmPassword + "&" + rest,
			"jdbc:sqlserver://h;password={" + jvmPassword + "};" + rest,
			"jdbc:oracle:thin:u/" + jvmPassword + "@" + rest,
			`Properties p; p.put("password", "` + jvmPassword + `"); p.put("sslMode", "X"); String u = "jdbc:mysql://h/d"; ` + rest,
			"java -Djavax.net.ssl.trustStorePassword=" + jvmPassword + " -Djavax.net.ssl.trustStore=x " + rest,
			rest,
		} {
			for _, s := range jvmLine(text, nil) {
				jvmShowsNoPassword(t, s)
			}
		}
		for path, text := range map[string]string{
			"a.properties": "spring.datasource.password=" + jvmPassword + "\nspring.datasource.url=jdbc:mysql://h/d\n" + rest,
			"a.yml":        "spring:\n  datasource:\n    password: " + jvmPassword + "\n    url: jdbc:mysql://h/d\n" + rest,
			"a.xml":        `<a url="jdbc:mysql://h/d" password="` + jvmPassword + `">` + rest,
			"a.java":       `class A { String u = "jdbc:mysql://h/d?password=` + jvmPassword + `"; ` + rest,
			"a.sh":         "X=1 java -Djavax.net.ssl.trustStorePassword=" + jvmPassword + " " + rest,
		} {
			for _, s := range jvmRead(Source{Path: path, Text: text}) {
				jvmShowsNoPassword(t, s)
			}
		}
	})
}

func TestHostileTextsTakeLinearTime(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{
		"jdbc:", `"jdbc:mysql://h/d" + `, "put(", `a = a + "jdbc:" + a; `, "${", "${a:b}", "[[a,", "(", "- ", "a: {", "<a b='jdbc:mysql://h/d'>", "\\\n", "{", "jdbc:mysql://h/d ",
		`x.put("sslMode","A"); "jdbc:mysql://h/d";`, "url=jdbc:mysql://h/d\n", "- - a: jdbc:mysql://h/d\n", `new SQLServerDataSource() `, "a=\"jdbc:mysql://h/$a$a\"; ",
	} {
		text := strings.Repeat(piece, 1<<17/len(piece))
		start := time.Now()
		jvmLine(text, nil)
		jvmLine("jdbc:mysql://"+text[:len(text)-20], nil)
		jvmLine(`"jdbc:mysql://h/d"; setProperty(`+text[:len(text)-64], nil)
		for _, path := range []string{"a.java", "a.yml", "a.xml", "a.properties", "a.sh"} {
			jvmRead(Source{Path: path, Text: text})
		}
		if spent := time.Since(start); spent > 10*time.Second {
			t.Errorf("128 KiB of %q take %v", piece, spent)
		}
	}
}
