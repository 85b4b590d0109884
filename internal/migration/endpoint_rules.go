package migration

import (
	"net"
	"slices"
	"strings"
	"unicode"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

const (
	maxHost     = 255
	maxUser     = 255
	maxPassword = 255
	maxDatabase = 255
)

// EndpointInput is what a caller says of an endpoint; nil leaves a value as it
// is, or at its default.
type EndpointInput struct {
	Name              *string
	Type, Engine      *string
	Host              *string
	Port              *int
	User, Password    *string
	Database          *string
	Attributes        *string
	Mode, Certificate *string
}

// merge puts in over e. The password is apart: it is never kept in clear.
func (in EndpointInput) merge(e inventory.Endpoint) (inventory.Endpoint, error) {
	for _, f := range []struct {
		from *string
		to   *string
	}{{in.Name, &e.Name}, {in.Host, &e.Host}, {in.User, &e.User}, {in.Database, &e.Database}, {in.Attributes, &e.Attributes}, {in.Certificate, &e.Certificate}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if in.Type != nil {
		e.Type = inventory.EndpointType(strings.ToLower(*in.Type))
	}
	if in.Engine != nil {
		e.Engine = strings.ToLower(*in.Engine)
	}
	if in.Port != nil {
		e.Port = *in.Port
	}
	if in.Mode == nil {
		return e, nil
	}
	mode, err := parseMode(*in.Mode)
	if err != nil {
		return e, err
	}
	e.Mode = mode
	if in.Certificate == nil && !verifies(mode) {
		e.Certificate = "" // the way back to a mode that verifies nothing
	}
	return e, nil
}

// sameConnection reports whether two states of an endpoint connect alike, the
// password aside.
func sameConnection(a, b inventory.Endpoint) bool {
	return a.Engine == b.Engine && a.Host == b.Host && a.Port == b.Port && a.User == b.User && a.Database == b.Database &&
		a.Attributes == b.Attributes && a.Mode == b.Mode && a.Certificate == b.Certificate
}

// checkEndpoint applies the rules to a whole endpoint. c is its certificate,
// nil when it has none.
func (s *Service) checkEndpoint(e inventory.Endpoint, c *inventory.ImportedCertificate) error {
	if err := checkIdentifier("EndpointIdentifier", e.Name, maxIdentifier); err != nil {
		return err
	}
	f, ok := s.engine(e.Engine)
	switch {
	case !ok:
		return s.unknownEngine(e.Engine)
	case e.Type != inventory.EndpointSource && e.Type != inventory.EndpointTarget:
		return fault.New(fault.InvalidParameter, "The EndpointType %q is not known; it is source or target", shorten(string(e.Type)))
	case e.Type == inventory.EndpointSource && f.as.TargetOnly:
		return fault.New(fault.InvalidCombination, "%s (%s) can be a target only; EndpointType is target", f.as.Display, f.as.Name)
	}
	if err := checkAddress(e.Host, e.Port); err != nil {
		return err
	}
	if err := checkText("Username", e.User, maxUser, true); err != nil {
		return err
	}
	if err := checkText("DatabaseName", e.Database, maxDatabase, false); err != nil {
		return err
	}
	if _, err := parseAttributes(e.Attributes); err != nil {
		return err
	}
	return f.checkTLS(e.Mode, c)
}

// elsewhere are DMS's engines that are no database servers with TLS of their
// own, or that dbtls does not speak.
func elsewhere() []string {
	return []string{"s3", "dynamodb", "kinesis", "kafka", "elasticsearch", "opensearch", "neptune", "redis", "timestream", "dms-transfer", "babelfish", "db2-zos"}
}

func (s *Service) unknownEngine(name string) error {
	var names []string
	for _, e := range s.Engines {
		for _, m := range e.Spec.Migration {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	known := strings.Join(names, ", ")
	if slices.Contains(elsewhere(), name) {
		return fault.New(fault.NotBuilt, "The engine %q of DMS is not built in dbtls; there are %s", name, known)
	}
	return fault.New(fault.InvalidParameter, "The EngineName %q is not known; there are %s", shorten(name), known)
}

func checkAddress(host string, port int) error {
	if err := checkText("ServerName", host, maxHost, true); err != nil {
		return err
	}
	if net.ParseIP(host) == nil && strings.ContainsFunc(host, notHost) {
		return fault.New(fault.InvalidParameter, "The ServerName %q is neither a host name nor an IP address; a port goes into Port", shorten(host))
	}
	if port < 1 || port > 65535 {
		return fault.New(fault.InvalidParameter, "The parameter Port must be provided and be in 1-65535; it is %d", port)
	}
	return nil
}

func notHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// checkText bounds a text that goes into a login. A password is not repeated.
func checkText(param, s string, most int, needed bool) error {
	switch {
	case needed && strings.TrimSpace(s) == "":
		return fault.New(fault.InvalidParameter, "The parameter %s must be provided and must not be blank.", param)
	case len(s) > most:
		return fault.New(fault.InvalidParameter, "The parameter %s has %d bytes, %d at most", param, len(s), most)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fault.New(fault.InvalidParameter, "The parameter %s has a control character", param)
	}
	return nil
}
