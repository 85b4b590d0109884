package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	reference "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// words are what requests are made of here: reserved and unreserved
// characters, several scripts, spaces inside and around.
func words() []string {
	return []string{"", "a", "Zz9-._~", "two words", "  wide   gaps  ", "50%", "a+b", "x=y&z", "/slash/", "é", "日本語", "🔐", "semi;colon", "'\"<>", "%41", "?#[]@!$()*,:"}
}

// generate makes a request as a client would. Names of parameters start with
// distinct letters and repeated values with digits: the reference sorts them
// decoded, the specification encoded, and so both agree.
func generate(t *testing.T, rnd *rand.Rand) (*http.Request, []byte) {
	t.Helper()
	pick := func() string { w := words(); return w[rnd.IntN(len(w))] }
	u := url.URL{Scheme: "http", Host: "db.example:8443", Path: "/"}
	for range rnd.IntN(3) {
		u.Path += pick() + "/"
	}
	var query []string
	for i := range rnd.IntN(5) {
		name := url.QueryEscape(string(rune('a'+i)) + pick())
		switch rnd.IntN(4) {
		case 0:
			query = append(query, name)
		case 1:
			query = append(query, name+"=2"+url.QueryEscape(pick()), name+"=1"+url.QueryEscape(pick()))
		default:
			query = append(query, name+"="+url.QueryEscape(pick()))
		}
	}
	rnd.Shuffle(len(query), func(i, j int) { query[i], query[j] = query[j], query[i] })
	u.RawQuery = strings.Join(query, "&")
	var body []byte
	method := "GET"
	if rnd.IntN(2) == 0 {
		method, body = "POST", []byte("Action=X&V="+url.QueryEscape(pick()))
	}
	r, err := http.NewRequest(method, u.String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	for range rnd.IntN(3) {
		r.Header.Add("X-Amz-Meta", strings.ReplaceAll(pick(), "🔐", "k"))
	}
	return r, body
}

// transmit is what a server sees of a request that a client sends.
func transmit(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	out, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatalf("read back: %v", err)
	}
	return out
}

func referenceSign(t testing.TB, r *http.Request, body []byte) {
	t.Helper()
	hash := sha256.Sum256(body)
	err := reference.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: suiteID, SecretAccessKey: suiteSecret, SessionToken: "tok"},
		r, hex.EncodeToString(hash[:]), "rds", "eu-west-1", suiteTime())
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifiesWhatTheSDKSigns(t *testing.T) {
	t.Parallel()
	v := suiteVerifier()
	for seed := range uint64(2000) {
		r, body := generate(t, rand.New(rand.NewPCG(seed, 1)))
		r.Header.Set("User-Agent", "sdk")
		r.Header.Set("Amz-Sdk-Invocation-Id", fmt.Sprint(seed))
		r.Header.Set("X-Plain", "  spaced   out ")
		referenceSign(t, r, body)
		if _, err := v.Verify(transmit(t, r), body, suiteTime()); err != nil {
			t.Fatalf("seed %d: %s %s: %v", seed, r.Method, r.URL, err)
		}
	}
}

func TestSignsAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	v := suiteVerifier()
	for seed := range uint64(2000) {
		r, body := generate(t, rand.New(rand.NewPCG(seed, 2)))
		ref := r.Clone(context.Background())
		ref.ContentLength = 0 // else the reference signs that header too
		referenceSign(t, ref, body)
		Sign(r, body, Key{suiteID, suiteSecret, "tok"}, "eu-west-1", "rds", suiteTime())
		if got, want := r.Header.Get("Authorization"), ref.Header.Get("Authorization"); got != want {
			t.Fatalf("seed %d: %s %s\n got %s\nwant %s", seed, r.Method, r.URL, got, want)
		}
		if _, err := v.Verify(transmit(t, r), body, suiteTime()); err != nil {
			t.Fatalf("seed %d: %s %s: %v", seed, r.Method, r.URL, err)
		}
	}
}

// Parameters are sorted as they are escaped (specification, step 1), where
// "é" (%C3%A9) comes before "a" although its bytes are greater.
func TestSortsByEscapedName(t *testing.T) {
	t.Parallel()
	got, ok := appendQuery(nil, "a=2&%C3%A9=1&a=%C3%A9&=x&b")
	if want := "=x&%C3%A9=1&a=%C3%A9&a=2&b="; string(got) != want || !ok {
		t.Errorf("got %s (%v), want %s", got, ok, want)
	}
}

// Over HTTP/2 the host is :authority and the content length, which the SDK
// signs, has no line of its own on the wire.
func TestVerifiesOverBothProtocols(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		v := suiteVerifier()
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || (r.ProtoMajor == 2) != h2 {
				t.Errorf("%s: %v", r.Proto, err)
			}
			if _, err := v.Verify(r, body, suiteTime()); err != nil {
				t.Errorf("%s: %v", r.Proto, err)
			}
		}))
		srv.EnableHTTP2 = h2
		srv.StartTLS()
		t.Cleanup(srv.Close)
		for _, own := range []bool{false, true} {
			r, err := http.NewRequest("POST", srv.URL+"/a%20b/?x=1", strings.NewReader(describe))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if own {
				Sign(r, []byte(describe), Key{suiteID, suiteSecret, ""}, "us-east-1", "rds", suiteTime())
			} else {
				referenceSign(t, r, []byte(describe))
			}
			resp, err := srv.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
}
