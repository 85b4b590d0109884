package dms

import (
	"strings"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

// endpoint is the shape Endpoint. A password is never in it.
type endpoint struct {
	EndpointIdentifier        string
	EndpointType              string // in capitals, as AWS returns it
	EngineName                string
	EngineDisplayName         string
	Username                  string
	ServerName                string
	Port                      int
	DatabaseName              string `json:",omitempty"`
	ExtraConnectionAttributes string `json:",omitempty"`
	Status                    string
	EndpointArn               string
	CertificateArn            string `json:",omitempty"`
	SslMode                   string
}

type endpointReply struct{ Endpoint endpoint }

func (a *API) endpoint(e inventory.Endpoint, status string) endpoint {
	return endpoint{
		EndpointIdentifier: e.Name, EndpointType: strings.ToUpper(string(e.Type)), EngineName: e.Engine, EngineDisplayName: a.Migration.Display(e),
		Username: e.User, ServerName: e.Host, Port: e.Port, DatabaseName: e.Database, ExtraConnectionAttributes: e.Attributes,
		Status: status, EndpointArn: e.ARN, CertificateArn: e.Certificate, SslMode: string(e.Mode),
	}
}

// decodeEndpoint reads what creation and modification have in common.
func decodeEndpoint(c *call) (in migration.EndpointInput, err error) {
	for _, f := range []struct {
		name string
		to   **string
	}{
		{"EndpointIdentifier", &in.Name}, {"EndpointType", &in.Type}, {"EngineName", &in.Engine}, {"ServerName", &in.Host},
		{"Username", &in.User}, {"Password", &in.Password}, {"DatabaseName", &in.Database},
		{"ExtraConnectionAttributes", &in.Attributes}, {"SslMode", &in.Mode}, {"CertificateArn", &in.Certificate},
	} {
		value, present, err := c.p.String(f.name)
		if err != nil {
			return in, err
		}
		if present {
			*f.to = &value
		}
	}
	port, present, err := c.p.Int("Port")
	if present {
		in.Port = &port
	}
	return in, err
}

func createEndpoint(a *API, c *call) (any, error) {
	for _, name := range []string{"EndpointIdentifier", "EndpointType", "EngineName"} {
		if _, err := c.p.Required(name); err != nil {
			return nil, err
		}
	}
	in := migration.CreateEndpointInput{Region: c.region()}
	var err error
	if in.EndpointInput, err = decodeEndpoint(c); err != nil {
		return nil, err
	}
	if in.ResourceID, _, err = c.p.String("ResourceIdentifier"); err != nil {
		return nil, err
	}
	if in.Tags, err = decodeTags(c); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	e, err := a.Migration.CreateEndpoint(c.ctx, c.by(), in)
	return endpointReply{a.endpoint(e, "active")}, err
}

func modifyEndpoint(a *API, c *call) (any, error) {
	arn, err := c.p.Required("EndpointArn")
	if err != nil {
		return nil, err
	}
	in, err := decodeEndpoint(c)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	e, err := a.Migration.ModifyEndpoint(c.ctx, c.by(), c.region(), arn, in)
	return endpointReply{a.endpoint(e, "active")}, err
}

func describeEndpoints(a *API, c *call) (any, error) {
	l, err := list(c, "endpoint", usualPage, filters[inventory.Endpoint]{
		"endpoint-arn":  func(e inventory.Endpoint) string { return e.ARN },
		"endpoint-id":   func(e inventory.Endpoint) string { return e.Name },
		"endpoint-type": func(e inventory.Endpoint) string { return string(e.Type) },
		"engine-name":   func(e inventory.Endpoint) string { return e.Engine },
	}, func(e inventory.Endpoint) string { return strings.ToLower(e.Name) }, func() ([]inventory.Endpoint, error) {
		return a.Migration.Endpoints(c.ctx, c.region())
	})
	out := struct {
		Endpoints []endpoint
		Marker    string `json:",omitempty"`
	}{[]endpoint{}, l.marker}
	for _, item := range l.part {
		out.Endpoints = append(out.Endpoints, a.endpoint(item, "active"))
	}
	return out, err
}

func deleteEndpoint(a *API, c *call) (any, error) {
	arn, err := c.p.Required("EndpointArn")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	e, err := a.Migration.DeleteEndpoint(c.ctx, c.by(), c.region(), arn)
	return endpointReply{a.endpoint(e, "deleting")}, err
}

// describeEndpointTypes lists the engines. Nothing follows changes yet: there
// are no tasks.
func describeEndpointTypes(a *API, c *call) (any, error) {
	l, err := list(c, "endpoint type", usualPage, filters[migration.EndpointType]{
		"engine-name":   func(t migration.EndpointType) string { return t.Name },
		"endpoint-type": func(t migration.EndpointType) string { return string(t.Type) },
	}, func(t migration.EndpointType) string { return t.Name + " " + string(t.Type) }, func() ([]migration.EndpointType, error) {
		return a.Migration.EndpointTypes(), nil
	})
	type row struct {
		EngineName                              string
		SupportsCDC                             bool
		EndpointType                            string
		ReplicationInstanceEngineMinimumVersion string
		EngineDisplayName                       string
	}
	out := struct {
		SupportedEndpointTypes []row
		Marker                 string `json:",omitempty"`
	}{[]row{}, l.marker}
	for _, t := range l.part {
		out.SupportedEndpointTypes = append(out.SupportedEndpointTypes, row{t.Name, false, string(t.Type), migration.EngineVersion, t.Display})
	}
	return out, err
}
