package walletcli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/walletcli"
)

func lab() walletcli.OracleNet {
	return walletcli.OracleNet{Wallet: "/opt/ssl", Host: "db1.example.com", SID: "ORCL", OracleHome: "/opt/oracle", Port: 1521, TLSPort: 2484, Release: 19}
}

func TestOracleNetFiles(t *testing.T) {
	t.Parallel()
	o := lab()
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, f := range o.Files() {
		text[f.Name] = f.Content
		if strings.Count(f.Content, "(") != strings.Count(f.Content, ")") {
			t.Errorf("%s: parentheses do not match:\n%s", f.Name, f.Content)
		}
		if strings.Contains(f.Content, "SSL_VERSION = 1.0") || strings.Contains(f.Content, "CBC") {
			t.Errorf("%s: names an old protocol or cipher:\n%s", f.Name, f.Content)
		}
	}
	for name, wants := range map[string][]string{
		"sqlnet.ora":   {"(DIRECTORY = /opt/ssl)", "SSL_VERSION = 1.2\n", "SSL_CLIENT_AUTHENTICATION = FALSE", "SSL_SERVER_DN_MATCH = YES", "SQLNET.AUTHENTICATION_SERVICES = (NONE)"},
		"listener.ora": {"(DIRECTORY = /opt/ssl)", "(PROTOCOL = TCPS)(HOST = db1.example.com)(PORT = 2484)", "(PROTOCOL = TCP)(HOST = db1.example.com)(PORT = 1521)", "(SID_NAME = ORCL)", "(ORACLE_HOME = /opt/oracle)"},
		"tnsnames.ora": {"ORCL_ssl =", "(PROTOCOL = TCPS)(HOST = db1.example.com)(PORT = 2484)", "(SERVICE_NAME = ORCL)"},
	} {
		for _, w := range wants {
			if !strings.Contains(text[name], w) {
				t.Errorf("%s lacks %q:\n%s", name, w, text[name])
			}
		}
	}
	o.Release = 23
	if !strings.Contains(o.Files()[0].Content, "SSL_VERSION = (TLSv1.3, TLSv1.2)") {
		t.Errorf("release 23 gets\n%s", o.Files()[0].Content)
	}
	var commands []string
	for _, s := range o.Steps() {
		commands = append(commands, s.Command)
	}
	if got := strings.Join(commands, "|"); strings.Index(got, "lsnrctl stop") > strings.Index(got, "lsnrctl start") || !strings.HasSuffix(got, "SELECT SYS_CONTEXT('USERENV', 'network_protocol') FROM DUAL;") {
		t.Errorf("steps %s", got)
	}
}

func TestWhatOracleNetFilesCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*walletcli.OracleNet){
		"no host":               func(o *walletcli.OracleNet) { o.Host = "" },
		"a relative wallet":     func(o *walletcli.OracleNet) { o.Wallet = "ssl" },
		"a parenthesis":         func(o *walletcli.OracleNet) { o.Host = "a)(PORT=1" },
		"a line end":            func(o *walletcli.OracleNet) { o.SID = "a\nb" },
		"a blank in the path":   func(o *walletcli.OracleNet) { o.OracleHome = "/opt/a b" },
		"equal ports":           func(o *walletcli.OracleNet) { o.TLSPort = o.Port },
		"a port that is none":   func(o *walletcli.OracleNet) { o.Port = 65536 },
		"a release without TLS": func(o *walletcli.OracleNet) { o.Release = 11 },
	} {
		o := lab()
		change(&o)
		if o.Check() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestAKeyIsNotWrittenOverAnotherFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out.pem")
	for i, r := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o600, true}, {0o600, false}, {0o644, true}} {
		err := walletcli.WriteFile(path, []byte{byte('a' + i)}, r.mode, nil)
		if (err == nil) != r.ok {
			t.Errorf("write %d: %v", i, err)
		}
	}
	got, err := os.ReadFile(path)
	list, _ := os.ReadDir(dir)
	if err != nil || string(got) != "c" || len(list) != 1 {
		t.Errorf("content %q, %v, %d files", got, err, len(list))
	}
}
