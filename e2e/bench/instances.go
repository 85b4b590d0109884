package main

import (
	"context"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// instance is what DescribeDBInstances says of one.
type instance struct {
	Name    string `xml:"DBInstanceIdentifier"`
	Engine  string
	Status  string `xml:"DBInstanceStatus"`
	CA      string `xml:"CACertificateIdentifier"`
	Address string `xml:"Endpoint>Address"`
	Port    int    `xml:"Endpoint>Port"`
}

func (i instance) endpoint() string { return net.JoinHostPort(i.Address, strconv.Itoa(i.Port)) }

// await returns the first n instances when all of them are available under a
// CA. A page that is complete is not read again.
func (c *caller) await(ctx context.Context, n int, ca string) ([]instance, error) {
	return c.list(ctx, n, func(i instance) bool { return i.Status == "available" && i.CA == ca })
}

// list returns the first n instances (0: all), page by page. A page of which one
// is not ok is read again until all are; without ok nothing is waited for.
func (c *caller) list(ctx context.Context, n int, ok func(instance) bool) ([]instance, error) {
	var all []instance
	marker, end := "", time.Now().Add(patience)
	for {
		next, after, err := c.page(ctx, marker)
		if err != nil {
			return nil, err
		}
		if late := unready(next, ok); late != nil {
			if time.Now().After(end) {
				return nil, fmt.Errorf("not within %v: %s is %q under %q", patience, late.Name, late.Status, late.CA)
			}
			if err := pause(ctx, 200*time.Millisecond); err != nil {
				return nil, err
			}
			continue
		}
		all, marker = append(all, next...), after
		switch {
		case n > 0 && len(all) >= n:
			return all[:n], nil
		case marker == "" && len(all) < n:
			return nil, fmt.Errorf("only %d of %d instances are listed", len(all), n)
		case marker == "":
			return all, nil
		}
	}
}

// unready is the first that is not ok, nil when all are.
func unready(all []instance, ok func(instance) bool) *instance {
	for n, i := range all {
		if ok != nil && !ok(i) {
			return &all[n]
		}
	}
	return nil
}

// page reads one page; next is where the one after it begins, "" after the last.
func (c *caller) page(ctx context.Context, marker string) (all []instance, next string, err error) {
	body := "Action=DescribeDBInstances&MaxRecords=" + strconv.Itoa(pageSize) + version
	if marker != "" {
		body += "&Marker=" + url.QueryEscape(marker)
	}
	text, err := c.ask(ctx, body)
	if err != nil {
		return nil, "", err
	}
	var answer struct {
		All    []instance `xml:"DescribeDBInstancesResult>DBInstances>DBInstance"`
		Marker string     `xml:"DescribeDBInstancesResult>Marker"`
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return nil, "", fmt.Errorf("read page: %w", err)
	}
	return answer.All, answer.Marker, nil
}

// root downloads the root of one CA.
func (c *caller) root(ctx context.Context, ca string) (*x509.CertPool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.where.Endpoint+"/"+c.where.Region+"/"+ca+".pem", nil)
	if err != nil {
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
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("no certificate is served for " + ca)
	}
	return pool, nil
}

// each calls f for 0 to n-1 on so many goroutines and returns the first error.
func each(ctx context.Context, n, workers int, f func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < n && ctx.Err() == nil; k = int(next.Add(1)) - 1 {
				if err := f(ctx, k); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
