package walletcli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/walletcli"
)

// option is a command with --wallet, --password, --cert, --dn and --auto-login-only.
func option(name string) (known, takesValue bool) {
	values := []string{"wallet", "password", "cert", "dn", "san", "key-size", "new-password"}
	flags := []string{"auto-login-only", "trusted-cert"}
	return slices.Contains(append(flags, values...), name), slices.Contains(values, name)
}

func TestOrapkisSpellingsBecomeOurs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"-wallet|DIR|-auto_login_only": "--wallet|DIR|--auto-login-only",
		"-trusted_cert|–cert|ca.pem":   "--trusted-cert|--cert|ca.pem", // the en dash of a web page
		"—wallet|a|−dn|CN=x|‑cert|b":   "--wallet|a|--dn|CN=x|--cert|b",
		"-pwd|-secret|-keysize|2048":   "--password|-secret|--key-size|2048",
		"-pwd|–wallet":                 "--password|–wallet", // a value is never touched
		"-oldpwd|a|-newpwd|b":          "--password|a|--new-password|b",
		"-pwd=a=b|--dn=CN=x_y":         "--password=a=b|--dn=CN=x_y",
		"--wallet|DIR|--trusted-cert":  "--wallet|DIR|--trusted-cert",
		"-h":                           "-h",
		"-|word|–":                     "-|word|–",
		"-unknown_option|value":        "--unknown-option|value",
		"-wallet":                      "--wallet",
		"-addext_san|DNS:db1":          "--san|DNS:db1",
		"":                             "",
	} {
		got := strings.Join(walletcli.Spell(strings.Split(in, "|"), option), "|")
		if got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzSpell(f *testing.F) {
	f.Add("-wallet|DIR|–cert|x")
	f.Add("-pwd")
	f.Add("-_o=x|-_|-=")
	f.Add("-_—s")
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "|")
		once := walletcli.Spell(args, option)
		if len(once) != len(args) {
			t.Errorf("%q becomes %q: another number of words", args, once)
		}
		if twice := walletcli.Spell(once, option); !slices.Equal(once, twice) {
			t.Errorf("%q becomes %q, and then %q", args, once, twice)
		}
	})
}
