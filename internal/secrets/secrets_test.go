package secrets_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/secrets"
)

func key(t *testing.T) []byte {
	t.Helper()
	k := make([]byte, secrets.KeySize)
	rand.Read(k)
	return k
}

func box(t *testing.T) *secrets.Box {
	t.Helper()
	b, _, err := secrets.NewEnvelope(key(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestASealedValueOpensUnderItsLabelOnly(t *testing.T) {
	t.Parallel()
	b := box(t)
	for _, plain := range [][]byte{nil, {0}, []byte("a private key"), bytes.Repeat([]byte{7}, 1<<16)} {
		sealed := b.Seal("root key of a", plain)
		if got, err := b.Open("root key of a", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", len(plain), err)
		}
		if len(plain) > 4 && bytes.Contains(sealed, plain) {
			t.Error("the plain text is in the sealed value")
		}
		if bytes.Equal(sealed, b.Seal("root key of a", plain)) {
			t.Error("sealing twice gives the same value")
		}
		for _, other := range []string{"root key of b", "", "root key of a ", "root key of "} {
			if _, err := b.Open(other, sealed); err == nil {
				t.Errorf("it opens as %q", other)
			}
		}
		if _, err := box(t).Open("root key of a", sealed); err == nil {
			t.Error("it opens under another data key")
		}
	}
}

func TestAnAlteredValueDoesNotOpen(t *testing.T) {
	t.Parallel()
	b := box(t)
	secret := []byte("a private key")
	sealed := b.Seal("l", secret)
	refused := func(altered []byte, how string, at int) {
		t.Helper()
		got, err := b.Open("l", altered)
		if err == nil {
			t.Fatalf("%s at byte %d of %d opens", how, at, len(sealed))
		}
		if got != nil || strings.Contains(err.Error(), string(secret)) {
			t.Fatalf("%s at byte %d: the refusal carries %q", how, at, got)
		}
	}
	for at := range sealed {
		altered := bytes.Clone(sealed)
		altered[at] ^= 1
		refused(altered, "a flipped bit", at)
		refused(sealed[:at], "cut", at)
	}
	refused(append(bytes.Clone(sealed), 0), "a byte more", len(sealed))
	refused(nil, "nothing", 0)
}

func TestAnEnvelopeOpensWithItsMasterKeyOnly(t *testing.T) {
	t.Parallel()
	master := key(t)
	b, envelope, err := secrets.NewEnvelope(master)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secrets.OpenEnvelope(master, envelope)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open("l", b.Seal("l", []byte("x"))); err != nil || string(got) != "x" {
		t.Errorf("the reopened box: %q, %v", got, err)
	}
	if _, err := secrets.OpenEnvelope(key(t), envelope); !errors.Is(err, secrets.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	for at := range envelope {
		altered := bytes.Clone(envelope)
		altered[at] ^= 0x80
		if _, err := secrets.OpenEnvelope(master, altered); !errors.Is(err, secrets.ErrWrongKey) {
			t.Fatalf("altered at byte %d: %v", at, err)
		}
	}
	for _, size := range []int{0, 16, 31, 33} {
		if _, _, err := secrets.NewEnvelope(make([]byte, size)); err == nil {
			t.Errorf("a master key of %d bytes is taken", size)
		}
		if _, err := secrets.OpenEnvelope(make([]byte, size), envelope); err == nil || errors.Is(err, secrets.ErrWrongKey) {
			t.Errorf("a master key of %d bytes: %v", size, err)
		}
	}
	if bytes.Contains(envelope, master) {
		t.Error("the envelope holds the master key")
	}
}

func FuzzOpen(f *testing.F) {
	b, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(b.Seal("other", []byte("x")))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := b.Open("l", sealed); err == nil {
			t.Fatalf("a value nobody sealed opens as %q", plain)
		}
	})
}

// keyFile writes a master key file of a mode.
func keyFile(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask says
		t.Fatal(err)
	}
	return path
}

func TestLoadMasterTakesTheNamedFileThenTheCredentialThenTheDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	creds, data := filepath.Join(dir, "creds"), filepath.Join(dir, "data")
	for _, d := range []string{creds, data} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text := func(c byte) string {
		return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{c}, secrets.KeySize))
	}
	loads := func(sentence, file, credentials string, want byte, weak bool) {
		t.Helper()
		m, err := secrets.LoadMaster(file, credentials, data)
		if err != nil || len(m.Key) != secrets.KeySize || m.Key[0] != want || m.Weak != weak || m.Absent {
			t.Errorf("%s: %+v, %v", sentence, m, err)
		}
	}
	m, err := secrets.LoadMaster("", creds, data)
	if err != nil || !m.Absent || !m.Weak || m.Path != filepath.Join(data, "master.key") {
		t.Errorf("nothing anywhere: %+v, %v", m, err)
	}
	keyFile(t, filepath.Join(data, "master.key"), text('d')+"\n", 0o600)
	loads("only the default is there", "", "", 'd', true)
	loads("the credentials directory has none", "", creds, 'd', true)
	keyFile(t, filepath.Join(creds, "dbtls-master-key"), text('c'), 0o400)
	loads("the credential is there", "", creds, 'c', false)
	named := keyFile(t, filepath.Join(dir, "named"), "\n "+text('n')+"\n\n", 0o600)
	loads("a file is named", named, creds, 'n', false)
	if _, err := secrets.LoadMaster(filepath.Join(dir, "none"), creds, data); err == nil {
		t.Error("a named file that is not there is passed over")
	}
}

func TestAMasterKeyFileThatIsNotOneIsRefused(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, secrets.KeySize))
	for sentence, c := range map[string]struct {
		text string
		mode os.FileMode
		fix  string
	}{
		"others can read it":     {good, 0o644, "chmod 600"},
		"the group can read it":  {good, 0o640, "chmod 600"},
		"the group can write it": {good, 0o620, "chmod 600"},
		"it is empty":            {"", 0o600, "openssl rand -base64 32"},
		"it is too short":        {base64.StdEncoding.EncodeToString(make([]byte, 31)), 0o600, "openssl rand -base64 32"},
		"it is too long":         {base64.StdEncoding.EncodeToString(make([]byte, 33)), 0o600, "openssl rand -base64 32"},
		"it is no base64":        {strings.Repeat("!", 44), 0o600, "openssl rand -base64 32"},
		"it is raw bytes":        {strings.Repeat("\x01", 32), 0o600, "openssl rand -base64 32"},
	} {
		path := keyFile(t, filepath.Join(t.TempDir(), "k"), c.text, c.mode)
		_, err := secrets.LoadMaster(path, "", "")
		if err == nil || !strings.Contains(err.Error(), c.fix) {
			t.Errorf("%s: %v", sentence, err)
		} else if c.text != "" && strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error shows the key", sentence)
		}
	}
}

func TestACreatedMasterKeyLoadsAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	absent, err := secrets.LoadMaster("", "", data)
	if err != nil {
		t.Fatal(err)
	}
	made, err := secrets.CreateMaster(absent)
	if err != nil || made.Absent || bytes.Equal(made.Key, make([]byte, secrets.KeySize)) {
		t.Fatalf("%v", err)
	}
	if info, err := os.Stat(made.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	again, err := secrets.LoadMaster("", "", data)
	if err != nil || !bytes.Equal(again.Key, made.Key) {
		t.Errorf("loaded another key: %v", err)
	}
}
