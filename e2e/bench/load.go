package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// caller makes signed requests over connections that are kept alive, every one
// signed anew by the SDK's signer.
type caller struct {
	where  client
	http   *http.Client
	signer *v4.Signer
}

func newCaller(s *server, connections int) (*caller, error) {
	text, err := os.ReadFile(s.where.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &caller{where: s.where, signer: v4.NewSigner(), http: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: connections},
	}}, nil
}

// call makes one request; the answer must be 200 and hold want.
func (c *caller) call(ctx context.Context, body, want string) error {
	text, err := c.ask(ctx, body)
	if err == nil && !strings.Contains(string(text), want) {
		return fmt.Errorf("%s answers %.300s", body, text)
	}
	return err
}

// ask makes one request and returns the answer, which must be 200.
func (c *caller) ask(ctx context.Context, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.where.Endpoint+"/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sum := sha256.Sum256([]byte(body))
	key := aws.Credentials{AccessKeyID: c.where.AccessKeyID, SecretAccessKey: c.where.SecretAccessKey}
	if err := c.signer.SignHTTP(ctx, key, req, hex.EncodeToString(sum[:]), "rds", c.where.Region, time.Now()); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %.300s", body, resp.Status, text)
	}
	return text, nil
}

// rate runs work on so many goroutines for a while and returns calls a second.
func rate(ctx context.Context, workers int, d time.Duration, work func(context.Context, int) error) (float64, error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for n := range workers {
		wg.Go(func() {
			for time.Since(began) < d && failed.Load() == nil && ctx.Err() == nil {
				if err := work(ctx, n); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), ctx.Err()
}

// health is a request without signature and state: what HTTPS alone allows.
func (c *caller) health(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.where.Endpoint+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
