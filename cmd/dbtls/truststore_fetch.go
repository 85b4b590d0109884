package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// bundleHost is where a dbtls server publishes what clients trust: its own
// address, over HTTPS only, without a signature.
type bundleHost struct {
	endpoint, region string
	client           *http.Client
}

func (m *remote) bundleHost() (*bundleHost, error) {
	c, err := m.client()
	if err != nil {
		return nil, err
	}
	client, err := httpClient(c)
	if err != nil {
		return nil, err
	}
	return &bundleHost{endpoint: c.Endpoint, region: c.Region, client: client}, nil
}

// get downloads a path; with the tag of an earlier answer it returns nil when
// nothing has changed since.
func (h *bundleHost) get(ctx context.Context, path, tag string) (data []byte, newTag string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.endpoint+path, nil)
	if err != nil {
		return nil, "", err
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable, "the server at %s does not answer; is dbtls serve running? (%v)", h.endpoint, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotModified:
		return nil, tag, nil
	case http.StatusOK:
		data, err = storefile.ReadAll(resp.Body, path)
		return data, resp.Header.Get("ETag"), err
	case http.StatusNotFound:
		return nil, "", fault.New(fault.CertificateNotFound, "the server at %s has no %s; check the region and the CA's name", h.endpoint, path)
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	return nil, "", fault.New(fault.Unavailable, "the server at %s answers %s for %s: %s", h.endpoint, resp.Status, path, text)
}

