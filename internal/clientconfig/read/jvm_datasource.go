package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// dataSources reads data sources that are set up by their own methods:
// ds = new SQLServerDataSource(); ds.setServerName("h"); ds.setEncrypt("true").
func (p *javaProgram) dataSources(src Source, in jvmContext) (all []clientconfig.Settings) {
	for n := range p.tokens {
		id := jvmDataSource(p.tokens[n])
		if len(all) == javaMaxFound {
			break
		}
		if id == "" || !p.is(n+1, "(") || !p.is(n+2, ")") {
			continue
		}
		back := n - 1
		if p.is(back, "new") {
			back--
		}
		if !p.is(back, "=") || p.kind(back-1) != 'i' {
			continue
		}
		one := in
		one.product, one.where = id, p.place(src, p.tokens[n].at)
		u, ok := p.setters(p.tokens[back-1].text, n, &one)
		if u.product = id; ok {
			all = append(all, jvmSettings(p.tokens[n].text+" with its setters", u, one)...)
		}
	}
	return all
}

// jvmDataSource is the driver whose data source a class is.
func jvmDataSource(t javaToken) string {
	if t.kind != 'i' {
		return ""
	}
	switch t.text {
	case "SQLServerDataSource", "SQLServerConnectionPoolDataSource", "SQLServerXADataSource":
		return "mssql-jdbc"
	case "MysqlDataSource", "MysqlConnectionPoolDataSource", "MysqlXADataSource":
		return "mysql-connector-j"
	case "PGSimpleDataSource", "PGPoolingDataSource", "PGConnectionPoolDataSource", "PGXADataSource":
		return "pgjdbc"
	}
	return ""
}

// setters reads the calls on a variable in the function it is made in. Not ok
// when it is given a whole URL, which is read as one.
func (p *javaProgram) setters(variable string, made int, in *jvmContext) (u jdbcURL, ok bool) {
	end := min(len(p.tokens), made+4000)
	if b := p.blockAt(made); b >= 0 {
		end = min(end, p.blocks[b].last)
	}
	var h jdbcHost
	for n := made; n < end; n++ {
		if !p.is(n, variable) || !p.is(n+1, ".") || !p.is(n+3, "(") {
			continue
		}
		name, isSetter := strings.CutPrefix(p.tokens[n+2].text, "set")
		value, known, _ := p.expression(n + 4)
		switch lower := strings.ToLower(name); {
		case !isSetter || name == "":
		case lower == "url":
			return u, false
		case jdbcSecret(lower):
			in.secrets = append(in.secrets, value)
		case lower == "servername" && known:
			h.name = jdbcName(value)
		case (lower == "portnumber" || lower == "port") && known:
			h.port = jdbcPort(value)
		case lower == "databasename" && known:
			u.database = jdbcName(value)
		case lower == "user" && known:
			u.user = value
		default:
			// setSslMode is the setter of sslmode: bean names fold case.
			u.options = append(u.options, jdbcOption{jvmBeanOption(in.product, name), value})
		}
	}
	u.hosts = []jdbcHost{h}
	return u, true
}

// jvmBeanOption is the option that a setter sets.
func jvmBeanOption(product, name string) string {
	for spelled := range jvmProductByID(product).options {
		if strings.EqualFold(spelled, name) {
			return spelled
		}
	}
	return name
}
