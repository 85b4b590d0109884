package read

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmContext is what stands around a JDBC URL.
type jvmContext struct {
	hints   map[string]Hint
	product string // that something else than the URL names, "" for nothing
	version string // of that product
	from    string // what says so
	user    string
	options []jdbcOption // given beside the URL
	trust   string       // javax.net.ssl.trustStore
	where   clientconfig.Position
	notes   []string
	secrets []string
}

// jvmSettings makes Settings of a URL, or of a URL's lack (the zero value) when
// only options or a trust store are known. One comes back for each server whose
// own options differ from the others'.
func jvmSettings(text string, u jdbcURL, in jvmContext) (all []clientconfig.Settings) {
	p := jvmProductByID(jvmWhose(u, in))
	s := clientconfig.Settings{
		Driver: p.id, User: u.user, Database: u.database, Trust: jvmKeystore(in.trust), Where: in.where,
		Text: jvmHide(text, append(slices.Clone(u.secrets), in.secrets...)), Notes: append(slices.Clone(u.notes), in.notes...),
	}
	if s.User == "" {
		s.User = in.user
	}
	if hint, ok := in.hints[p.id]; ok {
		s.Version, s.From = hint.Version, hint.From
	}
	if in.version != "" && in.product == p.id {
		s.Version, s.From = in.version, in.from
	}
	if p.id != u.product && u.product != "" {
		s.Notes = append(s.Notes, fmt.Sprintf("the URL is one that %s takes; what is around it names %s", jvmProductByID(u.product).name, p.name))
	}
	servers := u.hosts
	if len(servers) == 0 {
		servers = []jdbcHost{{}}
	}
	for n, h := range servers {
		if n > 0 && !slices.ContainsFunc(servers, func(o jdbcHost) bool { return len(o.options) > 0 }) {
			all[0].Notes = append(all[0].Notes, jdbcOtherServers(servers[1:]))
			break
		}
		one := s
		one.Notes = slices.Clone(s.Notes)
		one.Host, one.Port = h.name, h.port
		one.Options = p.decisive(&one, u.options, h.options, in.options)
		p.runtimeStore(&one)
		p.implied(&one)
		p.remarks(&one)
		all = append(all, one)
	}
	return all
}

// jvmWhose decides which driver opens a URL. Only "jdbc:mysql:" has two takers.
func jvmWhose(u jdbcURL, in jvmContext) string {
	switch {
	case u.product == "":
		return in.product
	case u.product != "mysql-connector-j":
		return u.product
	case in.product == "mariadb-connector-j":
		return in.product
	case jvmByHint(in.hints) == "mariadb-connector-j":
		return "mariadb-connector-j"
	}
	return u.product
}

// decisive are the options of all places that decide about TLS, by the names of
// the driver's rules. An option that two places set differently becomes a value
// that no rule knows: which one wins differs from driver to driver.
func (p jvmProduct) decisive(s *clientconfig.Settings, places ...[]jdbcOption) map[string]string {
	all := map[string]string{}
	for _, o := range slices.Concat(places...) {
		name := p.fold(o.name)
		if name == "" {
			if jvmDecides(o.name) && p.id != "java" {
				s.Notes = append(s.Notes, fmt.Sprintf("%s is no option of %s, which ignores it%s", jvmSafeName(o.name), p.name, p.meant(o.name)))
			}
			continue
		}
		value := o.value
		switch name {
		case "trustcertificatekeystoreurl", "truststore", "serversslcert", "sslrootcert", "javax.net.ssl.truststore", "oracle.net.wallet_location", "servercertificate":
			value = jdbcPath(value)
		}
		if old, ok := all[name]; ok && !strings.EqualFold(old, value) {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is set more than once, and differently: which value wins is up to the driver", jvmSafeName(o.name)))
			value = "(several)"
		}
		all[name] = value
	}
	return all
}

// runtimeStore files the trust store of the Java runtime as an option for
// pgjdbc, which looks at it with one of its factories alone: elsewhere it is not
// a store beside all options.
func (p jvmProduct) runtimeStore(s *clientconfig.Settings) {
	if p.id == "pgjdbc" && s.Trust.Path != "" {
		s.Options[jvmRuntimeStore] = s.Trust.Path
		s.Trust = clientconfig.Trust{}
		if s.Options["sslfactory"] == "" && s.Options["sslmode"] != "" {
			s.Notes = append(s.Notes, "pgjdbc reads javax.net.ssl.trustStore with sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory alone;"+
				" otherwise it reads sslrootcert or ~/.postgresql/root.crt")
		}
	}
}

// jvmRuntimeStore is the option under which pgjdbc's rules know it.
const jvmRuntimeStore = "javax.net.ssl.truststore"

// implied takes a version from an option that older ones have not got: whoever
// wrote it had that version in mind. It is said, for an older driver on the
// class path would ignore the option.
func (p jvmProduct) implied(s *clientconfig.Settings) {
	mode := s.Options["sslmode"]
	if s.Version != "" || mode == "" {
		return
	}
	switch {
	case p.id == "mysql-connector-j":
		s.Version = "8.0.13"
	case p.id == "mariadb-connector-j" && s.Options["usessl"] == "" && s.Options["truststore"] == "":
		s.Version = "3.0"
	case p.id == "pgjdbc" && (strings.EqualFold(mode, "allow") || strings.EqualFold(mode, "prefer")):
		s.Version = "42.2.5" // older ones refuse the word
	default:
		return
	}
	s.From = "the option, which came with that version"
	if p.id != "pgjdbc" {
		s.Notes = append(s.Notes, fmt.Sprintf("no version is known, so it was read as %s, with which sslMode came; an older driver ignores sslMode", s.Version))
	}
}

// meant says which option a wrongly spelled one was meant to be.
func (p jvmProduct) meant(name string) string {
	for spelled := range p.options {
		if strings.EqualFold(spelled, name) {
			return fmt.Sprintf(": it tells upper from lower case, and %s is meant", spelled)
		}
	}
	return ""
}

// remarks adds what a person should know of settings that do less than they
// seem to.
func (p jvmProduct) remarks(s *clientconfig.Settings) {
	add := func(text string) { s.Notes = append(s.Notes, text) }
	if p.id == "mssql-jdbc" && strings.EqualFold(s.Options["encrypt"], "strict") && strings.EqualFold(s.Options["trustservercertificate"], "true") {
		add("encrypt=strict ignores trustServerCertificate=true")
	}
	for name, value := range s.Options {
		if strings.Contains(value, "${") {
			add("the value of " + name + " is a placeholder: what is put there is not known")
		}
	}
	slices.Sort(s.Notes)
	s.Notes = slices.Compact(s.Notes)
}

// jdbcOtherServers says which servers there are beside the first.
func jdbcOtherServers(servers []jdbcHost) string {
	var names []string
	for _, h := range servers[:min(len(servers), 8)] {
		name := h.name
		if h.port != "" {
			name += ":" + h.port
		}
		names = append(names, name)
	}
	if len(servers) > len(names) {
		names = append(names, "…")
	}
	return "it connects to these servers in the same way: " + strings.Join(names, ", ")
}

// jvmSafeName is an option's name for a message.
func jvmSafeName(name string) string {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return name
}

// jvmHide takes the secrets out of a text: those that were found, and whatever
// else looks like one.
func jvmHide(text string, secrets []string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be within another
	for _, s := range secrets {
		if len(s) > 2 {
			text = strings.ReplaceAll(text, s, Hidden)
		}
	}
	if text = Redact(text); len(text) > 4096 {
		text = strings.ToValidUTF8(text[:4096], "") + "…"
	}
	return text
}
