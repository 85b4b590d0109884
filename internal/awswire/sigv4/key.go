package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// maxKeys bounds the cache: one entry is a client key × day × region × service.
const maxKeys = 1024

// scope is all that a signing key depends on. The secret is part of it, so a
// changed secret never meets a key derived from the old one.
type scope struct{ secret, date, region, service string }

// keyCache spares the four HMACs per request. The zero value is ready.
type keyCache struct {
	mu   sync.RWMutex
	keys map[scope][sha256.Size]byte
}

func (c *keyCache) get(s scope) ([sha256.Size]byte, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, ok := c.keys[s]
	return k, ok
}

// put is called for proven requests only, so that a stranger cannot fill or
// flush the cache. A full one starts anew: days pass, old scopes go stale.
func (c *keyCache) put(s scope, key [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxKeys {
		c.keys = make(map[scope][sha256.Size]byte)
	}
	c.keys[s] = key
}

func signingKey(s scope) [sha256.Size]byte {
	k := mac([]byte("AWS4"+s.secret), []byte(s.date))
	k = mac(k[:], []byte(s.region))
	k = mac(k[:], []byte(s.service))
	return mac(k[:], []byte(terminator))
}

func mac(key, data []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

// signature is the hex signature of a canonical request. at is the request's
// time in ISO 8601 basic form.
func signature(key [sha256.Size]byte, at string, c Credential, canonical []byte) [2 * sha256.Size]byte {
	hash := sha256.Sum256(canonical)
	text := make([]byte, 0, 192)
	text = append(text, algorithm+"\n"...)
	text = append(text, at...)
	text = append(text, '\n')
	text = append(text, c.Date...)
	text = append(text, '/')
	text = append(text, c.Region...)
	text = append(text, '/')
	text = append(text, c.Service...)
	text = append(text, "/"+terminator+"\n"...)
	text = hex.AppendEncode(text, hash[:])
	sum := mac(key[:], text)
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], sum[:])
	return out
}
