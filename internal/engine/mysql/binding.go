package mysql

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/engine"
)

// The option file names the pair through a link. These servers read option
// files at their start only, so that one name has to hold for the running
// server and for the next start: the files behind it change, both at once.

func linkPath(s engine.Settings) string { return filepath.Join(s.TLS, "current") }

func pairOptions(s engine.Settings) []option {
	return []option{
		{"ssl-cert", filepath.Join(linkPath(s), "server.crt")},
		{"ssl-key", filepath.Join(linkPath(s), "server.key")},
	}
}

// Bind points s.TLS/current at the generation's folder. The target is
// relative, so that a copy of the whole tree still works.
func (server) Bind(p engine.PairPaths, s engine.Settings) engine.Binding {
	target := filepath.Dir(p.Cert)
	if rel, err := filepath.Rel(s.TLS, target); err == nil {
		target = rel
	}
	return engine.Binding{Link: &engine.Link{Path: linkPath(s), Target: target}}
}

// followLink turns a path through the link into the one behind it, which is
// what Bind was given; any other path is somebody's own setting and stays.
func followLink(p engine.PairPaths, s engine.Settings) (engine.PairPaths, error) {
	link := linkPath(s)
	follow := func(path string) (string, error) {
		if filepath.Dir(path) != link {
			return path, nil
		}
		target, err := os.Readlink(link)
		if err != nil {
			return "", fmt.Errorf("read certificate link: %w", err)
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(s.TLS, target)
		}
		return filepath.Join(target, filepath.Base(path)), nil
	}
	cert, err := follow(p.Cert)
	if err != nil {
		return engine.PairPaths{}, err
	}
	key, err := follow(p.Key)
	if err != nil {
		return engine.PairPaths{}, err
	}
	return engine.PairPaths{Cert: cert, Key: key}, nil
}
