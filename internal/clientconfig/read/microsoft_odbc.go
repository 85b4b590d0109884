package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// odbcString is one that names its driver.
func odbcString(pairs []pair, driver string, hints map[string]Hint, text string) []clientconfig.Settings {
	id, version := odbcDriver(driver)
	if id == "" {
		return nil
	}
	c := mssClient()
	odbcOptions(&c, id, pairs)
	return versioned(c.settings(id, hints, text), version, "the driver's name")
}

// odbcOptions takes the options that a driver knows.
func odbcOptions(c *client, id string, pairs []pair) {
	if id == idDb2CLI {
		db2Options(c, pairs)
		return
	}
	if id == idOracleClient {
		for _, p := range pairs {
			if p.name == "dbq" {
				oracleAddress(c, p.value)
			}
			mssOption(c, p.name, p.value)
		}
		return
	}
	if id == idFreeTDS {
		c.options["config"] = "elsewhere"
	}
	for _, p := range pairs {
		mssOption(c, p.name, p.value)
		switch {
		case id == idFreeTDS && p.name == "encryption":
			c.options["encryption"] = safeWord(p.value)
		case (id == idMySQLODBC || id == idMariaODBC) && slices.Contains([]string{"sslmode", "sslverify", "forcetls"}, strings.ReplaceAll(p.name, "-", "")):
			c.options[strings.ReplaceAll(p.name, "-", "")] = safeWord(p.value)
		case (id == idMySQLODBC || id == idMariaODBC) && (p.name == "sslca" || p.name == "ssl-ca"):
			c.options["sslca"] = safePath(p.value)
		case id == idPsqlODBC && (p.name == "sslmode" || p.name == "ca"):
			c.options["sslmode"] = safeWord(p.value)
		case id == idPsqlODBC && p.name == "pqopt":
			if dsn, ok := parseDSN(p.value); ok {
				for _, o := range dsn {
					if o.name == "sslrootcert" {
						c.options["sslrootcert"] = safePath(o.value)
					}
				}
			}
		}
	}
}

// odbcDriver finds the driver by the name it was installed under, or by its
// file, and the version that the name tells.
func odbcDriver(name string) (id, version string) {
	lower := strings.ToLower(strings.TrimSpace(name))
	switch {
	case strings.HasPrefix(lower, "odbc driver ") && strings.Contains(lower, "sql server"):
		return idMSODBC, firstNumber(lower)
	case strings.Contains(lower, "libmsodbcsql"):
		_, rest, _ := strings.Cut(lower, "libmsodbcsql")
		return idMSODBC, firstNumber(rest)
	case strings.HasPrefix(lower, "sql server native client"), strings.Contains(lower, "sqlncli"):
		return idNativeClient, ""
	case strings.Contains(lower, "freetds"), strings.Contains(lower, "libtdsodbc"):
		return idFreeTDS, ""
	case strings.Contains(lower, "postgresql"), strings.Contains(lower, "psqlodbc"):
		return idPsqlODBC, ""
	case strings.Contains(lower, "mariadb"), strings.Contains(lower, "libmaodbc"):
		return idMariaODBC, firstNumber(lower)
	case strings.Contains(lower, "mysql"), strings.Contains(lower, "libmyodbc"):
		return idMySQLODBC, firstNumber(lower)
	case strings.Contains(lower, "db2"):
		return idDb2CLI, ""
	case strings.Contains(lower, "oracle"):
		return idOracleClient, ""
	case lower == "sql server":
		return idOldODBC, ""
	}
	return "", ""
}

// firstNumber is the first number of a text, with its decimals.
func firstNumber(text string) string {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return ""
	}
	end := start
	for end < len(text) && (asciiDigit(text[end]) || text[end] == '.') {
		end++
	}
	return strings.TrimRight(text[start:end], ".")
}
