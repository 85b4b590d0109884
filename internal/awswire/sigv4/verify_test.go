package sigv4

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const describe = "Action=DescribeDBInstances&Version=2014-10-31"

// signedPost is a request as the aws CLI makes it, before Sign when sign is nil.
func signedPost(t testing.TB, before func(*http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequest("POST", "https://127.0.0.1:8443/?a=1&b=2", strings.NewReader(describe))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Extra", "one")
	if before != nil {
		before(r)
	}
	Sign(r, []byte(describe), Key{suiteID, suiteSecret, ""}, "us-east-1", "rds", suiteTime())
	return transmit(t, r)
}

func refused(t *testing.T, r *http.Request, body string, now time.Time, code, text string) {
	t.Helper()
	c, err := suiteVerifier().Verify(r, []byte(body), now)
	var e *Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, text) || CodeOf(err) != code {
		t.Errorf("Verify = %v\nwant %s: …%s…", err, code, text)
	}
	if c != (Credential{}) {
		t.Errorf("a refused request yields the credential %+v", c)
	}
	if err != nil && strings.Contains(err.Error(), suiteSecret) {
		t.Error("the error holds the secret")
	}
}

func TestRefusesAlteredRequests(t *testing.T) {
	t.Parallel()
	if _, err := suiteVerifier().Verify(signedPost(t, nil), []byte(describe), suiteTime()); err != nil {
		t.Fatalf("the unaltered request: %v", err)
	}
	const wrong = "The request signature we calculated does not match"
	set := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	for name, v := range map[string]struct {
		alter func(*http.Request)
		text  string
	}{
		"another method":                      {func(r *http.Request) { r.Method = "PUT" }, wrong},
		"another host":                        {func(r *http.Request) { r.Host = "other:8443" }, wrong},
		"another path":                        {func(r *http.Request) { r.URL.Path = "/x" }, wrong},
		"an escaped slash for a slash":        {func(r *http.Request) { r.URL.RawPath = "%2F" }, wrong},
		"another query value":                 {func(r *http.Request) { r.URL.RawQuery = "a=1&b=3" }, wrong},
		"a query parameter more":              {func(r *http.Request) { r.URL.RawQuery += "&c" }, wrong},
		"a bad escape in the query":           {func(r *http.Request) { r.URL.RawQuery += "&%zz" }, "bad percent-escape"},
		"a bare semicolon in the query":       {func(r *http.Request) { r.URL.RawQuery = "a=1;b=2" }, "bare semicolon"},
		"another signed header":               {set("X-Amz-Extra", "two"), wrong},
		"a second value of a signed header":   {func(r *http.Request) { r.Header.Add("X-Amz-Extra", "two") }, wrong},
		"another content type":                {set("Content-Type", "application/x-www-form-urlencoded"), wrong},
		"a signed header gone":                {func(r *http.Request) { r.Header.Del("X-Amz-Extra") }, `"x-amz-extra" is named in SignedHeaders`},
		"another time":                        {set("X-Amz-Date", "20150830T123601Z"), wrong},
		"an unsigned target added":            {set("X-Amz-Target", "AmazonDMSv20160101.DeleteEndpoint"), `"x-amz-target" is present and must be`},
		"an unsigned x-amz header added":      {set("X-Amz-Security-Token", "t"), `"x-amz-security-token" is present and must be`},
		"the signature of another secret":     {func(r *http.Request) { resign(r, "other") }, wrong},
		"a body hash that is not the body's":  {func(r *http.Request) { *r = *hashed(t, strings.Repeat("0", 64)) }, "does not match what was computed"},
		"a body declared unsigned":            {func(r *http.Request) { *r = *hashed(t, "UNSIGNED-PAYLOAD") }, "not supported"},
		"a streamed body":                     {func(r *http.Request) { *r = *hashed(t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") }, "not supported"},
		"the scope of another region":         {replaceAuth("us-east-1", "us-west-2"), wrong},
		"the scope of another service":        {replaceAuth("/rds/", "/dms/"), wrong},
		"the scope of another day":            {replaceAuth("/20150830/", "/20150829/"), "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'."},
		"another terminator":                  {replaceAuth("aws4_request", "aws5_request"), "valid terminator: 'aws4_request', not \"aws5_request\""},
		"the host not signed":                 {replaceAuth(";host", ""), "'Host' or ':authority' must be a 'SignedHeader'"},
		"the time not signed":                 {replaceAuth(";x-amz-date", ""), `"x-amz-date" is present and must be`},
		"an odd content type left unsigned":   {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain"); dropType(r) }, `"content-type" is present and must be`},
		"a JSON type unsigned with no target": {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.1"); dropType(r) }, `"content-type" is present and must be`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedPost(t, nil)
			v.alter(r)
			refused(t, r, describe, suiteTime(), SignatureDoesNotMatch, v.text)
		})
	}
	t.Run("another body", func(t *testing.T) {
		t.Parallel()
		refused(t, signedPost(t, nil), describe+"&MaxRecords=20", suiteTime(), SignatureDoesNotMatch, wrong)
	})
}

func resign(r *http.Request, secret string) {
	Sign(r, []byte(describe), Key{suiteID, secret, ""}, "us-east-1", "rds", suiteTime())
}

// hashed declares a body hash and signs over it as a client would that uses
// the declared text as the canonical hash.
func hashed(t testing.TB, declared string) *http.Request {
	return signedPost(t, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", declared) })
}

func replaceAuth(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}

func dropType(r *http.Request) { replaceAuth("content-type;", "")(r) }

func TestAcceptsTheRealBodyHash(t *testing.T) {
	t.Parallel()
	r := hashed(t, hexSum(describe+" "))
	refused(t, r, describe, suiteTime(), SignatureDoesNotMatch, "does not match what was computed")
	r = hashed(t, hexSum(describe))
	if _, err := suiteVerifier().Verify(r, []byte(describe), suiteTime()); err != nil {
		t.Error(err)
	}
}

// PHP's and the older JavaScript SDK sign no content type.
func TestAcceptsAnImpliedTypeUnsigned(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ kind, target string }{
		"a form":                    {"application/x-www-form-urlencoded", ""},
		"a form with a charset":     {"application/x-www-form-urlencoded; charset=utf-8", ""},
		"JSON with a signed target": {"application/x-amz-json-1.1", "AmazonDMSv20160101.DescribeEndpoints"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedPost(t, func(r *http.Request) {
				r.Header.Del("Content-Type")
				if v.target != "" {
					r.Header.Set("X-Amz-Target", v.target)
				}
			})
			r.Header.Set("Content-Type", v.kind)
			r.Header.Set("X-Amz-User-Agent", "aws-sdk-php")
			if _, err := suiteVerifier().Verify(r, []byte(describe), suiteTime()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTimeWindow(t *testing.T) {
	t.Parallel()
	at := suiteTime()
	for name, v := range map[string]struct {
		now  time.Time
		text string // "" is accepted
	}{
		"the same second":         {at, ""},
		"exactly 15 min late":     {at.Add(15 * time.Minute), ""},
		"exactly 15 min early":    {at.Add(-15 * time.Minute), ""},
		"15 min and 1 s late":     {at.Add(15*time.Minute + time.Second), "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"},
		"15 min and 1 ns late":    {at.Add(15*time.Minute + 1), "Signature expired"},
		"15 min and 1 s early":    {at.Add(-15*time.Minute - time.Second), "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"},
		"a clock in another zone": {at.In(time.FixedZone("", 7*3600)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v.text != "" {
				refused(t, signedPost(t, nil), describe, v.now, SignatureDoesNotMatch, v.text)
			} else if _, err := suiteVerifier().Verify(signedPost(t, nil), []byte(describe), v.now); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusesUnreadableRequests(t *testing.T) {
	t.Parallel()
	good := signedPost(t, nil).Header.Get("Authorization")
	auth := func(v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Authorization", v) } }
	for name, v := range map[string]struct {
		alter      func(*http.Request)
		code, text string
	}{
		"no Authorization":          {func(r *http.Request) { r.Header.Del("Authorization") }, MissingAuthenticationToken, "Request is missing Authentication Token"},
		"two Authorizations":        {func(r *http.Request) { r.Header.Add("Authorization", good) }, IncompleteSignature, "more than one"},
		"a pre-signed request":      {func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=aa"; r.Header.Del("Authorization") }, IncompleteSignature, "not supported"},
		"a pre-signed one, escaped": {func(r *http.Request) { r.URL.RawQuery = "a&x-amz-%53ignature=aa" }, IncompleteSignature, "not supported"},
		"Basic credentials":         {auth("Basic Zm9vOmJhcg=="), IncompleteSignature, "must start with 'AWS4-HMAC-SHA256'"},
		"asymmetric signatures":     {auth(strings.Replace(good, "HMAC-SHA256", "ECDSA-P256-SHA256", 1)), IncompleteSignature, "must start with"},
		"no elements":               {auth("AWS4-HMAC-SHA256 "), IncompleteSignature, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."},
		"an element twice":          {auth(good + ", Signature=" + strings.Repeat("0", 64)), IncompleteSignature, "each once"},
		"an unknown element":        {auth(good + ", Extra=1"), IncompleteSignature, "each once"},
		"a short scope":             {replaceAuth("/rds", ""), IncompleteSignature, "exactly 5 slash-delimited elements"},
		"a long scope":              {replaceAuth("/rds", "/rds/rds"), IncompleteSignature, "exactly 5 slash-delimited elements"},
		"no key id":                 {replaceAuth("AKIDEXAMPLE", ""), IncompleteSignature, "none of them empty"},
		"a date that is none":       {replaceAuth("20150830", "20151330"), IncompleteSignature, "YYYYMMDD"},
		"headers out of order":      {replaceAuth("content-type;host", "host;content-type"), IncompleteSignature, "ascending"},
		"a header named twice":      {replaceAuth("content-type;", "content-type;content-type;"), IncompleteSignature, "once"},
		"an upper-case header":      {replaceAuth("host", "Host"), IncompleteSignature, "lower-case"},
		"a signature in upper case": {func(r *http.Request) { i := len(good) - 64; auth(good[:i] + strings.Repeat("A", 64))(r) }, IncompleteSignature, "64 lower-case"},
		"a short signature":         {auth(good[:len(good)-2]), IncompleteSignature, "64 lower-case"},
		"an endless header":         {auth(good + strings.Repeat(" ", 9000)), IncompleteSignature, "longer than"},
		"no time at all":            {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, IncompleteSignature, "either a 'X-Amz-Date' or a 'Date' header"},
		"a time in another form":    {func(r *http.Request) { r.Header.Set("X-Amz-Date", "2015-08-30T12:36:00Z") }, IncompleteSignature, "basic format"},
		"a time with a fraction":    {func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123600.5Z") }, IncompleteSignature, "basic format"},
		"two times":                 {func(r *http.Request) { r.Header.Add("X-Amz-Date", "20150830T123600Z") }, IncompleteSignature, "once"},
		"an unknown key":            {replaceAuth("AKIDEXAMPLE", "AKIDNOBODY"), InvalidClientTokenID, "The security token included in the request is invalid."},
		"a Date that is not signed": {func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", "Sun, 30 Aug 2015 12:36:00 GMT")
		}, SignatureDoesNotMatch, "Date header must be a 'SignedHeader'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedPost(t, nil)
			v.alter(r)
			refused(t, r, describe, suiteTime(), v.code, v.text)
		})
	}
}

func TestAcceptsASignedDateHeader(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"Sun, 30 Aug 2015 12:36:00 GMT", "20150830T123600Z"} {
		r := receive(t, "GET / HTTP/1.1\nHost: h\nDate: "+date, "")
		signed := []string{"date", "host"}
		canonical, _, _ := appendRequest(nil, r, signed, hexSum(""))
		sum := signature(signingKey(scope{suiteSecret, "20150830", "us-east-1", "rds"}), "20150830T123600Z",
			Credential{suiteID, "20150830", "us-east-1", "rds"}, canonical)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/rds/aws4_request,SignedHeaders=date;host,Signature="+string(sum[:]))
		if _, err := suiteVerifier().Verify(r, nil, suiteTime()); err != nil {
			t.Errorf("%s: %v", date, err)
		}
	}
}

func TestRotatedSecretStopsWorkingAtOnce(t *testing.T) {
	t.Parallel()
	secret := suiteSecret
	v := &Verifier{Secret: func(string) (string, bool) { return secret, true }}
	for range 2 { // the second from the cache, and a repeat is no replay
		if _, err := v.Verify(signedPost(t, nil), []byte(describe), suiteTime()); err != nil {
			t.Fatal(err)
		}
	}
	secret = "new"
	if _, err := v.Verify(signedPost(t, nil), []byte(describe), suiteTime()); CodeOf(err) != SignatureDoesNotMatch {
		t.Errorf("the old secret still works: %v", err)
	}
}

func TestKeyCacheIsBoundedAndOnlyForProvenRequests(t *testing.T) {
	t.Parallel()
	v := suiteVerifier()
	r := signedPost(t, nil)
	resign(r, "wrong")
	if _, err := v.Verify(r, []byte(describe), suiteTime()); err == nil || len(v.keys.keys) != 0 {
		t.Errorf("a refused request left %d keys (%v)", len(v.keys.keys), err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range maxKeys {
				s := scope{secret: suiteSecret, region: strings.Repeat("r", i), service: strings.Repeat("s", worker)}
				v.keys.put(s, [32]byte{byte(i)})
				if k, ok := v.keys.get(s); ok && k[0] != byte(i) {
					t.Error("the cache mixed up two keys")
				}
			}
		})
	}
	wg.Wait()
	if n := len(v.keys.keys); n == 0 || n > maxKeys {
		t.Errorf("the cache holds %d keys, the limit is %d", n, maxKeys)
	}
}

func TestVerifyIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	v := suiteVerifier()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := v.Verify(signedPost(t, nil), []byte(describe), suiteTime()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
