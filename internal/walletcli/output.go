package walletcli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/fault"
)

// WriteFile writes a whole file or nothing; "-" is out. A private key (mode
// 0600) never takes the place of a file that is there.
func WriteFile(path string, content []byte, mode fs.FileMode, out io.Writer) error {
	if path == "-" {
		_, err := out.Write(content)
		return err
	}
	dir, base := filepath.Split(path)
	root, err := os.OpenRoot(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	defer root.Close()
	temp := "." + base + ".new-" + rand.Text()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	defer func() { _ = root.Remove(temp) }()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	if mode&0o077 == 0 {
		// A link, unlike a rename, does not replace what is there.
		if err = root.Link(temp, base); errors.Is(err, fs.ErrExist) {
			return fault.New(fault.InvalidParameter, "%q exists; a private key is not written over another file", path)
		}
	} else {
		err = root.Rename(temp, base)
	}
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	return nil
}
