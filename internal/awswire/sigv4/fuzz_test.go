package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Whatever is accepted must say the same when it is written out again.
func FuzzParseAuthorization(f *testing.F) {
	sig := strings.Repeat("0f", 32)
	f.Add("AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/rds/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + sig)
	f.Add("AWS4-HMAC-SHA256 Signature=" + sig + ",SignedHeaders=host,Credential=a=b/20160229/r/s/aws4_request")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;,Signature==")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(header)
		if err != nil {
			if c := CodeOf(err); c != IncompleteSignature && c != SignatureDoesNotMatch {
				t.Fatalf("code %q of %v", c, err)
			}
			return
		}
		c := a.Credential
		again, err := parseAuthorization(algorithm + " Credential=" + strings.Join([]string{c.AccessKeyID, c.Date, c.Region, c.Service, terminator}, "/") +
			", SignedHeaders=" + strings.Join(a.SignedHeaders, ";") + ", Signature=" + a.Signature)
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Fatalf("%+v became %+v, %v", a, again, err)
		}
	})
}

// An accepted query means the same to net/url in its canonical spelling, and
// that spelling is a fixed point: one signature covers one meaning.
func FuzzCanonicalQuery(f *testing.F) {
	for _, s := range []string{"", "a=1&b", "b=2&a=1&a=0", "%C3%A9=+&é=x", "a=%", "a;b", "&&=&", "a%3Db=c%26d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		canonical, ok := appendQuery(nil, raw)
		want, err := url.ParseQuery(raw)
		if ok != (err == nil) {
			t.Fatalf("%q: ok %v, net/url says %v", raw, ok, err)
		}
		if !ok {
			return
		}
		got, err := url.ParseQuery(string(canonical))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q became %q: %v", raw, canonical, err)
		}
		for name, values := range want {
			if len(got[name]) != len(values) {
				t.Fatalf("%q: parameter %q has values %q, then %q", raw, name, values, got[name])
			}
		}
		if again, ok := appendQuery(nil, string(canonical)); !ok || string(again) != string(canonical) {
			t.Fatalf("%q, then %q", canonical, again)
		}
	})
}
