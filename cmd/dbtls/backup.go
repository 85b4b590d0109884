package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/backup"
	"github.com/dbtls/dbtls/internal/serve"
)

func backupCommand() *cobra.Command {
	var data, out, masterFile string
	withMaster := false
	c := &cobra.Command{
		Use:   "backup --data DIR --out FILE",
		Short: "Write the whole state, CAs included, to one file",
		Long: `Write the whole state to one file, while the server runs or not, with what is known
of who connects to the databases (evidence.db). CA keys in it are sealed under the master key. Without --include-master-key the master key is not in
it: keep a copy of that elsewhere, for one is worthless without the other.
Databases are not in it.`,
		Example: `  dbtls backup --data /var/lib/dbtls --out dbtls-$(date +%F).backup`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if data == "" || out == "" {
				return usageError{errors.New("give --data DIR and --out FILE")}
			}
			var master []byte
			if withMaster {
				var err error
				if master, err = readMasterText(masterFile, data); err != nil {
					return err
				}
			}
			m, err := backup.Write(c.Context(), serve.StatePath(data), out, master, version, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "wrote %s (state SHA-256 %s)\n", out, m.State)
			if m.Lacks != "" {
				fmt.Fprintf(c.ErrOrStderr(), "dbtls: the backup lacks %s\n", m.Lacks)
			}
			if !m.Master {
				fmt.Fprintln(c.OutOrStdout(), "The master key is not in it; keep a copy of that in another place.")
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "", "data directory")
	f.StringVar(&out, "out", "", "file to write; must not exist")
	f.BoolVar(&withMaster, "include-master-key", false, "put the master key in too: whoever has the file then has the CAs")
	f.StringVar(&masterFile, "master-key-file", "", "where the master key is (default: master.key under --data)")
	return c
}

// readMasterText reads the key file as it is.
func readMasterText(file, data string) ([]byte, error) {
	if file == "" {
		file = filepath.Join(data, "master.key")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	return text, nil
}

func restoreCommand() *cobra.Command {
	var data, in, masterFile string
	c := &cobra.Command{
		Use:   "restore --data DIR --in FILE",
		Short: "Put a backup's state into a data directory that has none",
		Long: `Put a backup's state into a data directory that has none. The master key must open
it: it is taken from --master-key-file, from master.key under --data, or from the
backup. Start the server afterwards: databases whose directories are there are
adopted, running or not.`,
		Example: `  dbtls restore --data /var/lib/dbtls --in dbtls-2026-11-22.backup --master-key-file /etc/dbtls/master.key`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if data == "" || in == "" {
				return usageError{errors.New("give --data DIR and --in FILE")}
			}
			return restore(c, data, in, masterFile)
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "", "data directory to restore into")
	f.StringVar(&in, "in", "", "backup file")
	f.StringVar(&masterFile, "master-key-file", "", "file with the master key")
	return c
}

func restore(c *cobra.Command, data, in, masterFile string) error {
	f, err := os.Open(in)
	if err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	defer f.Close()
	contents, err := backup.Read(f)
	if err != nil {
		return err
	}
	key := masterSource{file: masterFile, data: data, packed: contents.Master}
	if err := backup.Restore(c.Context(), contents, data, key.opens); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "restored the state of %s into %s; start it with: dbtls serve --data %s\n", contents.Manifest.Made.Format(time.RFC3339), data, data)
	return nil
}

// masterSource finds the master key of a restore.
type masterSource struct {
	file, data string
	packed     []byte
}

// opens checks the key against the state, and puts a packed key in place when
// it is the one to use.
func (m masterSource) opens(ctx context.Context, statePath string) error {
	if m.file == "" && m.packed != nil {
		path := filepath.Join(m.data, "master.key")
		have, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := os.WriteFile(path, m.packed, 0o600); err != nil {
				return fmt.Errorf("write master key: %w", err)
			}
		case err != nil:
			return fmt.Errorf("read master key: %w", err)
		case !bytes.Equal(bytes.TrimSpace(have), bytes.TrimSpace(m.packed)):
			return fmt.Errorf("%q is another key than the one in the backup; move it away first", path)
		}
	}
	return serve.TryMaster(ctx, statePath, m.file, os.Getenv("CREDENTIALS_DIRECTORY"), m.data)
}
