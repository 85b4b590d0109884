package evidence

import (
	"slices"
	"time"
)

// Report is what a client's host told of the configurations it found on itself
// (dbtls clients report). It is somebody's word, kept with the name of who gave
// it, and counts as long as a proven login does.
type Report struct {
	ID          int64     `json:"id,omitempty"`
	At          time.Time `json:"at"`
	By          string    `json:"by"`                    // the user that signed it
	Host        string    `json:"host"`                  // as it calls itself
	Application string    `json:"application,omitempty"` // whose configuration it is, "" for every one there
	// Sources are the addresses that databases see this host's clients come
	// from.
	Sources []string     `json:"sources"`
	Clients []Configured `json:"clients"`
}

// Configured is one client's configuration as its host found it.
type Configured struct {
	// Databases are the endpoints it connects to, host:port; none: not known,
	// any.
	Databases []string `json:"databases,omitempty"`
	Where     string   `json:"where"` // file and line
	Driver    string   `json:"driver"`
	Version   string   `json:"version,omitempty"`
	User      string   `json:"user,omitempty"` // "" when it is not in there

	// What it does, in the words of clientconfig.
	Encrypts  string `json:"encrypts"`
	Verifies  string `json:"verifies"`
	TrustKind string `json:"trust_kind,omitempty"`
	TrustPath string `json:"trust_path,omitempty"`

	// StoreRead: its trust store was opened. Anchors are the SHA-256
	// fingerprints, in hex, of the certificates that it trusts.
	StoreRead bool     `json:"store_read"`
	Anchors   []string `json:"anchors,omitempty"`
	// RSAOnly: it takes no certificate with another kind of key.
	RSAOnly bool `json:"rsa_only,omitempty"`
	// Tried are the databases that the host dialled, with what the trust store
	// made of their chains then.
	Tried []Tried `json:"tried,omitempty"`
}

// Tried is one of them.
type Tried struct {
	Database string `json:"database"`          // host:port
	Refused  string `json:"refused,omitempty"` // why it does not accept the chain, "" when it does
}

// Trusts reports whether the store holds a certificate, by its fingerprint.
func (c Configured) Trusts(fingerprint string) bool { return slices.Contains(c.Anchors, fingerprint) }

// About lists the configurations of a report that may be a client's: by where
// it comes from, what it calls itself, as whom, and to which of a database's
// endpoints.
func (r Report) About(k Key, endpoints []string, now time.Time) []Configured {
	if now.Sub(r.At) > Proof || !slices.Contains(r.Sources, k.Source) {
		return nil
	}
	if r.Application != "" && k.Application != "" && r.Application != k.Application {
		return nil
	}
	var all []Configured
	for _, c := range r.Clients {
		if (c.User == "" || k.User == "" || c.User == k.User) && (len(c.Databases) == 0 || c.Reaches(endpoints)) {
			all = append(all, c)
		}
	}
	return all
}

// Reaches reports whether the configuration names one of a database's endpoints.
func (c Configured) Reaches(endpoints []string) bool {
	return slices.ContainsFunc(c.Databases, func(d string) bool { return slices.Contains(endpoints, d) })
}
