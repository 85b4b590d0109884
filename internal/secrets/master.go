package secrets

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/hostfs"
)

// credentialName is the systemd credential looked for
// (LoadCredential=dbtls-master-key:/path, systemd.exec(5)).
const credentialName = "dbtls-master-key"

// Master is a master key and where it came from.
type Master struct {
	Key    []byte
	Path   string
	Weak   bool // the default file beside the data it protects
	Absent bool // nothing is there yet
}

// LoadMaster finds the master key: the named file, else the systemd
// credential, else the default file under dataDir. credentialsDir is the value
// of CREDENTIALS_DIRECTORY. Only the default may be absent.
func LoadMaster(file, credentialsDir, dataDir string) (Master, error) {
	switch {
	case file != "":
		return readMaster(Master{Path: file}, groupAndOthersMayRead)
	case credentialsDir != "":
		path := filepath.Join(credentialsDir, credentialName)
		if _, err := os.Stat(path); err == nil {
			return readMaster(Master{Path: path}, othersMayRead)
		}
	}
	m := Master{Path: filepath.Join(dataDir, "master.key"), Weak: true}
	if _, err := os.Stat(m.Path); errors.Is(err, fs.ErrNotExist) {
		m.Absent = true
		return m, nil
	}
	return readMaster(m, groupAndOthersMayRead)
}

// The permission bits that a key file must not have. systemd hands a
// credential to an unprivileged user by an access list, whose mask shows as
// group permissions (systemd.exec(5)).
const (
	groupAndOthersMayRead fs.FileMode = 0o077
	othersMayRead         fs.FileMode = 0o007
)

// readMaster reads a key file: 32 bytes in base64, as CreateMaster writes it
// and as `openssl rand -base64 32` prints it.
func readMaster(m Master, refused fs.FileMode) (Master, error) {
	info, err := os.Stat(m.Path)
	if err != nil {
		return m, fmt.Errorf("read master key: %w", err)
	}
	if perm := info.Mode().Perm(); perm&refused != 0 {
		return m, fmt.Errorf("master key file %q has mode %04o: others could read it; run: chmod 600 %s", m.Path, perm, m.Path)
	}
	text, err := os.ReadFile(m.Path)
	if err != nil {
		return m, fmt.Errorf("read master key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != KeySize {
		return m, fmt.Errorf("master key file %q is not 32 bytes in base64; make one with: openssl rand -base64 32", m.Path)
	}
	m.Key = key
	return m, nil
}

// CreateMaster writes a new random key where m says that none is.
func CreateMaster(m Master) (Master, error) {
	m.Key = make([]byte, KeySize)
	rand.Read(m.Key)
	text := base64.StdEncoding.EncodeToString(m.Key) + "\n"
	if err := hostfs.WriteFile(m.Path, []byte(text), 0o600, os.Getuid(), os.Getgid()); err != nil {
		return m, fmt.Errorf("write master key: %w", err)
	}
	m.Absent = false
	return m, nil
}
