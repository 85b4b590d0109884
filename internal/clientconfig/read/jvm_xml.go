package read

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func jvmXMLFile(src Source) []clientconfig.Settings {
	if len(src.Text) > jvmMaxText || !jvmContains(src.Text, "jdbc:") {
		return nil
	}
	return jvmXML(src)
}

// jvmXML reads what names a database in XML: Tomcat's resources, persistence.xml
// and Hibernate, Spring's beans, WildFly's data sources.
func jvmXML(src Source) []clientconfig.Settings {
	x := jvmXMLReader{lines: jvmNewlinesOf(src.Text), text: src.Text}
	d := xml.NewDecoder(strings.NewReader(src.Text))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // the parts that matter are ASCII
	for {
		at := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			break // what was read up to here is read
		}
		switch t := token.(type) {
		case xml.StartElement:
			x.start(t, at)
		case xml.CharData:
			x.characters(string(t), at)
		case xml.EndElement:
			x.end()
		}
	}
	return jvmGroups(src, x.pairs)
}

// jvmXMLReader makes pairs of elements. An element with a name is a key below its
// parent; one with children is a section of its own.
type jvmXMLReader struct {
	open  []jvmXMLElement
	count int
	pairs []jvmPair
	lines jvmNewlines
	text  string
}

type jvmXMLElement struct {
	path    string // key of what is within
	key     string // key of its own text
	value   strings.Builder
	at      int
	skipped int // elements within that are deeper than is looked
}

// jvmXMLMaxDepth bounds how deep elements are followed.
const jvmXMLMaxDepth = 64

func (x *jvmXMLReader) start(t xml.StartElement, at int) {
	parent := ""
	if last := len(x.open) - 1; last >= 0 {
		if parent = x.open[last].path; len(x.open) >= jvmXMLMaxDepth {
			x.open[last].skipped++
			return
		}
	}
	x.count++
	e := jvmXMLElement{at: at}
	attributes := map[string]string{}
	for _, a := range t.Attr {
		attributes[a.Name.Local] = a.Value
	}
	name := attributes["name"]
	if name == "" {
		name = attributes["key"]
	}
	switch local := t.Name.Local; {
	case local == "props" || local == "map" || local == "value" || local == "properties":
		e.path, e.key = parent, strings.TrimSuffix(parent, ".")
	case name != "" && (local == "connection-property" || local == "xa-datasource-property"):
		e.key = parent + local + "." + name
		e.path = e.key + "."
	case name != "" && (local == "property" || local == "prop" || local == "entry" || local == "param" || local == "Parameter"):
		e.key = parent + name
		e.path = e.key + "."
		x.add(e.key, attributes["value"], at)
	default:
		e.key = parent + local
		e.path = fmt.Sprintf("%s%s#%d.", parent, local, x.count)
		for _, a := range t.Attr {
			x.add(e.path+a.Name.Local, a.Value, at)
		}
	}
	x.open = append(x.open, e)
}

func (x *jvmXMLReader) characters(text string, at int) {
	last := len(x.open) - 1
	if last < 0 || strings.TrimSpace(text) == "" {
		return
	}
	e := &x.open[last]
	if e.value.Len() == 0 {
		e.at = at
	}
	e.value.WriteString(text)
}

func (x *jvmXMLReader) end() {
	last := len(x.open) - 1
	if last < 0 {
		return
	}
	e := &x.open[last]
	if e.skipped > 0 {
		e.skipped--
		return
	}
	x.add(e.key, strings.TrimSpace(e.value.String()), e.at)
	x.open = x.open[:last]
}

// add files a pair. Its place is where the URL stands, if it is one: behind the
// beginning of its element.
func (x *jvmXMLReader) add(key, value string, at int) {
	if value == "" || len(key) > 2048 {
		return
	}
	if value = jvmJoinURL(value); strings.HasPrefix(jvmLower(value[:min(len(value), 5)]), "jdbc:") {
		if n := strings.Index(x.text[at:min(len(x.text), at+8192)], value[:5]); n >= 0 {
			at += n
		}
	}
	line, column := x.lines.position(at)
	x.pairs = append(x.pairs, jvmPair{key: key, value: value, line: line, column: column})
}

// jvmJoinURL takes the line breaks out of a URL that is laid out over several
// lines.
func jvmJoinURL(value string) string {
	if strings.HasPrefix(value, "jdbc:") && strings.Contains(value, "\n") {
		return javaJoinLines(value)
	}
	return value
}
