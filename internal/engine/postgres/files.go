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
	hba, ident := hbaFile(s), filepath.Join(s.Conf, "pg_ident.conf")
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
	b.WriteString("\n# the log, which dbtls reads and whose old files it removes; what comes before it begins goes to standard error\n")
	write(logging(s)...)
	b.WriteString("\n")
	write(
		setting{"timezone", "UTC"},
		setting{"default_text_search_config", "pg_catalog.english"},
	)
	return b.String()
}

// logging writes every login, in a form that no client can forge (see the
// package comment). The collector, which makes the files, is a child of the
// server and starts with it; until then log_line_prefix has its say.
func logging(s engine.Settings) []setting {
	return []setting{
		{"logging_collector", "on"},
		{"log_destination", "csvlog"},
		{"log_directory", loginLogDir(s)},
		{"log_filename", loginLogFile},
		{"log_file_mode", "0600"},
		{"log_rotation_size", "32MB"},
		{"log_rotation_age", "1d"},
		{"log_truncate_on_rotation", "off"},
		{"log_connections", "on"},
		{"log_disconnections", "off"},
		{"log_hostname", "off"}, // the source is an address, and no name server is waited for
		{"log_error_verbosity", "default"},
		{"log_line_prefix", "%m [%p] %q%u@%d %h "},
		{"log_timezone", "UTC"},
		{"update_process_title", "on"}, // an entry's tag is from there
		{"lc_messages", "C"},           // one language in logs, whatever the environment says
	}
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
