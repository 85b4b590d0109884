package console_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// session is somebody who signed in by a key without any browser.
type session struct{ cookie, token string }

func (w *world) session(t *testing.T) session {
	t.Helper()
	body, err := json.Marshal(object{"access_key_id": w.Client.AccessKeyID, "secret_access_key": w.Client.SecretAccessKey})
	if err != nil {
		t.Fatal(err)
	}
	resp, out := w.request(t, "POST", "/console/session", bytes.NewReader(body), http.Header{"Content-Type": {"application/json"}})
	var me struct{ CSRF string }
	if err := json.Unmarshal(out, &me); err != nil || resp.StatusCode != http.StatusOK || len(resp.Cookies()) != 1 {
		t.Fatalf("sign in: %s: %v: %s", resp.Status, err, out)
	}
	c := resp.Cookies()[0]
	return session{c.Name + "=" + c.Value, me.CSRF}
}

func (w *world) request(t *testing.T, method, path string, body io.Reader, header http.Header) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := w.HTTP(t).Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, out
}

// strangers: each of the three APIs asks for a session, its token, and a page
// of this server. That nothing is wrong with the requests else, the first shows.
func strangers(t *testing.T, w *world) {
	s, other := w.session(t), w.session(t)
	good := map[string]string{"Cookie": s.cookie, "X-Dbtls-Csrf": s.token, "Origin": w.URL, "Sec-Fetch-Site": "same-origin"}
	calls := map[string]struct {
		path, kind, target, body string
	}{
		"rds":    {"/console/api/rds", "application/x-www-form-urlencoded", "", "Action=DescribeDBInstances&Version=2014-10-31"},
		"dms":    {"/console/api/dms", "application/x-amz-json-1.1", "AmazonDMSv20160101.DescribeEndpoints", "{}"},
		"native": {"/api/v1/freeze", "application/json", "", `{"reason":"a test of the console"}`},
	}
	for name, c := range map[string]struct {
		change map[string]string
		status int
	}{
		"a page of the console":   {nil, http.StatusOK},
		"no session":              {map[string]string{"Cookie": ""}, http.StatusUnauthorized},
		"a made-up session":       {map[string]string{"Cookie": "__Host-dbtls=" + strings.Repeat("x", 43)}, http.StatusUnauthorized},
		"no token":                {map[string]string{"X-Dbtls-Csrf": ""}, http.StatusForbidden},
		"another session's token": {map[string]string{"X-Dbtls-Csrf": other.token}, http.StatusForbidden},
		"another origin":          {map[string]string{"Origin": "https://elsewhere.example"}, http.StatusForbidden},
		"a sandboxed page":        {map[string]string{"Origin": "null"}, http.StatusForbidden},
		"a page of another site":  {map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
	} {
		for api, call := range calls {
			header := http.Header{"Content-Type": {call.kind}, "X-Amz-Target": {call.target}}
			for _, set := range []map[string]string{good, c.change} {
				for field, value := range set {
					header.Set(field, value)
				}
			}
			resp, out := w.request(t, "POST", call.path, strings.NewReader(call.body), header)
			if resp.StatusCode != c.status {
				t.Errorf("%s, %s: %s: %s", api, name, resp.Status, out)
			}
			if bytes.Contains(out, []byte(s.token)) || c.status != http.StatusOK && bytes.Contains(out, []byte("DBInstances")) {
				t.Errorf("%s, %s: a refusal says %s", api, name, out)
			}
		}
	}
	if resp, out := w.request(t, "DELETE", "/api/v1/freeze", nil, http.Header{"Cookie": {s.cookie}, "X-Dbtls-Csrf": {s.token}}); resp.StatusCode != http.StatusOK {
		t.Errorf("thaw: %s: %s", resp.Status, out)
	}
	if resp, _ := w.request(t, "GET", "/console/events", nil, http.Header{}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger hears of changes: %s", resp.Status)
	}
}

// uploads: what is too long is refused in the API's own words, and the server
// goes on.
func uploads(t *testing.T, w *world) {
	s := w.session(t)
	big := strings.Repeat("A", 40<<20)
	for path, body := range map[string]string{
		"/console/api/dms":             `{"CertificateIdentifier":"big","CertificateWallet":"` + big + `"}`,
		"/api/v1/certificates/inspect": `{"pem":"` + big + `"}`,
	} {
		header := http.Header{"Cookie": {s.cookie}, "X-Dbtls-Csrf": {s.token}, "Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AmazonDMSv20160101.ImportCertificate"}}
		resp, out := w.request(t, "POST", path, strings.NewReader(body), header)
		var said struct{ Message string }
		if err := json.Unmarshal(out, &said); err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(said.Message, "long") {
			t.Errorf("%s with %d MiB: %s: %s", path, len(big)>>20, resp.Status, out[:min(len(out), 500)])
		}
	}
	if resp, out := w.request(t, "GET", "/console/session", nil, http.Header{"Cookie": {s.cookie}}); resp.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %s: %s", resp.Status, out)
	}
}
