package scan

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// maxInDir is how many files of a directory of certificates are read.
const maxInDir = 2000

// Holds is what a trust store was found to hold of the CAs in play.
type Holds struct {
	Path  string   `json:"path"`          // that was looked at
	Known bool     `json:"known"`         // it could be read
	CAs   []string `json:"cas"`           // those in play whose root it has
	Why   string   `json:"why,omitempty"` // it is not known
}

// stores reads trust stores, each once.
type stores struct {
	cas   []CA
	blind bool // no file is opened
	mu    sync.Mutex
	by    map[clientconfig.Trust]Holds
}

func newStores(opts Options) *stores {
	return &stores{cas: opts.CAs, blind: opts.NoFiles, by: map[clientconfig.Trust]Holds{}}
}

// look says which CAs the store t holds. A path that is not absolute is
// relative to dir, in which it was written.
func (s *stores) look(t clientconfig.Trust, dir string) Holds {
	if s.blind {
		return Holds{Path: t.Path, CAs: []string{}, Why: "it is on another host"}
	}
	path, why := resolve(t.Path, dir)
	if why != "" {
		return Holds{Path: t.Path, CAs: []string{}, Why: why}
	}
	t.Path = path
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.by[t]; ok {
		return h
	}
	h := Holds{Path: path, CAs: []string{}}
	certs, err := certificates(t)
	if err != nil {
		h.Why = explain(err)
	} else {
		h.Known = true
		for _, ca := range s.cas {
			if slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return sameRoot(c, ca.Root) }) {
				h.CAs = append(h.CAs, ca.ID)
			}
		}
	}
	s.by[t] = h
	return h
}

// holding is look for a planned change.
func (s *stores) holding(t clientconfig.Trust, dir string, c clientconfig.Change) clientconfig.Holding {
	if t.Path == "" {
		return clientconfig.Holding{}
	}
	h := s.look(t, dir)
	return clientconfig.Holding{Known: h.Known, From: slices.Contains(h.CAs, c.From), To: slices.Contains(h.CAs, c.To)}
}

// sameRoot: an anchor is a name and a key (RFC 5280, 6.1.1), whatever else its
// certificate says.
func sameRoot(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) && bytes.Equal(a.RawSubject, a.RawIssuer)
}

// resolve finds the file that a client would open. What a template or a
// variable decides cannot be found.
func resolve(path, dir string) (resolved, why string) {
	path = strings.TrimPrefix(path, "file://")
	path = strings.TrimPrefix(path, "file:")
	switch {
	case strings.ContainsAny(path, "$%{}<>\x00"):
		return "", "its path depends on a variable"
	case strings.HasPrefix(path, "classpath:"):
		return "", "its path is inside the application"
	case strings.HasPrefix(path, "~/"):
		home, err := os.UserHomeDir()
		if err != nil {
			return "", "the home directory is not known"
		}
		return filepath.Join(home, path[2:]), ""
	case filepath.IsAbs(path):
		return filepath.Clean(path), ""
	}
	return filepath.Join(dir, path), ""
}

// certificates reads a store that needs no password, or the one that every Java
// store begins with.
func certificates(t clientconfig.Trust) ([]*x509.Certificate, error) {
	st, err := os.Stat(t.Path)
	if err != nil {
		return nil, err
	}
	switch {
	case st.IsDir() && t.Kind == clientconfig.TrustWallet:
		return decode(filepath.Join(t.Path, "cwallet.sso"), false)
	case st.IsDir():
		return directory(t.Path)
	}
	return decode(t.Path, t.Kind == clientconfig.TrustKeystore)
}

func decode(path string, java bool) ([]*x509.Certificate, error) {
	data, err := storefile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := store.Decode(data, "")
	if err != nil && java {
		if again, retry := store.Decode(data, storefile.JavaPassword); retry == nil {
			s, err = again, nil
		}
	}
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, e := range s.Entries {
		if !java || !e.Ignored { // Java passes over those without its mark
			certs = append(certs, e.Cert)
		}
	}
	return certs, nil
}

// directory reads one of certificates, as OpenSSL hashes them. What is none is
// passed over, as OpenSSL does.
func directory(path string) (certs []*x509.Certificate, err error) {
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	if len(list) > maxInDir {
		return nil, fault.New(fault.InvalidParameter, "it has more than %d files", maxInDir)
	}
	for _, e := range list {
		if more, err := decode(filepath.Join(path, e.Name()), false); err == nil {
			certs = append(certs, more...)
		}
	}
	return certs, nil
}

// explain says in a few words why a store is not known.
func explain(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "there is no such file here"
	case errors.Is(err, os.ErrPermission):
		return "it may not be read"
	case fault.CodeOf(err) != fault.Internal:
		return fault.Public(err)
	}
	return cause(err).Error()
}
