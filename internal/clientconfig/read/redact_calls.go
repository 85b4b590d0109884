package read

import "strings"

// callArguments finds passwords that a program passes by position:
// DriverManager.getConnection(url, user, password).
func callArguments(text string) (all []hiddenSpan) {
	for at := 0; ; {
		n := strings.IndexByte(text[at:], '(')
		if n < 0 {
			return all
		}
		at += n + 1
		name := at - 1
		for name > 0 && (asciiLetter(text[name-1]) || asciiDigit(text[name-1]) || text[name-1] == '_') && at-name < 64 {
			name--
		}
		if from, ok := passwordArgument(strings.ToLower(text[name : at-1])); ok {
			all = append(all, argumentsFrom(text, at, from)...)
		}
	}
}

// passwordArgument is the index of the first argument that can be a password.
func passwordArgument(function string) (int, bool) {
	switch function {
	case "getconnection", "pdo", "mysqli", "mysql_connect", "mysqli_connect", "mysql_pconnect", "real_connect", "mysqli_real_connect":
		return 2, true
	case "connect", "create_pool", "createpool", "sessionpool", "networkcredential", "sqlcredential", "usernamepasswordcredential", "basic_auth":
		return 1, true
	}
	return 0, false
}

// argumentsFrom hides the quoted arguments from an index on. Those that say what
// they are by a name (host="x") are not by position.
func argumentsFrom(text string, n, from int) (all []hiddenSpan) {
	depth, index, fresh := 0, 0, true
	for limit := min(len(text), n+maxQuoted); n < limit; n++ {
		switch c := text[n]; c {
		case '(', '[', '{':
			depth++
			fresh = false
		case ')', ']', '}':
			if depth--; depth < 0 {
				return all
			}
		case ',':
			if depth == 0 {
				index++
				fresh = true
			}
		case '"', '\'':
			s, after := quotedAt(text, n)
			if depth == 0 && fresh && index >= from {
				all = append(all, s)
			}
			fresh = false
			n = max(n, after-1)
		case ' ', '\t', '\r', '\n':
		default:
			fresh = false
		}
	}
	return all
}
