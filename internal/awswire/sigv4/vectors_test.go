package sigv4

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The identity of AWS's published test suite and of the example in the
// Signature Version 4 documentation.
const (
	suiteID     = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	unreserved  = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func suiteTime() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) }

func suiteVerifier() *Verifier {
	return &Verifier{Secret: func(id string) (string, bool) { return suiteSecret, id == suiteID }}
}

// receive turns the text of a request into what a server sees.
func receive(t testing.TB, head, body string) *http.Request {
	t.Helper()
	text := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	return r
}

func TestSigningKeyOfTheDocumentation(t *testing.T) {
	t.Parallel()
	key := signingKey(scope{secret: suiteSecret, date: "20150830", region: "us-east-1", service: "iam"})
	if got, want := hex.EncodeToString(key[:]), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("signing key %s, want %s", got, want)
	}
}

func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	form := "\nContent-Type: application/x-www-form-urlencoded"
	for name, v := range map[string]struct {
		line, headers, body, signed, signature string
		sign                                   bool // Sign covers the same headers
	}{
		"get-vanilla":                           {"GET /", "", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", true},
		"get-vanilla-empty-query-key":           {"GET /?Param1=value1", "", "", "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb", true},
		"get-vanilla-query-order-key-case":      {"GET /?Param2=value2&Param1=value1", "", "", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", true},
		"get-vanilla-query-order-value":         {"GET /?Param1=value2&Param1=value1", "", "", "", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694", true},
		"get-vanilla-query-unreserved":          {"GET /?" + unreserved + "=" + unreserved, "", "", "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197", true},
		"get-vanilla-utf8-query":                {"GET /?\u1234=bar", "", "", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04", true},
		"get-unreserved":                        {"GET /" + unreserved, "", "", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f", true},
		"get-header-key-duplicate":              {"GET /", "\nMy-Header1:value2\nMy-Header1:value2\nMy-Header1:value1", "", "my-header1", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", false},
		"get-header-value-order":                {"GET /", "\nMy-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2", "", "my-header1", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01", false},
		"get-header-value-trim":                 {"GET /", "\nMy-Header1: value1\nMy-Header2: \"a   b   c\"", "", "my-header1;my-header2", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736", false},
		"post-vanilla":                          {"POST /", "", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", true},
		"post-vanilla-query":                    {"POST /?Param1=value1", "", "", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11", true},
		"post-header-key-sort":                  {"POST /", "\nMy-Header1:value1", "", "my-header1", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c", false},
		"post-header-value-case":                {"POST /", "\nMy-Header1:VALUE1", "", "my-header1", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d", false},
		"post-x-www-form-urlencoded":            {"POST /", form, "Param1=value1", "content-type", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", true},
		"post-sts-header-before (with a token)": {"POST /", "\nX-Amz-Security-Token:AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==", "", "x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signed := "host;x-amz-date"
			switch {
			case v.signed == "content-type":
				signed = v.signed + ";" + signed
			case strings.HasPrefix(v.signed, "my-"):
				signed = "host;" + v.signed + ";x-amz-date"
			case v.signed != "":
				signed += ";" + v.signed
			}
			head := v.line + " HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z" + v.headers
			auth := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + signed + ", Signature=" + v.signature
			r := receive(t, head+"\nAuthorization: "+auth, v.body)
			c, err := suiteVerifier().Verify(r, []byte(v.body), suiteTime())
			if err != nil || c != (Credential{suiteID, "20150830", "us-east-1", "service"}) {
				t.Errorf("Verify = %+v, %v", c, err)
			}
			if !v.sign {
				return
			}
			r = receive(t, head, v.body)
			Sign(r, []byte(v.body), Key{suiteID, suiteSecret, ""}, "us-east-1", "service", suiteTime())
			if got := r.Header.Get("Authorization"); got != auth {
				t.Errorf("Sign:\n got %s\nwant %s", got, auth)
			}
		})
	}
}

// The worked example of the documentation: IAM ListUsers.
func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	r := receive(t, "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\nHost: iam.amazonaws.com\nContent-Type: application/x-www-form-urlencoded; charset=utf-8", "")
	Sign(r, nil, Key{suiteID, suiteSecret, ""}, "us-east-1", "iam", suiteTime())
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
