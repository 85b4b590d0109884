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
	lone    bool   // has no replicas
	version []string
}

func (f *fakeEngine) engine() engine.Engine {
	e := engine.Engine{
		Spec: engine.Spec{
			Names:      []string{"fake"},
			Major:      func(v string) string { return strings.Split(v, ".")[0] },
			HotReload:  func(string) bool { return !f.cold },
			Parameters: fakeParameters,
		},
		Server: f,
	}
	if !f.lone {
		e.Replicas = &engine.Replicas{Allow: f.allow, Credential: fakeCredential}
	}
	return e
}

// fakeParameters: the fake server refuses the mood "bad", while it runs and
// when it starts, and ends of "mortal".
func fakeParameters(string) []engine.Parameter {
	return []engine.Parameter{
		{Name: "mood", Default: "calm", ApplyType: engine.Dynamic, DataType: "string"},
		{Name: "size", Default: "1", ApplyType: engine.Static, DataType: "integer", Allowed: []string{"1-9"}},
	}
}

func (f *fakeEngine) allow(ctx context.Context, s engine.Settings, user, password string) error {
	a, err := f.Admin(ctx, s)
	if err != nil {
		return err
	}
	defer a.Close()
	_, err = a.(*fakeAdmin).ask("allow " + user + " " + password)
	return err
}

func fakeCredential(p engine.Primary, password string) []byte {
	return []byte(p.User + "@" + p.Address + ":" + password + "\n")
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

func (f *fakeEngine) Init(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	list := []engine.Process{{Path: i.Program, Args: []string{"fake-init", dataDir, i.Version}}}
	if s.Primary != nil {
		list = append(list, engine.Process{Path: i.Program, Args: []string{"fake-copy", dataDir, s.Primary.Password, s.Primary.Roots}})
	}
	return list
}

func (f *fakeEngine) bindingPath(s engine.Settings) string {
	if f.link {
		return filepath.Join(s.TLS, "current")
	}
	return filepath.Join(s.Conf, "pair.json")
}

func (f *fakeEngine) Files(_ engine.Install, s engine.Settings) []engine.File {
	c := f.fakeConf
	c.Address, c.Also, c.Port, c.Binding = s.Address, s.Also, s.Port, f.bindingPath(s)
	c.Socket, c.Parameters = socketOf(s), s.Parameters
	text, _ := json.Marshal(c)
	return []engine.File{
		{Path: filepath.Join(s.Conf, "fake.json"), Content: text},
		{Path: filepath.Join(s.Conf, "notes.txt"), Content: []byte("told to be " + s.Parameters["mood"])},
	}
}

// socketOf is named after the port, as PostgreSQL names its own.
func socketOf(s engine.Settings) string {
	return filepath.Join(s.Run, fmt.Sprintf("fake.%d.sock", s.Port))
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
	c, err := d.DialContext(ctx, "unix", socketOf(s))
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

// Apply says what the settings are: the server compares that with its file.
func (a *fakeAdmin) Apply(_ context.Context, s engine.Settings) error {
	text, _ := json.Marshal(s.Parameters)
	return a.order("apply " + string(text))
}

func (a *fakeAdmin) Reload(context.Context) error { return a.order("reload") }

func (a *fakeAdmin) order(line string) error {
	answer, err := a.ask(line)
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

func (a *fakeAdmin) Look(context.Context) (engine.Look, error) { return engine.Look{}, nil }

func (a *fakeAdmin) Close() error { return a.c.Close() }
