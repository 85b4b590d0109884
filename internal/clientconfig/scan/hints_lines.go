package scan

import (
	"regexp"
	"strings"
)

// matches are a pattern's first group, a name, and the first of the others that
// is there, a version, as dependencies. Names of Python are compared as PEP 503 has them.
func matches(text, ecosystem, pattern string) (all []dependency) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatchIndex(text, -1) {
		d := dependency{name: ecosystem + ":" + text[m[2]:m[3]], at: m[2]}
		for group := 4; group+1 < len(m) && d.version == ""; group += 2 {
			if m[group] >= 0 {
				d.version = strings.TrimSpace(text[m[group]:m[group+1]])
			}
		}
		if ecosystem == "pypi" {
			d.name = strings.ToLower(strings.ReplaceAll(d.name, "_", "-"))
		}
		all = append(all, d)
	}
	return all
}

// requirements reads pip's requirements.txt.
func requirements(text string) []dependency {
	return matches(text, "pypi", `(?m)^[ \t]*([A-Za-z0-9][A-Za-z0-9._\-]*)(?:\[[^\]\n]*\])?[ \t]*((?:[=<>~!]=?)[^#;\n\\]*)?`)
}

// tomlLock reads poetry.lock, uv.lock and Cargo.lock, which are alike.
func tomlLock(text string) []dependency {
	const block = `(?m)^name = "([^"]+)"\r?\nversion = "([^"]+)"`
	return append(matches(text, "pypi", block), matches(text, "cargo", block)...)
}

// pyproject reads pyproject.toml and Pipfile: a list of requirements, or a table
// of names and versions.
func pyproject(text string) []dependency {
	return append(matches(text, "pypi", `(?m)^[ \t]*"?([A-Za-z0-9][A-Za-z0-9._\-]*)"?[ \t]*=[ \t]*(?:\{[^}\n]*version[ \t]*=[ \t]*)?"([^"\n]*)"`),
		matches(text, "pypi", `["']([A-Za-z0-9][A-Za-z0-9._\-]*)(?:\[[^\]\n]*\])?[ \t]*([=<>~!]=?[^"'\n;]*)?["']`)...)
}

// cargo reads Cargo.toml.
func cargo(text string) []dependency {
	return matches(text, "cargo", `(?m)^[ \t]*([A-Za-z0-9_\-]+)[ \t]*=[ \t]*(?:\{[^}\n]*version[ \t]*=[ \t]*)?"([^"\n]*)"`)
}

// goMod reads go.mod. The major version at the end of a path (/v5) stays in
// its name.
func goMod(text string) []dependency {
	return matches(text, "go", `(?m)^[ \t]*(?:require[ \t]+)?([a-z0-9][A-Za-z0-9._~\-]*\.[A-Za-z0-9._~\-]+/[^\s]+)[ \t]+(v[0-9][^\s]*)`)
}

// gemLock reads Gemfile.lock.
func gemLock(text string) []dependency {
	return matches(text, "gem", `(?m)^ {4}([A-Za-z0-9_.\-]+) \(([^)\n]+)\)`)
}

// nugetXML reads project files, packages.config and Directory.Packages.props.
func nugetXML(text string) []dependency {
	return append(matches(text, "nuget", `(?is)<Package(?:Reference|Version)\s+(?:Include|Update)="([^"]+)"[^>]*?(?:\sVersion="([^"]*)"|>\s*<Version>([^<]*)</Version>|/?>)`),
		matches(text, "nuget", `(?i)<package\s+id="([^"]+)"[^>]*?\sversion="([^"]*)"`)...)
}
