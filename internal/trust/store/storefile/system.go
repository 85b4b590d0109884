package storefile

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// System is where a Linux distribution takes additional CAs from.
type System struct {
	Dir     string   // one PEM file for each certificate
	ext     string   // what the distribution's command looks for
	refresh []string // the command, and its arguments
}

// FindSystem finds the CA directory of the system whose root directory is
// root: "/" for the one that runs. Debian and its derivatives
// (update-ca-certificates(8)) and RHEL and its (update-ca-trust(8)) are known.
func FindSystem(root string) (System, error) {
	at := func(path string) string { return filepath.Join(root, path) }
	debian := System{Dir: at("/usr/local/share/ca-certificates"), ext: ".crt", refresh: []string{"update-ca-certificates"}}
	if filepath.Clean(root) != "/" {
		debian.refresh = append(debian.refresh, "--certsconf", at("/etc/ca-certificates.conf"), "--certsdir", at("/usr/share/ca-certificates"),
			"--localcertsdir", debian.Dir, "--etccertsdir", at("/etc/ssl/certs"), "--hooksdir", at("/etc/ca-certificates/update.d"))
	}
	rhel := System{Dir: at("/etc/pki/ca-trust/source/anchors"), ext: ".pem", refresh: []string{"update-ca-trust", "extract"}}
	if filepath.Clean(root) != "/" {
		rhel.refresh = []string{"update-ca-trust", "extract", "--output", at("/etc/pki/ca-trust/extracted")}
	}
	for _, s := range []System{debian, rhel} {
		if st, err := os.Stat(s.Dir); err == nil && st.IsDir() {
			return s, nil
		}
	}
	return System{}, fault.New(fault.InvalidParameter, "no CA directory of a known kind is under %q: neither %s (Debian; install ca-certificates) nor %s (RHEL)", root, debian.Dir, rhel.Dir)
}

// prefix marks the files that are ours.
const prefix = "dbtls-"

func (s System) path(alias string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '/' || r == 0 || r == ' ' {
			return '_'
		}
		return r
	}, alias)
	return filepath.Join(s.Dir, prefix+safe+s.ext)
}

// Read lists the certificates that Add has put there.
func (s System) Read() (store.Store, error) {
	found, err := filepath.Glob(filepath.Join(s.Dir, prefix+"*"+s.ext))
	if err != nil {
		return store.Store{}, err
	}
	all := store.Store{Format: store.PKCS12Plain} // one that knows aliases
	for _, path := range found {
		data, err := ReadFile(path)
		if err != nil {
			return all, err
		}
		one, err := store.Decode(data, "")
		if err != nil {
			return all, fault.Wrap(err, fault.InvalidParameter, "%q is no certificate; move it away", path)
		}
		alias := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), prefix), s.ext)
		if all, _, err = all.Add(one.Certs(), alias); err != nil {
			return all, err
		}
	}
	return all, nil
}

// Add writes each entry to a file of its own and runs the system's command.
func (s System) Add(ctx context.Context, entries []store.Entry) error {
	for _, e := range entries {
		content := pki.EncodeCertsPEM(e.Cert)
		if _, err := Update(ctx, s.path(e.Alias), Options{Mode: 0o644}, func([]byte) ([]byte, error) { return content, nil }); err != nil {
			return err
		}
	}
	return s.Refresh(ctx)
}

// Remove takes the files of the entries away and runs the system's command.
func (s System) Remove(ctx context.Context, entries []store.Entry) error {
	for _, e := range entries {
		if err := os.Remove(s.path(e.Alias)); err != nil {
			return explain(s.path(e.Alias), err)
		}
	}
	return s.Refresh(ctx)
}

// Refresh runs the system's command, which makes the bundle that programs read.
func (s System) Refresh(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, s.refresh[0], s.refresh[1:]...).CombinedOutput()
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "the files are in %q, but %s did not succeed (%v): %s; run it by hand", s.Dir, strings.Join(s.refresh, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
