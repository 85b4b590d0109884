package mysql

import (
	"strings"
	"testing"
)

// The hashes are what crypt(3) of the GNU C library answers.
func TestSHA256CryptAgreesWithCrypt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, salt string
		rounds    int
		want      string
	}{
		{"Hello world!", "saltstring", 5000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
		{"Hello world!", "saltstringsaltst", 10000, "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"},
		{"This is just a test", "toolongsaltstrin", 5000, "Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5"},
	} {
		if got := sha256Crypt([]byte(c.key), []byte(c.salt), c.rounds); got != c.want {
			t.Errorf("sha256Crypt(%q, %q, %d) = %s, want %s", c.key, c.salt, c.rounds, got, c.want)
		}
	}
}

func TestCachingPasswordIsSalted(t *testing.T) {
	t.Parallel()
	const prefix = "WITH caching_sha2_password AS '$A$005$"
	one, two := cachingPassword("secret"), cachingPassword("secret")
	if one == two || !strings.HasPrefix(one, prefix) || len(one) != len(prefix)+cachingSalt+43+1 || strings.Contains(one, "secret") {
		t.Errorf("%s and %s", one, two)
	}
}
