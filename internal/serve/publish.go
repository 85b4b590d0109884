package serve

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
)

// Client is how commands on the same machine reach a server: client.json in
// its data directory, readable by its owner only.
type Client struct {
	Endpoint        string `json:"endpoint"`
	CAFile          string `json:"ca_file"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	Region          string `json:"region"`
}

const (
	clientFile = "client.json"
	caFile     = "api-ca.pem"
)

// publish writes what clients on this machine need.
func (srv *server) publish(address string) error {
	data, err := filepath.Abs(srv.opts.Data)
	if err != nil {
		return fmt.Errorf("find data directory: %w", err)
	}
	ca := filepath.Join(data, caFile)
	if err := hostfs.WriteFile(ca, pki.EncodeCertsPEM(srv.tls.root.Cert), 0o644, os.Getuid(), os.Getgid()); err != nil {
		return err
	}
	client := Client{Endpoint: "https://" + address, CAFile: ca, Region: srv.opts.Region}
	// A key of the same user that comes later takes the place of this one.
	srv.gate.users.Keep = func(key auth.Key) error { return client.write(data, key) }
	return client.write(data, srv.key)
}

// write replaces client.json by one with this key.
func (c Client) write(data string, key auth.Key) error {
	c.AccessKeyID, c.SecretAccessKey = key.AccessKeyID, key.SecretAccessKey
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", clientFile, err)
	}
	return hostfs.WriteFile(filepath.Join(data, clientFile), append(text, '\n'), 0o600, os.Getuid(), os.Getgid())
}

// ReadClient reads what publish wrote.
func ReadClient(data string) (Client, error) {
	var c Client
	text, err := os.ReadFile(filepath.Join(data, clientFile))
	if os.IsNotExist(err) {
		return c, fault.Wrap(fs.ErrNotExist, fault.InvalidParameter, "no dbtls has served from %q yet; start one with: dbtls serve --data %s", data, data)
	}
	if err != nil {
		return c, fmt.Errorf("read client settings: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("read client settings %q: %w", filepath.Join(data, clientFile), err)
	}
	return c, nil
}
