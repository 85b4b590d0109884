package scan

import (
	"encoding/xml"
	"regexp"
	"strings"
)

// maven reads a pom.xml: dependencies, managed ones too, with the properties of
// the same file put in.
func maven(text string) (all []dependency) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	properties := map[string]string{}
	var path []string
	var group, artifact, version string
	var at int
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			if t.Name.Local == "dependency" {
				group, artifact, version = "", "", ""
				at = int(d.InputOffset())
			}
		case xml.EndElement:
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
			if t.Name.Local == "dependency" && artifact != "" {
				all = append(all, dependency{name: "maven:" + group + ":" + artifact, version: version, at: at})
			}
		case xml.CharData:
			value := strings.TrimSpace(string(t))
			if len(path) < 2 || value == "" {
				continue
			}
			last := path[len(path)-1]
			switch path[len(path)-2] {
			case "properties":
				properties[last] = value
			case "dependency":
				switch last {
				case "groupId":
					group = value
				case "artifactId":
					artifact = value
				case "version":
					version = value
				}
			}
		}
	}
	for n := range all {
		if name, ok := strings.CutPrefix(all[n].version, "${"); ok {
			all[n].version = properties[strings.TrimSuffix(name, "}")]
		}
	}
	return all
}

// gradle reads the two ways of a build script: "group:artifact:version" and
// group: 'g', name: 'a', version: 'v'. A version that a variable gives is not
// known.
func gradle(text string) (all []dependency) {
	short := regexp.MustCompile(`["']([A-Za-z0-9_.\-]+):([A-Za-z0-9_.\-]+)(?::([^"':@]*))?(?:@[a-z]+)?["']`)
	for _, m := range short.FindAllStringSubmatchIndex(text, -1) {
		d := dependency{name: "maven:" + text[m[2]:m[3]] + ":" + text[m[4]:m[5]], at: m[0]}
		if m[6] >= 0 {
			d.version = text[m[6]:m[7]]
		}
		all = append(all, d)
	}
	long := regexp.MustCompile(`group\s*[:=]\s*["']([^"']+)["']\s*,\s*name\s*[:=]\s*["']([^"']+)["'](?:\s*,\s*version\s*[:=]\s*["']([^"']+)["'])?`)
	for _, m := range long.FindAllStringSubmatchIndex(text, -1) {
		d := dependency{name: "maven:" + text[m[2]:m[3]] + ":" + text[m[4]:m[5]], at: m[0]}
		if m[6] >= 0 {
			d.version = text[m[6]:m[7]]
		}
		all = append(all, d)
	}
	return all
}
