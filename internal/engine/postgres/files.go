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

// Files hold no secret: they name paths and roles. Values that would keep the
// server from starting are left out; Apply is what says so.
func (v server) Files(i engine.Install, s engine.Settings) []engine.File {
	t, _ := v.product.terms(i.Version, s.Parameters)
	hba, ident := filepath.Join(s.Conf, "pg_hba.conf"), filepath.Join(s.Conf, "pg_ident.conf")
	return []engine.File{
		{Path: confFile(s), Content: []byte(postgresqlConf(i, s, t, hba, ident)), Mode: 0o644},
		{Path: hba, Content: []byte(hbaConf(s, t)), Mode: 0o644},
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

// setting is one line of postgresql.conf.
type setting struct{ name, value string }

func postgresqlConf(i engine.Install, s engine.Settings, t terms, hba, ident string) string {
	var b strings.Builder
	b.WriteString(header(s))
	write := func(settings ...setting) {
		for _, set := range settings {
			fmt.Fprintf(&b, "%s = %s\n", set.name, confString(set.value))
		}
	}
	write(
		setting{"data_directory", s.Data},
		setting{"hba_file", hba},
		setting{"ident_file", ident},
		setting{"listen_addresses", strings.Join(append([]string{s.Address}, s.Also...), ",")},
		setting{"port", fmt.Sprint(s.Port)},
		setting{"unix_socket_directories", s.Run},
		setting{"password_encryption", "scram-sha-256"},
	)
	b.WriteString("\n# TLS: the pair is named in the included file, swapped as one\n")
	write(t.settings()...)
	b.WriteString("include " + confString(bindingFile(s)) + "\n")
	b.WriteString("\n# read replicas: what is kept for one that is away, and what this one follows\n")
	write(replication(i, s)...)
	b.WriteString("\n# to standard error, which the provider writes to the log file\n")
	write(
		setting{"log_destination", "stderr"},
		setting{"logging_collector", "off"},
		setting{"log_line_prefix", "%m [%p] %q%u@%d %h "},
		setting{"log_timezone", "UTC"},
		setting{"timezone", "UTC"},
		setting{"lc_messages", "C"}, // one language in logs, whatever the environment says
		setting{"default_text_search_config", "pg_catalog.english"},
	)
	return b.String()
}

// settings are the terms as the server is told them. It knows no rds.force_ssl
// (pg_hba.conf is what forces), but shows it to clients that ask for it.
func (t terms) settings() []setting {
	out := []setting{{"ssl", "on"}, {paramForce, map[bool]string{false: "0", true: "1"}[t.force]}}
	for _, s := range []setting{{paramMin, t.min}, {paramMax, t.max}, {paramCiphers, t.ciphers}} {
		if s.value != "" {
			out = append(out, s)
		}
	}
	return out
}

// replication: a replica that is away finds what it missed as long as it is
// no more than 256 MB. There are no replication slots: one that nobody reads
// any more fills the disk of its primary.
func replication(i engine.Install, s engine.Settings) []setting {
	keep := setting{"wal_keep_size", "256MB"}
	if !discover.AtLeast(i.Version, "13") {
		keep = setting{"wal_keep_segments", "16"} // of 16 MB
	}
	if s.Primary == nil {
		return []setting{keep}
	}
	return []setting{keep, {"hot_standby", "on"}, {"primary_conninfo", conninfo(s)},
		{"wal_retrieve_retry_interval", "1s"}} // a primary that restarts is back before the default of 5 s
}

// hbaConf lets dbtls's roles in over the socket alone, replicas as replicas
// over TLS alone, and everybody else over the network alone. Plain sessions
// have a line of their own, so that the log's line number says which way a
// session came; without that line they match none. "all" does not mean the
// physical replication that "replication" does.
func hbaConf(s engine.Settings, t terms) string {
	lines := [][4]string{ // type, databases, roles, what follows the roles
		{"local", "all", agentRole + "," + superRole, "peer map=dbtls"},
		{"local", "all,replication", "all", "reject"},
		{"host", "all,replication", agentRole + "," + superRole, "all reject"},
		{"hostssl", "replication", replicaRole, "all scram-sha-256"},
		{"host", "all,replication", replicaRole, "all reject"},
		{"hostssl", "all", "all", "all scram-sha-256"},
	}
	if !t.force {
		lines = append(lines, [4]string{"hostnossl", "all", "all", "all scram-sha-256"})
	}
	var b strings.Builder
	b.WriteString(header(s))
	for _, l := range lines {
		fmt.Fprintf(&b, "%-9s  %-15s  %s  %s\n", l[0], l[1], l[2], l[3])
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
