// Package secrets encrypts what is kept at rest: CA keys and the secret halves
// of access keys. It is envelope encryption: one random data key seals the
// records, the master key seals only the data key, so that a master key can be
// changed without touching a record.
//
// It stores nothing. The sealed data key (the envelope) is the caller's to
// keep; opening it is how a wrong master key is recognised before anything
// else is read or written.
package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of master and data keys in bytes.
const KeySize = 32

// version is the first byte of everything sealed, so that a later format can
// be told apart.
const version = 1

// ErrWrongKey says that the master key does not open the envelope.
var ErrWrongKey = errors.New("the master key does not belong to this state")

// Box seals and opens records under one data key. It is safe for concurrent
// use.
type Box struct{ aead cipher.AEAD }

// NewEnvelope makes a fresh data key and returns the box for it and the
// envelope to store.
func NewEnvelope(master []byte) (*Box, []byte, error) {
	data := make([]byte, KeySize)
	rand.Read(data)
	wrap, err := wrapping(master)
	if err != nil {
		return nil, nil, err
	}
	box, err := newBox(data)
	if err != nil {
		return nil, nil, err
	}
	return box, wrap.Seal("data key", data), nil
}

// OpenEnvelope returns the box of a stored envelope, or ErrWrongKey.
func OpenEnvelope(master, envelope []byte) (*Box, error) {
	wrap, err := wrapping(master)
	if err != nil {
		return nil, err
	}
	data, err := wrap.Open("data key", envelope)
	if err != nil {
		return nil, ErrWrongKey
	}
	return newBox(data)
}

// wrapping derives the box that holds only the data key. The derivation keeps
// the master key itself out of any cipher, so that it can serve other uses.
func wrapping(master []byte) (*Box, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("master key has %d bytes, %d are needed", len(master), KeySize)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "dbtls envelope v1", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive wrapping key: %w", err)
	}
	return newBox(key)
}

func newBox(key []byte) (*Box, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &Box{aead: aead}, nil
}

// Seal encrypts plain. The label names the record ("root rds-ca-2019"): a
// sealed value moved to another record does not open there.
func (b *Box) Seal(label string, plain []byte) []byte {
	return b.aead.Seal([]byte{version}, nil, plain, []byte(label))
}

// Open decrypts what Seal made for the same label.
func (b *Box) Open(label string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, fmt.Errorf("open %s: not a sealed value of a known version", label)
	}
	plain, err := b.aead.Open(nil, nil, sealed[1:], []byte(label))
	if err != nil {
		return nil, fmt.Errorf("open %s: the sealed value was altered or belongs to another record", label)
	}
	return plain, nil
}
