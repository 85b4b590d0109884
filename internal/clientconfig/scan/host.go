package scan

import (
	"cmp"
	"crypto/x509"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// Opened is a trust store as a client on this host would open it.
type Opened struct {
	Path  string // of the file or directory, "" when it is not known
	Certs []*x509.Certificate
	Why   string // it could not be read, "" when it was
}

// Open reads the trust store of a finding on this host, also one that no path
// is written of: the system's, and that of the Java that runs here.
func Open(f Finding) Opened {
	t := f.Trust
	path, why := t.Path, ""
	switch {
	case path != "":
		dir := "."
		if f.File != "" {
			dir = filepath.Dir(f.File)
		}
		path, why = resolve(path, dir)
	case t.Kind == clientconfig.TrustSystem:
		path, why = systemRoots()
	case t.Kind == clientconfig.TrustJava:
		path, why = javaRoots()
		t.Kind = clientconfig.TrustKeystore
	default:
		why = "where it is, is not known"
	}
	if why != "" {
		return Opened{Path: t.Path, Why: why}
	}
	t.Path = path
	certs, err := certificates(t)
	if err != nil {
		return Opened{Path: path, Why: explain(err)}
	}
	return Opened{Path: path, Certs: certs}
}

// systemRoots finds the file with the system's roots.
func systemRoots() (path, why string) {
	for _, c := range storefile.SystemRoots() {
		if st, err := os.Stat(c); err == nil && st.Mode().IsRegular() {
			return c, ""
		}
	}
	return "", "this system has no file of roots where one is known to be"
}

// javaRoots finds cacerts of JAVA_HOME, else of the java command on the path.
func javaRoots() (path, why string) {
	home := os.Getenv("JAVA_HOME")
	if home == "" {
		program, err := exec.LookPath("java")
		if err == nil {
			program, err = filepath.EvalSymlinks(program)
		}
		if err != nil {
			return "", "no Java was found here; set JAVA_HOME to the one that the program runs with"
		}
		home = filepath.Dir(filepath.Dir(program))
	}
	path, err := storefile.Cacerts(home)
	if err != nil {
		return "", fault.Public(err)
	}
	return path, ""
}

// Options of drivers' rules that the files of a host decide.
const (
	optionRootFile = "rootfile" // "present", "absent"
	optionRootCert = "sslrootcert"
	defaultRoot    = "~/.postgresql/root.crt"
)

// onHost adds to settings what the files of this host say: whether the root
// file is there, by which some drivers decide whether they verify at all.
func onHost(d clientconfig.Driver, c clientconfig.Settings, dir string) clientconfig.Settings {
	asks := slices.ContainsFunc(d.Rules, func(r clientconfig.Rule) bool {
		return slices.ContainsFunc(r.When, func(c clientconfig.Condition) bool { return c.Option == optionRootFile })
	})
	if !asks || c.Options[optionRootFile] != "" {
		return c
	}
	path, why := resolve(cmp.Or(c.Options[optionRootCert], defaultRoot), dir)
	if why != "" {
		return c
	}
	said := "present"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		said = "absent"
	}
	c.Options = maps.Clone(c.Options)
	if c.Options == nil {
		c.Options = map[string]string{}
	}
	c.Options[optionRootFile] = said
	return c
}
