package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// fakeEngine is a product whose server is this test binary. It is as real as
// the provider can tell: processes, files, sockets, signals, TLS.
type fakeEngine struct {
	fakeConf
	user    string // system user as root; "nobody" when ""
	link    bool   // bound by a link and not by a file
	cold    bool   // cannot reload
	version []string
}

func (f *fakeEngine) engine() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:     []string{"fake"},
			Major:     func(v string) string { return strings.Split(v, ".")[0] },
			HotReload: func(string) bool { return !f.cold },
		},
		Server: f,
	}
}

func (f *fakeEngine) SystemUser() string {
	if f.user != "" {
		return f.user
	}
	return "nobody"
}

func (f *fakeEngine) Find(context.Context) ([]engine.Install, error) {
	var list []engine.Install
	for _, v := range append(f.version, "15.1") {
		list = append(list, engine.Install{Version: v, Program: program})
	}
	return list, nil
}

func (f *fakeEngine) Init(i engine.Install, _ engine.Settings, dataDir string) []engine.Process {
	return []engine.Process{{Path: i.Program, Args: []string{"fake-init", dataDir, i.Version}}}
}

func (f *fakeEngine) bindingPath(s engine.Settings) string {
	if f.link {
		return filepath.Join(s.TLS, "current")
	}
	return filepath.Join(s.Conf, "pair.json")
}

func (f *fakeEngine) Files(_ engine.Install, s engine.Settings) []engine.File {
	c := f.fakeConf
	c.Address, c.Port, c.Run, c.Binding = s.Address, s.Port, s.Run, f.bindingPath(s)
	text, _ := json.Marshal(c)
	return []engine.File{{Path: filepath.Join(s.Conf, "fake.json"), Content: text}}
}

func args(s engine.Settings) []string { return []string{"fake-server", s.Data, "--conf=" + s.Conf} }

func (f *fakeEngine) Process(i engine.Install, s engine.Settings) engine.Process {
	return engine.Process{Path: i.Program, Args: args(s), Dir: s.Data, Stop: syscall.SIGINT}
}

func (f *fakeEngine) Owns(argv []string, s engine.Settings) bool {
	return len(argv) == 4 && strings.Join(argv[1:], " ") == strings.Join(args(s), " ")
}

func (f *fakeEngine) DataVersion(data fs.FS) (string, error) {
	b, err := fs.ReadFile(data, "VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(b), err
}

func (f *fakeEngine) Bind(p engine.PairPaths, s engine.Settings) engine.Binding {
	if f.link {
		return engine.Binding{Link: &engine.Link{Path: f.bindingPath(s), Target: filepath.Base(filepath.Dir(p.Cert))}}
	}
	text, _ := json.Marshal(fakePair(p))
	return engine.Binding{File: &engine.File{Path: f.bindingPath(s), Content: text}}
}

func (f *fakeEngine) Admin(ctx context.Context, s engine.Settings) (engine.Admin, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", filepath.Join(s.Run, "fake.sock"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", engine.ErrNotReady, err)
	}
	return &fakeAdmin{c: c, r: bufio.NewReader(c)}, nil
}

type fakeAdmin struct {
	c net.Conn
	r *bufio.Reader
}

func (a *fakeAdmin) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(a.c, line); err != nil {
		return "", err
	}
	answer, err := a.r.ReadString('\n')
	return strings.TrimSpace(answer), err
}

func (a *fakeAdmin) SetUp(_ context.Context, m engine.Master) error {
	_, err := a.ask("setup " + m.User)
	return err
}

func (a *fakeAdmin) Apply(ctx context.Context, _ engine.Settings) error { return a.Reload(ctx) }

func (a *fakeAdmin) Reload(context.Context) error {
	answer, err := a.ask("reload")
	if err == nil && answer != "ok" {
		err = errors.New(answer)
	}
	return err
}

func (a *fakeAdmin) Effective(context.Context) (engine.PairPaths, error) {
	answer, err := a.ask("effective")
	cert, key, _ := strings.Cut(answer, "|")
	return engine.PairPaths{Cert: cert, Key: key}, err
}

func (a *fakeAdmin) EndSessions(context.Context, time.Time) (int, error) {
	_, err := a.ask("end")
	return 7, err
}

func (a *fakeAdmin) Close() error { return a.c.Close() }
