package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/serve"
)

// remote is how a command finds its server: --data on the same machine, else
// the AWS_* variables that `dbtls env` prints.
type remote struct {
	data   string
	region string
}

func (m *remote) flags(c *cobra.Command) {
	c.Flags().StringVar(&m.data, "data", "", "data directory of a server on this machine (default: use AWS_ENDPOINT_URL and the other variables of dbtls env)")
	c.Flags().StringVar(&m.region, "region", "", "region (default: the server's own, or AWS_DEFAULT_REGION)")
}

func (m *remote) client() (serve.Client, error) {
	c := serve.Client{Endpoint: os.Getenv("AWS_ENDPOINT_URL"), CAFile: os.Getenv("AWS_CA_BUNDLE"),
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), Region: os.Getenv("AWS_DEFAULT_REGION")}
	if m.data != "" {
		var err error
		if c, err = serve.ReadClient(m.data); err != nil {
			return c, err
		}
	}
	if m.region != "" {
		c.Region = m.region
	}
	c.Region = strings.ToLower(c.Region) // dbtls env may have spelled it in capitals
	if c.Endpoint == "" || c.AccessKeyID == "" || c.Region == "" {
		return c, usageError{fmt.Errorf("no server is named; give --data DIR, or set the variables that dbtls env --data DIR prints")}
	}
	return c, nil
}

// call makes one signed request and decodes the answer into out.
func (m *remote) call(cmd *cobra.Command, method, path string, in, out any) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(cmd.Context(), method, c.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	sigv4.Sign(req, body, sigv4.Key{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, c.Region, native.Service, time.Now())
	return send(c, req, out)
}

// httpClient trusts the server's own root and nothing else.
func httpClient(c serve.Client) (*http.Client, error) {
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the server's CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %q", c.CAFile)
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}, nil
}

func send(c serve.Client, req *http.Request, out any) error {
	client, err := httpClient(c)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "the server at %s does not answer; is dbtls serve running? (%v)", c.Endpoint, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var e native.Error
		if json.Unmarshal(text, &e) != nil || e.Code == "" {
			return fmt.Errorf("the server answered %s", resp.Status)
		}
		return fault.New(fault.Code(e.Code), "%s (%s, request %s)", e.Message, e.Code, e.RequestID)
	}
	return json.Unmarshal(text, out)
}

// printJSON is the --json form of any answer.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printLine is one record of a stream in JSON.
func printLine(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
