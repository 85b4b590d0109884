package console

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// world is a console on a server that is called dbtls.example and 127.0.0.1.
type world struct {
	t       *testing.T
	s       *Server
	mux     *http.ServeMux
	users   map[string]string // name to role
	failed  []string
	changed chan struct{}
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, mux: http.NewServeMux(), users: map[string]string{"ann": "operator"}, changed: make(chan struct{})}
	find := func(name string) (User, bool) {
		role, ok := w.users[name]
		return User{Name: name, Role: role}, ok
	}
	w.s = New(Config{
		Hosts: func() []string { return []string{"dbtls.example", "127.0.0.1", "::1"} },
		User:  find,
		Prove: func(id, secret string) (User, bool) {
			if id != "AKIA1" || secret != "s3cret" {
				return User{}, false
			}
			return find("ann")
		},
		Failed:  func(source, id string) { w.failed = append(w.failed, source+" "+id) },
		Changed: func() <-chan struct{} { return w.changed },
		About:   About{Account: "123456789012", Region: "us-east-1", Regions: []string{"us-east-1", "eu-west-1"}, Endpoint: "https://dbtls.example"},
	})
	w.s.Routes(w.mux)
	return w
}

func (w *world) do(method, path, body string, headers map[string]string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://dbtls.example"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec.Result()
}

// in signs ann in by a link.
func (w *world) in() (cookie, token string) {
	w.t.Helper()
	link, _, err := w.s.Sessions.Link("ann")
	if err != nil {
		w.t.Fatal(err)
	}
	resp := w.do("POST", "/console/session", `{"token":"`+link+`"}`, nil)
	var who me
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("sign in: %s, %v", resp.Status, err)
	}
	c := resp.Cookies()[0]
	if c.Name != CookieName || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		w.t.Errorf("the cookie is %+v", c)
	}
	if who.User != "ann" || who.Role != "operator" || who.Account != "123456789012" || who.Token == "" {
		w.t.Errorf("she is %+v", who)
	}
	return CookieName + "=" + c.Value, who.Token
}

func TestACallIsRefusedThatNoPageOfTheConsoleMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, token := w.in()
	_, other := w.in()
	good := map[string]string{"Cookie": cookie, TokenHeader: token, "Origin": "https://dbtls.example", "Sec-Fetch-Site": "same-origin"}
	for name, c := range map[string]struct {
		change   map[string]string
		ok, in   bool
		contains string
	}{
		"all is right":                 {nil, true, true, ""},
		"a client that is no browser":  {map[string]string{"Origin": "", "Sec-Fetch-Site": ""}, true, true, ""},
		"another region":               {map[string]string{RegionHeader: "EU-west-1"}, true, true, ""},
		"the address":                  {map[string]string{"Host": "127.0.0.1:7443", "Origin": "https://127.0.0.1:7443"}, true, true, ""},
		"an IPv6 address":              {map[string]string{"Host": "[::1]:7443", "Origin": "https://[::1]:7443"}, true, true, ""},
		"no cookie":                    {map[string]string{"Cookie": ""}, false, false, "nobody is signed in"},
		"a made-up cookie":             {map[string]string{"Cookie": CookieName + "=xxxxxxxxxxxxxxxx"}, false, false, "nobody is signed in"},
		"no token":                     {map[string]string{TokenHeader: ""}, false, true, "token"},
		"another session's token":      {map[string]string{TokenHeader: other}, false, true, "token"},
		"another origin":               {map[string]string{"Origin": "https://evil.example"}, false, true, "another site"},
		"another port is another site": {map[string]string{"Origin": "https://dbtls.example:8443"}, false, true, "another site"},
		"a plain origin":               {map[string]string{"Origin": "http://dbtls.example"}, false, true, "another site"},
		"a sandboxed origin":           {map[string]string{"Origin": "null"}, false, true, "another site"},
		"a page of another site":       {map[string]string{"Sec-Fetch-Site": "cross-site"}, false, true, "another site"},
		"a page of a sibling":          {map[string]string{"Sec-Fetch-Site": "same-site"}, false, true, "another site"},
		"no page at all":               {map[string]string{"Sec-Fetch-Site": "none"}, false, true, "page of the console"},
		"a name that was rebound":      {map[string]string{"Host": "evil.example", "Origin": "https://evil.example"}, false, true, "not called"},
		"a region that is not here":    {map[string]string{RegionHeader: "mars-1"}, false, true, "region"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "https://dbtls.example/api/v1/x", nil)
			for _, set := range []map[string]string{good, c.change} {
				for header, value := range set {
					switch {
					case header == "Host":
						r.Host = value
					case value == "":
						r.Header.Del(header)
					default:
						r.Header.Set(header, value)
					}
				}
			}
			caller, in, err := w.s.Call(r)
			if (err == nil) != c.ok || in != c.in || err != nil && !strings.Contains(err.Error(), c.contains) {
				t.Errorf("%+v, signed in %t, %v", caller, in, err)
			}
			if err == nil && (caller.User.Name != "ann" || !strings.Contains("us-east-1 eu-west-1", caller.Region)) {
				t.Errorf("the caller is %+v", caller)
			}
		})
	}
}

func TestARemovedUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.in()
	delete(w.users, "ann")
	if resp := w.do("GET", "/console/session", "", map[string]string{"Cookie": cookie}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("she is still in: %s", resp.Status)
	}
	w.users["ann"] = "admin" // one of the same name, made later
	if resp := w.do("GET", "/console/session", "", map[string]string{"Cookie": cookie}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old session is the new user's: %s", resp.Status)
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link, _, _ := w.s.Sessions.Link("ann")
	for _, c := range []struct {
		name, body string
		headers    map[string]string
		status     int
	}{
		{"by a key", `{"access_key_id":"AKIA1","secret_access_key":"s3cret"}`, nil, http.StatusOK},
		{"by a link", `{"token":"` + link + `"}`, nil, http.StatusOK},
		{"by a link that was used", `{"token":"` + link + `"}`, nil, http.StatusUnauthorized},
		{"a wrong secret", `{"access_key_id":"AKIA1","secret_access_key":"S3cret"}`, nil, http.StatusUnauthorized},
		{"a key nobody has", `{"access_key_id":"AKIA2","secret_access_key":"s3cret"}`, nil, http.StatusUnauthorized},
		{"nothing", `{}`, nil, http.StatusUnauthorized},
		{"no JSON", `token=x`, nil, http.StatusBadRequest},
		{"too much", `{"token":"` + strings.Repeat("x", maxSignIn) + `"}`, nil, http.StatusBadRequest},
		{"a form of another site", `{"token":"x"}`, map[string]string{"Content-Type": "text/plain"}, http.StatusUnsupportedMediaType},
		{"a page of another site", `{"token":"x"}`, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
	} {
		resp := w.do("POST", "/console/session", c.body, c.headers)
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %s, %s", c.name, resp.Status, text)
		}
		if strings.Contains(string(text), "s3cret") || len(resp.Cookies()) > 0 != (c.status == http.StatusOK) {
			t.Errorf("%s: %s with cookies %v", c.name, text, resp.Cookies())
		}
	}
	if len(w.failed) != 3 {
		t.Errorf("failures told: %q", w.failed)
	}
	for range triesPerSource {
		w.do("POST", "/console/session", `{"token":"x"}`, nil)
	}
	if resp := w.do("POST", "/console/session", `{"access_key_id":"AKIA1","secret_access_key":"s3cret"}`, nil); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("after %d failures: %s", triesPerSource, resp.Status)
	}
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, token := w.in()
	if resp := w.do("DELETE", "/console/session", "", map[string]string{"Cookie": cookie}); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site signs her out: %s", resp.Status)
	}
	if resp := w.do("DELETE", "/console/session", "", map[string]string{"Cookie": cookie, TokenHeader: token}); resp.StatusCode != http.StatusNoContent {
		t.Errorf("%s", resp.Status)
	}
	if resp := w.do("GET", "/console/session", "", map[string]string{"Cookie": cookie}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("she is still in: %s", resp.Status)
	}
}

func TestAPageAndWhatABrowserShouldEnforce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/console/", "/console/databases/shop", "/console/../console/x", "/console/assets/../index.html"} {
		resp := w.do("GET", path, "", nil)
		if resp.StatusCode == http.StatusMovedPermanently || resp.StatusCode == http.StatusTemporaryRedirect {
			continue // the mux cleans paths
		}
		policy := resp.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
	}
	for _, path := range []string{"/console/assets/nothing.js", "/console/assets/.keep", "/console/assets/a/b.js", "/console/assets/x.js.br"} {
		if resp := w.do("GET", path, "", nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestWhichFormOfAnAssetABrowserTakes(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"br": true, "gzip, deflate, br, zstd": true, "gzip;q=0.5, BR;q=1": true, "br;q=0": false, "br; q=0.0": false, "gzip": false, "": false, "brotli": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if accepts(r, "br") != want {
			t.Errorf("%q: takes br is %t", header, !want)
		}
	}
}

func TestWordOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.in()
	if resp := w.do("GET", "/console/events", "", nil); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger hears of changes: %s", resp.Status)
	}
	srv := httptest.NewServer(w.mux)
	defer srv.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/console/events", nil)
	r.Host = "dbtls.example"
	r.Header.Set("Cookie", cookie)
	resp, err := srv.Client().Do(r)
	if err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v, %v", resp, err)
	}
	defer resp.Body.Close()
	read := func(want string) {
		t.Helper()
		got := ""
		for !strings.Contains(got, want) {
			b := make([]byte, 256)
			n, err := resp.Body.Read(b)
			got += string(b[:n])
			if err != nil {
				t.Fatalf("%q ends with %v before %q", got, err, want)
			}
		}
	}
	read(": here")
	close(w.changed)
	read("event: change")
	done := make(chan error, 1)
	w.s.Close()
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		done <- err
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("the stream outlives the server")
	}
}
