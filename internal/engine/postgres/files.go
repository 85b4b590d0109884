package postgres

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

func confFile(s engine.Settings) string    { return filepath.Join(s.Conf, "postgresql.conf") }
func bindingFile(s engine.Settings) string { return filepath.Join(s.Conf, "tls.conf") }

// Files hold no secret: they name paths and roles.
func (server) Files(i engine.Install, s engine.Settings) []engine.File {
	hba, ident := filepath.Join(s.Conf, "pg_hba.conf"), filepath.Join(s.Conf, "pg_ident.conf")
	return []engine.File{
		{Path: confFile(s), Content: []byte(postgresqlConf(s, hba, ident)), Mode: 0o644},
		{Path: hba, Content: []byte(hbaConf(i, s)), Mode: 0o644},
		{Path: ident, Content: []byte(identConf(s)), Mode: 0o644},
	}
}

// Bind names both files of the pair in one included file, so that one rename
// swaps them together.
func (server) Bind(p engine.PairPaths, s engine.Settings) engine.Binding {
	content := header(s) +
		"ssl_cert_file = " + confString(p.Cert) + "\n" +
		"ssl_key_file = " + confString(p.Key) + "\n"
	return engine.Binding{File: &engine.File{Path: bindingFile(s), Content: []byte(content), Mode: 0o644}}
}

func header(s engine.Settings) string {
	return fmt.Sprintf("# written by dbtls for instance %q; changes made here are reported as drift\n", s.ID)
}

func postgresqlConf(s engine.Settings, hba, ident string) string {
	var b strings.Builder
	b.WriteString(header(s))
	set := func(name, value string) { fmt.Fprintf(&b, "%s = %s\n", name, confString(value)) }
	set("data_directory", s.Data)
	set("hba_file", hba)
	set("ident_file", ident)
	set("listen_addresses", s.Address)
	fmt.Fprintf(&b, "port = %d\n", s.Port)
	set("unix_socket_directories", s.Run)
	b.WriteString("\n# TLS: the pair is named in the included file, swapped as one\n")
	b.WriteString("ssl = on\n")
	set("ssl_min_protocol_version", "TLSv1.2")
	set("password_encryption", "scram-sha-256")
	b.WriteString("include " + confString(bindingFile(s)) + "\n")
	b.WriteString("\n# to standard error, which the provider writes to the log file\n")
	set("log_destination", "stderr")
	b.WriteString("logging_collector = off\n")
	set("log_line_prefix", "%m [%p] %q%u@%d %h ")
	set("log_timezone", "UTC")
	set("timezone", "UTC")
	set("lc_messages", "C") // one language in logs, whatever the environment says
	set("default_text_search_config", "pg_catalog.english")
	return b.String()
}

// hbaConf lets dbtls's roles in over the socket alone, everybody else over
// the network alone. From version 15 on a plain session matches no line (the
// default of rds.force_ssl there).
func hbaConf(i engine.Install, s engine.Settings) string {
	var b strings.Builder
	b.WriteString(header(s))
	fmt.Fprintf(&b, "local   all  %s,%s  peer map=dbtls\n", agentRole, superRole)
	b.WriteString("local   all  all  reject\n")
	fmt.Fprintf(&b, "host    all  %s,%s  all  reject\n", agentRole, superRole)
	b.WriteString("hostssl all  all  all  scram-sha-256\n")
	if !discover.AtLeast(i.Version, "15") {
		b.WriteString("host    all  all  all  scram-sha-256\n")
	}
	return b.String()
}

func identConf(s engine.Settings) string {
	user := `"` + strings.ReplaceAll(s.HostUser, `"`, `""`) + `"`
	return header(s) +
		"dbtls " + user + " " + agentRole + "\n" +
		"dbtls " + user + " " + superRole + "\n"
}

// confString quotes a value for postgresql.conf, where a quote is doubled and
// a backslash starts an escape ("File Interaction via the Configuration
// File", PostgreSQL manual 20.1.2).
func confString(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`, "\r", `\r`).Replace(value) + "'"
}
