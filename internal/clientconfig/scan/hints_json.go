package scan

import (
	"encoding/json"
	"regexp"
	"strings"
)

// pairs are the "name": "version" lines of JSON: package.json and its kin keep
// them so, and the line is worth more than the tree.
func pairs(text, ecosystem string) (all []dependency) {
	pair := regexp.MustCompile(`"([^"\s]+)"\s*:\s*"([^"]*)"`)
	for _, m := range pair.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, dependency{name: ecosystem + ":" + text[m[2]:m[3]], version: text[m[4]:m[5]], at: m[0]})
	}
	return all
}

// npm reads package.json.
func npm(text string) []dependency {
	var sections struct {
		Dependencies, DevDependencies, PeerDependencies, OptionalDependencies map[string]json.RawMessage
	}
	if json.Unmarshal([]byte(text), &sections) != nil {
		return nil
	}
	var all []dependency
	for _, d := range pairs(text, "npm") {
		name := strings.TrimPrefix(d.name, "npm:")
		for _, section := range []map[string]json.RawMessage{sections.Dependencies, sections.DevDependencies, sections.PeerDependencies, sections.OptionalDependencies} {
			if raw, ok := section[name]; ok && string(raw) == `"`+d.version+`"` {
				all = append(all, d)
				break
			}
		}
	}
	return all
}

// npmLock reads package-lock.json of all its versions.
func npmLock(text string) (all []dependency) {
	type pkg struct{ Version string }
	var lock struct{ Packages, Dependencies map[string]pkg }
	if json.Unmarshal([]byte(text), &lock) != nil {
		return nil
	}
	for name, p := range lock.Packages {
		if name, ok := strings.CutPrefix(name, "node_modules/"); ok && !strings.Contains(name, "node_modules/") {
			all = append(all, dependency{name: "npm:" + name, version: p.Version, find: `"node_modules/` + name + `"`})
		}
	}
	for name, p := range lock.Dependencies {
		all = append(all, dependency{name: "npm:" + name, version: p.Version, find: `"` + name + `"`})
	}
	return all
}

// pipfileLock reads Pipfile.lock.
func pipfileLock(text string) (all []dependency) {
	type pkg struct{ Version string }
	var lock struct{ Default, Develop map[string]pkg }
	if json.Unmarshal([]byte(text), &lock) != nil {
		return nil
	}
	for _, section := range []map[string]pkg{lock.Default, lock.Develop} {
		for name, p := range section {
			all = append(all, dependency{name: "pypi:" + name, version: p.Version, find: `"` + name + `"`})
		}
	}
	return all
}

// nugetLock reads packages.lock.json.
func nugetLock(text string) (all []dependency) {
	var lock struct {
		Dependencies map[string]map[string]struct{ Resolved string }
	}
	if json.Unmarshal([]byte(text), &lock) != nil {
		return nil
	}
	for _, framework := range lock.Dependencies {
		for name, p := range framework {
			all = append(all, dependency{name: "nuget:" + name, version: p.Resolved, find: `"` + name + `"`})
		}
	}
	return all
}

// composer reads composer.json.
func composer(text string) []dependency { return pairs(text, "composer") }

// composerLock reads composer.lock.
func composerLock(text string) (all []dependency) {
	var lock struct {
		Packages []struct{ Name, Version string }
	}
	if json.Unmarshal([]byte(text), &lock) != nil {
		return nil
	}
	for _, p := range lock.Packages {
		all = append(all, dependency{name: "composer:" + p.Name, version: p.Version, find: `"` + p.Name + `"`})
	}
	return all
}
