package read

import "strings"

// authorities finds the passwords that stand before an "@": in the authority of
// a URL, in user:password@tcp(host) and in Oracle's user/password@service.
func authorities(text string) (all []hiddenSpan) {
	for n := 0; n < len(text); {
		start := skipGaps(text, n)
		end := runEnd(text, start)
		if end == start {
			n = start + 1
			continue
		}
		s, ok := authorityOf(text, start, end)
		if ok {
			all = append(all, s)
		}
		n = max(end, s.end)
	}
	return all
}

func skipGaps(text string, n int) int {
	for n < len(text) && strings.IndexByte(" \t\r\n\"'`(<>[{,;", text[n]) >= 0 {
		n++
	}
	return n
}

// runEnd is the end of what may be one string without spaces. A quote ends it
// only where the string of a program can end.
func runEnd(text string, n int) int {
	for ; n < len(text); n++ {
		switch c := text[n]; c {
		case ' ', '\t', '\r', '\n', '<', '>':
			return n
		case '"', '\'', '`':
			if endsCode(text[n+1:]) {
				return n
			}
		}
	}
	return n
}

// authorityOf finds the password in text[start:end].
func authorityOf(text string, start, end int) (hiddenSpan, bool) {
	run := text[start:end]
	if at := strings.Index(run, "://"); at >= 0 {
		scheme := strings.ToLower(run[:at])
		web := strings.HasSuffix(scheme, "http") || strings.HasSuffix(scheme, "https") || strings.HasSuffix(scheme, "git")
		return userinfoAt(text, start+at+3, end, web)
	}
	start += productPrefix(run)
	run = text[start:end]
	at := lastAt(run)
	if at <= 0 {
		return hiddenSpan{}, false
	}
	colon, slash := strings.IndexByte(run[:at], ':'), strings.IndexByte(run[:at], '/')
	first := colon
	if colon < 0 || slash >= 0 && slash < colon {
		first = slash
	}
	if first <= 0 || first+1 >= at {
		return hiddenSpan{}, false
	}
	return hiddenSpan{start + first + 1, start + at}, true
}

// userinfoAt finds the password of the URL whose authority begins at start.
// It goes up to the last "@", since a password may hold unescaped ones; when
// there is none and what follows the colon is no port, up to the next "@" of
// the line, since a password may hold a space.
func userinfoAt(text string, start, end int, web bool) (hiddenSpan, bool) {
	run := text[start:end]
	at := lastAt(run)
	if at >= 0 && web {
		return hiddenSpan{start, start + at}, true
	}
	host := 0 // an IPv6 address has colons of its own
	if strings.HasPrefix(run, "[") {
		host = max(0, strings.IndexByte(run, ']'))
	}
	colon := strings.IndexByte(run[host:], ':') + host
	switch {
	case colon < host || at >= 0 && colon > at:
		return hiddenSpan{}, false
	case at >= 0:
		return hiddenSpan{start + colon + 1, start + at}, true
	case colon+1 >= len(run) || portFollows(run[colon+1:]):
		return hiddenSpan{}, false
	}
	if cut := strings.IndexAny(run[:colon], "/?;,)"); cut >= 0 {
		return hiddenSpan{}, false // the colon is not in the authority
	}
	if next := strings.IndexByte(text[end:endOfLine(text, end)], '@'); next >= 0 {
		return hiddenSpan{start + colon + 1, end + next}, true
	}
	return hiddenSpan{start + colon + 1, end}, true
}

// lastAt is the "@" at which a host begins, -1 for none. The one in user=a@b is
// a part of a user's name.
func lastAt(run string) int {
	for end := len(run); ; {
		at := strings.LastIndexByte(run[:end], '@')
		if at < 0 {
			return -1
		}
		before := run[max(0, at-96):at]
		param := strings.LastIndexAny(before, "?&;")
		if param < 0 || !strings.HasPrefix(strings.ToLower(before[param+1:]), "user") || !strings.Contains(before[param:], "=") {
			return at
		}
		end = at
	}
}

// portFollows reports whether a port, or what a template puts there, begins s.
func portFollows(s string) bool {
	if strings.IndexByte("${%<", s[0]) >= 0 {
		return true
	}
	n := 0
	for n < len(s) && asciiDigit(s[n]) {
		n++
	}
	return n <= 5 && (n == len(s) || n > 0 && strings.IndexByte("/?,;#)\\\"'`:&]}", s[n]) >= 0) || strings.IndexByte("/?;,", s[0]) >= 0
}

// productPrefix is the length of "jdbc:oracle:thin:" and its like.
func productPrefix(run string) int {
	const known = " jdbc oracle thin oci oci8 kprb mysql mariadb postgresql sqlserver jtds sybase tds db2 aws-wrapper loadbalance replication odbc "
	n := 0
	for {
		colon := strings.IndexByte(run[n:], ':')
		if colon <= 0 || colon > 16 {
			return n
		}
		if !strings.Contains(known, " "+strings.ToLower(run[n:n+colon])+" ") {
			return n
		}
		n += colon + 1
	}
}
