package local

import (
	"path/filepath"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

const (
	dirInstances = "db"
	dirSnapshots = "snapshots"

	// nameLen characters of a resource id tell instances apart (65 bits of
	// the 26 base-32 ones) and keep socket paths short; the marker inside
	// catches what they do not.
	nameLen = 13
	// maxSocketPath is what fits sockaddr_un.sun_path (unix(7)) with its
	// final zero, and socketName the longest socket file an engine makes.
	maxSocketPath = 107
	socketName    = len(".s.PGSQL.65535")
)

// place is one instance on this machine: where it is and what runs it.
type place struct {
	provider.Instance
	engine  engine.Engine
	account account
	root    string // the instance's directory
	set     engine.Settings
}

// place works out where i lives and as whom; it touches nothing.
func (p *Provider) place(i provider.Instance) (*place, error) {
	pl, err := p.locate(i)
	if err != nil {
		return nil, err
	}
	return pl, pl.settle()
}

// settle looks up the user the server runs as.
func (pl *place) settle() (err error) {
	pl.account, err = accountFor(pl.engine.Server.SystemUser())
	return err
}

// locate is place without the user: enough for an instance that is not here.
func (p *Provider) locate(i provider.Instance) (*place, error) {
	e, ok := p.engines[i.Engine]
	if !ok {
		return nil, fault.New(fault.InvalidParameter, "engine %q cannot run on this machine; it runs %v", i.Engine, p.order)
	}
	name, err := dirName(i.ID)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(p.dir, dirInstances, name)
	l := engine.Layout{
		Data:    filepath.Join(root, "data"),
		Conf:    filepath.Join(root, "conf"),
		TLS:     filepath.Join(root, "tls"),
		Run:     filepath.Join(root, "run"),
		LogFile: filepath.Join(root, "log", "engine.log"),
	}
	return &place{
		Instance: i, engine: e, root: root,
		set: engine.Settings{
			Layout: l, ID: i.ID, Address: i.Address, Port: i.Port, Also: i.Also, HostUser: p.hostUser,
			Parameters: e.Spec.Values(i.Version, i.Parameters),
			Primary:    follow(i, l),
		},
	}, nil
}

// checkSocket refuses a data directory under which the server's socket could
// not be reached.
func (p *Provider) checkSocket() error {
	run := filepath.Join(p.dir, dirInstances, strings.Repeat("x", nameLen), "run")
	over := len(run) + 1 + socketName - maxSocketPath
	if over <= 0 {
		return nil
	}
	return fault.New(fault.InvalidParameter, "the data directory %q is %d characters long, which is %d too many: UNIX socket paths end at %d; choose a --data of at most %d characters", p.dir, len(p.dir), over, maxSocketPath, len(p.dir)-over)
}

// dirName shortens a resource id to a directory name.
func dirName(id string) (string, error) {
	if !plain(id) {
		return "", fault.New(fault.InvalidParameter, "instance id %q is not letters, digits and hyphens", id)
	}
	name := strings.ToLower(strings.TrimPrefix(id, "db-"))
	return name[:min(len(name), nameLen)], nil
}

// pair names the files of a generation.
func (pl *place) pair(generation string) engine.PairPaths {
	dir := filepath.Join(pl.set.TLS, generation)
	return engine.PairPaths{Cert: filepath.Join(dir, "server.crt"), Key: filepath.Join(dir, "server.key")}
}

// rel is path as people and files.json name it.
func (pl *place) rel(path string) string {
	if r, err := filepath.Rel(pl.root, path); err == nil {
		return r
	}
	return path
}

func (pl *place) marker() string { return filepath.Join(pl.root, "instance.json") }

// plain reports whether s is safe as one component of a path.
func plain(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' || s == "db-" {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// checkGeneration refuses a generation that is no plain name, or whose
// directory would be where the engine has its link.
func (pl *place) checkGeneration(g string) error {
	if !plain(g) || filepath.Dir(pl.pair(g).Cert) == pl.bindingPath() {
		return fault.New(fault.InvalidParameter, "generation %q is reserved or is not letters, digits, hyphens and underscores", g)
	}
	return nil
}
