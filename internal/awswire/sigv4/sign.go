package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign sets X-Amz-Date, X-Amz-Security-Token (when the key has a token) and
// Authorization on r, replacing older ones. Set all other headers before it:
// host, content-type and every x-amz-* header are signed. body is what the
// request will send; r.Body is not touched. Header names must be canonical, as
// http.Header.Set makes them.
func Sign(r *http.Request, body []byte, key Key, region, service string, now time.Time) {
	at := now.UTC().Format(basicTime)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set("X-Amz-Date", at)
	r.Header.Del("X-Amz-Security-Token")
	if key.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", key.SessionToken)
	}
	signed := []string{"host"}
	for name := range r.Header {
		if changesMeaning(name) {
			signed = append(signed, strings.ToLower(name))
		}
	}
	slices.Sort(signed)

	hash := sha256.Sum256(body)
	// A malformed query is signed as it reads; the server refuses it by name.
	canonical, _, _ := appendRequest(make([]byte, 0, 512), r, signed, hex.EncodeToString(hash[:]))
	c := Credential{AccessKeyID: key.AccessKeyID, Date: at[:len(basicDate)], Region: region, Service: service}
	derived := signingKey(scope{secret: key.SecretAccessKey, date: c.Date, region: region, service: service})
	sum := signature(derived, at, c, canonical)
	r.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+"/"+c.Date+"/"+region+"/"+service+"/"+terminator+
		", SignedHeaders="+strings.Join(signed, ";")+", Signature="+string(sum[:]))
}
