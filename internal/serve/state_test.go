package serve

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/secrets"
)

func TestAStateOpensWithItsMasterKeyOnlyAndOtherwiseIsNotTouched(t *testing.T) {
	t.Parallel()
	o := good()
	o.Data = t.TempDir()
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	open := func() error {
		s, box, err := OpenState(t.Context(), o, log)
		if err != nil {
			return err
		}
		if box == nil {
			t.Error("no box")
		}
		return s.Close()
	}
	if err := open(); err != nil { // makes state and key
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "weak") {
		t.Errorf("the weak place of the key is not named: %s", said.String())
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	state := StatePath(o.Data)
	before, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(o.Data, "master.key")
	moved := filepath.Join(t.TempDir(), "key")
	if err := os.Rename(key, moved); err != nil {
		t.Fatal(err)
	}
	if err := open(); fault.CodeOf(err) != fault.MissingParameter || !strings.Contains(err.Error(), "--master-key-file") {
		t.Errorf("without the key: %v", err)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("another key was made")
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(base64.StdEncoding.EncodeToString(make([]byte, secrets.KeySize))), 0o600); err != nil {
		t.Fatal(err)
	}
	o.MasterKeyFile = other
	if err := open(); fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), "does not open the state") {
		t.Errorf("with another key: %v", err)
	}
	if err := TryMaster(t.Context(), state, other, "", o.Data); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("trying another key: %v", err)
	}
	if after, err := os.ReadFile(state); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the state was touched: %v", err)
	}
	said.Reset()
	o.MasterKeyFile = moved
	if err := open(); err != nil || said.Len() > 0 {
		t.Errorf("with the moved key: %v, said %s", err, said.String())
	}
	if err := TryMaster(t.Context(), state, moved, "", o.Data); err != nil {
		t.Error(err)
	}
	if err := TryMaster(t.Context(), filepath.Join(t.TempDir(), "none"), moved, "", o.Data); err == nil {
		t.Error("a key opens a state that is not there")
	}
}

func TestTheOwnCertificateIsRenewedBeforeItsEndUnderTheSameRoot(t *testing.T) {
	t.Parallel()
	o := good()
	o.Data = t.TempDir()
	s, box, err := OpenState(t.Context(), o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	own, err := loadOwnTLS(t.Context(), s, box, "127.0.0.9:7443")
	if err != nil {
		t.Fatal(err)
	}
	serial := func(o *ownTLS) *x509.Certificate {
		t.Helper()
		pair, err := o.certificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	first := serial(own)
	pool := x509.NewCertPool()
	pool.AddCert(own.root.Cert)
	for _, name := range []string{"127.0.0.9", "localhost", "127.0.0.1", "truststore.pki.rds.amazonaws.com"} {
		if _, err := first.Verify(x509.VerifyOptions{Roots: pool, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !serial(own).Equal(first) {
		t.Error("every handshake gets its own certificate")
	}
	own.pair.Leaf.NotAfter = time.Now().Add(apiLeafLife/3 - time.Minute) // its last third has begun
	if second := serial(own); second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("it is not renewed")
	}
	again, err := loadOwnTLS(t.Context(), s, box, "127.0.0.9:7443")
	if err != nil || !again.root.Cert.Equal(own.root.Cert) {
		t.Errorf("after a restart the root is another: %v", err)
	}
}
