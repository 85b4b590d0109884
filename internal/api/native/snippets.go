package native

import (
	"github.com/dbtls/dbtls/internal/guide"
)

// Snippets say how clients of a database are made to verify it.
type Snippets struct {
	Bundle  string    `json:"bundle"` // path of the region's bundle on this server
	Clients []Snippet `json:"clients"`
}

// Snippet is one client's settings.
type Snippet struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Store    string `json:"store"`    // how to make the trust store
	Settings string `json:"settings"` // the minimal ones for full verification
	Snippet  string `json:"snippet"`  // a whole file
	File     string `json:"file"`     // and its name
	Proof    string `json:"proof"`    // the query that proves it
	Notes    string `json:"notes,omitempty"`
}

// getSnippets fills in the guides of the clients that speak an instance's
// protocol: those whose product has the same port.
func getSnippets(a *API, c *call) (any, error) {
	v, err := a.Fleet.Get(c.r.Context(), c.caller.Region, c.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	e, _ := a.Overview.Engine(v.Engine)
	names, err := guide.Clients()
	if err != nil {
		return nil, err
	}
	out := Snippets{Bundle: "/" + v.Region + "/" + v.Region + "-bundle.pem", Clients: []Snippet{}}
	for _, name := range names {
		g, err := guide.For(name, guide.Params{Host: v.Host, Port: v.Port, User: v.MasterUser, Database: v.Database})
		if err != nil {
			return nil, err
		}
		if g.Port != e.Spec.DefaultPort {
			continue
		}
		out.Clients = append(out.Clients, Snippet{name, g.Title, g.Store, g.Settings, g.Snippet, g.File, g.Proof, g.Notes})
	}
	return out, nil
}
