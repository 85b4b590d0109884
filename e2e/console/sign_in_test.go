package console_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// mostFirstView is how many bytes the first view may take over the wire.
const mostFirstView = 600_000

func signIn(t *testing.T, w *world) {
	said := w.walk(t, "sign_in.mjs", object{"id": w.Client.AccessKeyID, "secret": w.Client.SecretAccessKey, "user": "admin"})
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		First   struct{ Bytes, Files, Ms int }
		Cookies []struct {
			Name             string
			HTTPOnly, Secure bool
			SameSite         string
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	t.Logf("first view: %d bytes in %d files, %d ms (goals: %d bytes, 1000 ms)", report.First.Bytes, report.First.Files, report.First.Ms, mostFirstView)
	if report.First.Bytes == 0 || report.First.Bytes > mostFirstView {
		t.Errorf("the first view takes %d bytes", report.First.Bytes)
	}
	if len(report.Cookies) != 1 {
		t.Fatalf("the cookies are %+v", report.Cookies)
	}
	c := report.Cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.HTTPOnly || !c.Secure || c.SameSite != "Strict" {
		t.Errorf("the cookie is %+v", c)
	}
}