// cert is one certificate of the host's region.
func (h *bundleHost) cert(c *cobra.Command, file string) (*x509.Certificate, error) {
	data, _, err := h.get(c.Context(), "/"+h.region+"/"+file, "")
	if err != nil {
		return nil, err
	}
	certs, err := pki.ParseCertsPEM(data)
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

// bundlePath is where the bundle of a region is.
func bundlePath(region string) string {
	switch region {
	case "global":
		return "/global/global-bundle.pem"
	case "us-gov":
		return "/us-gov/global/global-bundle.pem"
	}
	return "/" + region + "/" + region + "-bundle.pem"
}

// fetching is one `truststore fetch`.
type fetching struct {
	server   *remote
	bundle   []byte // the last one, PEM, and its tag
	tag      string
	out      string
	format   store.Format
	password string
	exec     string
}

func truststoreFetch() *cobra.Command {
	var m remote
	var pass secretFlags
	var out, format, command string
	var watch bool
	interval := time.Minute
	c := &cobra.Command{
		Use:   "fetch --region REGION|global --format FORMAT --out FILE",
		Short: "Make or update a trust store from a dbtls server's bundle",
		Long: `Fetch the bundle of a region, or the global one (us-gov: GovCloud's), from a dbtls
server and put it into a trust store. A file that is there keeps what it holds and
gets what is new, whole or not at all; it must be of the format that is asked for.

--watch goes on, asks every --interval and updates the file in place. --exec runs a
shell command after each update, such as one that makes an application read its
trust store again; while that fails it is run again at every interval.`,
		Example: `  dbtls truststore fetch --region us-east-1 --format pem --out /etc/app/ca.pem --data /var/lib/dbtls
  dbtls truststore fetch --region global --format pkcs12 --out client.p12 --password-file pw --watch --exec 'systemctl reload app'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usageError{errors.New("give --out FILE")}
			}
			if command != "" && !watch {
				return usageError{errors.New("--exec has no meaning without --watch; run the command after this one")}
			}
			if interval <= 0 {
				return usageError{errors.New("--interval must be longer than nothing")}
			}
			f := fetching{server: &m, out: out, exec: command}
			var err error
			if f.format, err = formatFlag(format, out); err != nil {
				return err
			}
			if _, err := m.client(); err != nil {
				return err // of usage: it does not get better by waiting
			}
			if f.password, err = writePassword(c, &pass, f.format); err != nil {
				return err
			}
			if watch {
				return f.watch(c, interval)
			}
			changed, err := f.once(c)
			if err == nil && !changed {
				fmt.Fprintf(c.OutOrStdout(), "%s: up to date\n", out)
			}
			return err
		},
	}
	m.flags(c)
	pass.flags(c, "password", "password of the store")
	fl := c.Flags()
	fl.StringVar(&out, "out", "", "file to make or update")
	fl.StringVar(&format, "format", "", "pem, pkcs7, pkcs7-pem, pkcs12, pkcs12-legacy, pkcs12-plain, jks or wallet (default: by the ending of FILE)")
	fl.BoolVar(&watch, "watch", false, "go on and update the file when the bundle changes")
	fl.StringVar(&command, "exec", "", "with --watch: shell command to run after each update")
	fl.DurationVar(&interval, "interval", interval, "with --watch: how often to ask")
	return c
}

// once asks for the bundle and updates the file. The server is looked up every
// time, since it may come back on another port; the file is looked at every
// time too, since somebody may have taken a certificate out.
func (f *fetching) once(c *cobra.Command) (changed bool, err error) {
	host, err := f.server.bundleHost()
	if err != nil {
		return false, err
	}
	path := bundlePath(host.region)
	data, tag, err := host.get(c.Context(), path, f.tag)
	if err != nil {
		return false, err
	}
	if data != nil {
		f.bundle, f.tag = data, tag
	}
	in, err := store.Decode(f.bundle, "")
	if err != nil {
		f.tag = ""
		return false, about(path, err)
	}
	return f.update(c, in)
}

func (f *fetching) update(c *cobra.Command, in store.Store) (changed bool, err error) {
	now, err := buildTime()
	if err != nil {
		return false, err
	}
	var changes []store.Change
	changed, err = storefile.Update(c.Context(), f.out, storefile.Options{Mode: storeMode(f.format)}, func(old []byte) ([]byte, error) {
		s, err := f.have(old)
		if err != nil {
			return nil, err
		}
		after, ch, err := s.Add(in.Certs(), "")
		if err != nil {
			return nil, err
		}
		changes = ch
		return store.Encode(after, f.password, now)
	})
	if err != nil || !changed {
		return false, err
	}
	printChanges(c.OutOrStdout(), changes)
	fmt.Fprintf(c.OutOrStdout(), "%s: updated to bundle %s\n", f.out, f.tag)
	return true, nil
}

// have is the store in the file, an empty one when there is no file.
func (f *fetching) have(old []byte) (store.Store, error) {
	if old == nil {
		return store.Store{Format: f.format}, nil
	}
	s, err := store.Decode(old, f.password)
	if err != nil {
		return s, about(f.out, err)
	}
	if s.Format != f.format {
		return s, fault.New(fault.InvalidParameter, "%s is there as %s, not %s; give --format %[2]s, or another file", f.out, s.Format, f.format)
	}
	return s, nil
}

// watch updates until ctx ends. What fails is said and tried again: a client
// must not lose its trust store's keeper because a server restarts.
func (f *fetching) watch(c *cobra.Command, interval time.Duration) error {
	due := false // the command
	for {
		changed, err := f.once(c)
		if err != nil && c.Context().Err() == nil {
			fmt.Fprintln(c.ErrOrStderr(), "dbtls:", message(err))
		}
		due = due || changed
		if due && f.exec != "" && c.Context().Err() == nil {
			if err := f.run(c); err != nil {
				fmt.Fprintf(c.ErrOrStderr(), "dbtls: the command after the update failed, it is run again in %v: %v\n", interval, err)
			} else {
				due = false
			}
		}
		select {
		case <-c.Context().Done():
			return nil
		case <-time.After(interval):
		}
	}
}

func (f *fetching) run(c *cobra.Command) error {
	cmd := exec.CommandContext(c.Context(), "/bin/sh", "-c", f.exec)
	cmd.Env = append(os.Environ(), "DBTLS_TRUSTSTORE="+f.out)
	cmd.Stdout, cmd.Stderr = c.OutOrStdout(), c.ErrOrStderr()
	return cmd.Run()
}
