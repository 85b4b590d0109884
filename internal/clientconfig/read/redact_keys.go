package read

import (
	"slices"
	"strings"
)

// secretWords make a name that contains one the name of a secret.
func secretWords() []string {
	return []string{"password", "passwd", "passphrase", "passcode", "passwort", "pwd", "secret", "token", "credential", "authorization",
		"apikey", "api_key", "api-key", "accountkey", "account_key", "account-key", "accesskey", "access_key", "access-key",
		"privatekey", "private_key", "private-key", "authkey", "auth_key", "encryptionkey", "encryption_key", "connectionkey"}
}

// harmlessEndings make a name that contains a secret word the name of
// something else: where the secret is, or who asks for it.
func harmlessEndings() []string {
	return []string{"file", "path", "env", "callback", "provider", "dir", "directory", "policy", "length", "ref", "publickeytoken", "authentication", ".pgpass"}
}

// secretName reports whether the value of an option of this name is a secret.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	if slices.ContainsFunc(harmlessEndings(), func(end string) bool { return strings.HasSuffix(lower, end) }) {
		return false
	}
	if slices.ContainsFunc(secretWords(), func(shellWord string) bool { return strings.Contains(lower, shellWord) }) {
		return true
	}
	return slices.ContainsFunc(nameParts(name), func(part string) bool {
		return part == "pass" || part == "pw" || part == "psw" || part == "passw"
	}) || strings.HasSuffix(lower, "pass") && lower != "bypass" && lower != "compass"
}

// nameParts are the words of a name: "KEY_STORE_PASS", "keyStorePass".
func nameParts(name string) (parts []string) {
	start := 0
	flush := func(end int) {
		if end > start {
			parts = append(parts, strings.ToLower(name[start:end]))
		}
	}
	for n := 0; n < len(name); n++ {
		c := name[n]
		switch {
		case !asciiLetter(c):
			flush(n)
			start = n + 1
		case n > start && c >= 'A' && c <= 'Z' && name[n-1] >= 'a' && name[n-1] <= 'z':
			flush(n)
			start = n
		}
	}
	flush(len(name))
	return parts
}

// twoWords reports whether the word before a bare "key" makes it a secret's
// name: "Account Key", "API key".
func twoWords(before, name string) bool {
	if !strings.EqualFold(name, "key") {
		return false
	}
	before = strings.ToLower(strings.TrimRight(before[max(0, len(before)-16):], " \t"))
	return slices.ContainsFunc([]string{"api", "account", "access", "shared", "private", "secret", "auth"}, func(shellWord string) bool { return strings.HasSuffix(before, shellWord) })
}

// asciiLower keeps every byte where it is, as strings.ToLower does not.
func asciiLower(text string) string {
	lower := []byte(text)
	for n, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[n] = c | 0x20
		}
	}
	return string(lower)
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func asciiDigit(c byte) bool { return c >= '0' && c <= '9' }

// inName reports whether a byte can stand in an option's name. A hyphen and a
// full stop join words: "trust-store-password", "spring.datasource.password".
func inName(c byte) bool {
	return asciiLetter(c) || asciiDigit(c) || c == '_' || c == '$' || c == '.' || c == '-'
}

// assigned finds the values of options whose name is a secret's: after "=", ":",
// "=>", a comma in a call, an element's or an attribute's value, a space.
func assigned(text string) (all []hiddenSpan) {
	for n := 0; n < len(text); {
		if !inName(text[n]) {
			n++
			continue
		}
		start := n
		for n < len(text) && inName(text[n]) {
			n++
		}
		name := text[start:n]
		if !secretName(name) && !twoWords(text[:start], name) {
			continue
		}
		s, ok := valueOf(text, start, n)
		if !ok {
			continue
		}
		all = append(all, s)
		n = max(n, s.end)
	}
	return append(all, valueBeforeName(text)...)
}

// valueBeforeName finds {"value": "x", "name": "DB_PASSWORD"}, the other way
// round from how it is mostly written.
func valueBeforeName(text string) (all []hiddenSpan) {
	lower := asciiLower(text)
	for at := 0; ; {
		n := strings.Index(lower[at:], "value")
		if n < 0 {
			return all
		}
		at += n + len("value")
		begin, ok := separatorAt(text, at)
		if !ok || begin >= len(text) || text[begin] != '"' && text[begin] != '\'' {
			continue
		}
		s, after := quotedAt(text, begin)
		rest := strings.TrimLeft(text[after:min(len(text), after+200)], " \t\r\n,")
		rest = strings.TrimLeft(rest, `"'`)
		for _, shellWord := range []string{"name", "key"} {
			if len(rest) < len(shellWord) || !strings.EqualFold(rest[:len(shellWord)], shellWord) {
				continue
			}
			name := strings.TrimLeft(rest[len(shellWord):], " \t\"'=:")
			end := strings.IndexFunc(name, func(r rune) bool { return r > 0x7f || !inName(byte(r)) })
			if end > 0 && secretName(name[:end]) {
				all = append(all, s)
			}
		}
	}
}
