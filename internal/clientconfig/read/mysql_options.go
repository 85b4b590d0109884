package read

import "strings"

// mysqlKnown are the long options that say something here. Other options
// matter for the meaning of prefixes alone.
func mysqlKnown() []string {
	return []string{
		"host", "port", "user", "database", "socket", "protocol",
		"ssl", "ssl-mode", "ssl-ca", "ssl-capath", "ssl-verify-server-cert",
		"ssl-cert", "ssl-key", "ssl-cipher", "ssl-crl", "ssl-crlpath", "ssl-fips-mode", "ssl-fp", "ssl-fplist", "ssl-passphrase", "ssl-session-data", "ssl-session-data-continue-on-failed-reuse",
		"tls-version", "tls-ciphersuites", "defaults-file", "defaults-extra-file", "defaults-group-suffix", "login-path", "no-defaults",
		"password", "default-character-set", "execute",
	}
}

// mysqlOption is the option a name stands for: underscores are dashes, case
// does not count in a file, and a prefix that fits one option is that option.
func mysqlOption(name string) (string, bool) {
	name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
	found := ""
	for _, known := range mysqlKnown() {
		switch {
		case known == name:
			return known, true
		case len(name) > 2 && strings.HasPrefix(known, name):
			if found != "" {
				return "", false
			}
			found = known
		}
	}
	return found, found != ""
}

func takesValue(option string) bool {
	switch option {
	case "ssl", "ssl-verify-server-cert", "password", "no-defaults":
		return false
	}
	return true
}

// mysqlSet takes one option of a command line or an option file.
func mysqlSet(c *client, name, value string, given bool) {
	name = strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(name), "_", "-"), "loose-")
	on := "1"
	if given {
		on = map[string]string{"true": "1", "false": "0"}[yes(value)]
		if on == "" {
			on = untold
		}
	}
	for prefix, means := range map[string]string{"skip-": "0", "disable-": "0", "enable-": "1"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name, on = rest, means
		}
	}
	option, ok := mysqlOption(name)
	if !ok {
		return
	}
	switch option {
	case "host":
		c.host = value
	case "port":
		c.port = value
	case "user":
		c.user = value
	case "database":
		c.database = value
	default:
		mysqlTLS(c, option, value, on)
	}
}

// mysqlTLS takes an option that is about TLS. What comes later wins: naming a
// CA after --skip-ssl turns TLS on again.
func mysqlTLS(c *client, option, value, on string) {
	switch option {
	case "ssl", "ssl-verify-server-cert":
		c.options[option] = on
	case "ssl-mode":
		c.options[option] = mysqlModeWord(value)
	case "ssl-ca", "ssl-capath":
		if value == "" {
			delete(c.options, option)
			return
		}
		c.options[option] = safePath(value)
	case "ssl-cipher", "tls-version":
		c.options[option] = cipherList(value)
		if option == "tls-version" {
			return
		}
	case "ssl-cert", "ssl-key", "ssl-crl", "ssl-crlpath":
	case "defaults-file", "defaults-extra-file", "defaults-group-suffix", "login-path":
		c.notes = append(c.notes, "--"+option+": what that file says counts too, where this text says nothing")
		return
	case "ssl-fp", "ssl-fplist":
		c.notes = append(c.notes, "--"+option+" pins the server's certificate: it ends with that certificate, whatever its CA")
		return
	default:
		return
	}
	if option != "ssl" && option != "ssl-mode" && option != "ssl-verify-server-cert" && c.options["ssl"] == "0" {
		delete(c.options, "ssl")
		c.notes = append(c.notes, "--"+option+" after --skip-ssl turns TLS on again")
	}
}

// cipherList is a list of cipher suites or TLS versions; what has another shape
// is not shown.
func cipherList(value string) string {
	if len(value) > 4096 || strings.ContainsFunc(value, func(r rune) bool {
		return !strings.ContainsRune("-_.:,+!@ =", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return untold
	}
	return value
}

// mysqlModeWord is a mode of --ssl-mode: the commands take any case and any
// prefix that fits one mode.
func mysqlModeWord(value string) string {
	value = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(value), "-", "_"))
	found := ""
	for _, mode := range []string{"DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"} {
		if value == mode {
			return mode
		}
		if value != "" && strings.HasPrefix(mode, value) {
			if found != "" {
				return untold
			}
			found = mode
		}
	}
	if found == "" {
		return untold
	}
	return found
}
