package sqlserver

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dbtls/dbtls/internal/engine"
)

func TestStatementsThatAreAnswered(t *testing.T) {
	t.Parallel()
	host := &engine.Host{Version: newVersion, Address: "127.0.0.9", Port: 1433, Sessions: &engine.Sessions{}}
	first, _ := host.Sessions.Add(engine.Session{User: "admin", Client: "10.0.0.1", Encrypted: true, Since: time.Unix(0, 0)})
	_, _ = host.Sessions.Add(engine.Session{User: "admin", Client: "10.0.0.2"})
	s := &session{host: host, own: first}
	for query, want := range map[string]string{
		"":       "",
		" ;;\n;": "",
		"select SESSION_ID,\nENCRYPT_OPTION,\nNET_TRANSPORT,\nAUTH_SCHEME\nfrom SYS.DM_EXEC_CONNECTIONS": "51|TRUE|TCP|SQL/52|FALSE|TCP|SQL",
		"select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID":                   "TRUE",
		"  SeLeCt  encrypt_option\tFROM sys . dm_exec_connections WHERE @@spid=session_id ; ":            "TRUE",
		"select client_net_address from sys.dm_exec_connections where encrypt_option='false'":            "10.0.0.2",
		"select c.session_id from sys.dm_exec_connections c where c.session_id = 52":                     "52",
		"select dm_exec_connections.session_id from sys.dm_exec_connections where session_id = '52'":     "52",
		"select session_id from [master].[sys].[dm_exec_connections] where session_id = 7":               "",
		"select * from sys.dm_exec_connections where session_id = 51":                                    "51|51|1970-01-01 00:00:00.000|TCP|TSQL|TRUE|SQL|10.0.0.1|127.0.0.9|1433",
		"select 1":                     "1",
		"select 1 one, N'zwei' as two": "1|zwei",
		"select @@spid, @@trancount, @@language, @@max_precision, @@microsoftversion": "51|0|us_english|38|268439701",
		"/* a */ select -- b\n 'it''s' as \"x\"":                                      "it's",
		"set nocount on select 3":                                                     "3",
		"set ansi_nulls on\nset textsize 2147483647\nset transaction isolation level read committed\nset implicit_transactions off": "",
		"use master; select 1 select 2": "1/2",
	} {
		statements, err := parse(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := shown(s, statements); got != want {
			t.Errorf("%q = %q, want %q", query, got, want)
		}
	}
}

// shown is the rows of all statements as text.
func shown(s *session, statements []statement) string {
	var rows []string
	for _, st := range statements {
		sessions := []engine.Session{s.own}
		if st.view {
			sessions = s.host.Sessions.List()
		}
	next:
		for _, row := range sessions {
			for _, c := range st.where {
				if !c.holds(s, row) {
					continue next
				}
			}
			var values []string
			for _, c := range st.show {
				values = append(values, plain(c.value(s, row)))
			}
			if values != nil {
				rows = append(rows, strings.Join(values, "|"))
			}
		}
	}
	return strings.Join(rows, "/")
}

func TestStatementsThatAreRefusedByName(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"select name from sys.databases":                     `FROM "sys.databases"`,
		"select 1 from other.sys.dm_exec_connections":        "other.sys",
		"select num_reads from sys.dm_exec_connections":      `"num_reads"`,
		"select session_id":                                  `"session_id"`,
		"select *":                                           `"*"`,
		"select x.session_id from sys.dm_exec_connections c": `"x"`,
		"select @@servername":                                `"@@servername"`,
		"select 99999999999":                                 "99999999999",
		"select db_name()":                                   `"db_name"`,
		"select 1 + 1":                                       `"+"`,
		"select":                                             "ends early",
		"select 1,":                                          "ends early",
		"select 1 from":                                      "FROM",
		"select session_id from sys.dm_exec_connections where":       "column",
		"select 1 from sys.dm_exec_connections where session_id > 1": `">"`,
		"select 1 from sys.dm_exec_connections where session_id":     "ends early",
		"select 1 from sys.dm_exec_connections where * = 1":          `"*"`,
		"select 1 from sys.dm_exec_connections where 1 = 1 or 1 = 2": `"or"`,
		"select 1 from sys.dm_exec_connections as":                   "ends early",
		"select 1 from sys.dm_exec_connections order by 1":           `"order"`,
		"select top 1 session_id from sys.dm_exec_connections":       `"top"`,
		"select 1 union select 2":                                    `"union"`,
		"select 1 from sys.dm_exec_connections union select 2":       `"union"`,
		"select 1 into t":                    `"into"`,
		"select 1 where 1 = 0":               `"where"`,
		"set @x = 1":                         `"@x"`,
		"set nocount @x":                     `"@x"`,
		"set":                                "ends early",
		"set select":                         `"select"`,
		"use":                                "ends early",
		"use 'x'":                            "",
		"drop table t":                       `"drop"`,
		"select 1; insert into t values (1)": `"insert"`,
		"if @@trancount > 0 rollback":        `"if"`,
		strings.Repeat("select 1 ", maxStatements+1):                                                        "more than 100 statements",
		"select " + strings.Repeat("1, ", maxColumns) + "1":                                                 "more than 100 columns",
		"select 1 from sys.dm_exec_connections where " + strings.Repeat("1 = 1 and ", maxColumns) + "1 = 1": "more than 100 conditions",
	} {
		if s, err := parse(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q = %d statements, %v; want it refused for %q", query, len(s), err, want)
		}
	}
}

func TestAReplyIsBounded(t *testing.T) {
	t.Parallel()
	s := &session{host: &engine.Host{Version: newVersion, Sessions: &engine.Sessions{}}}
	for range 2000 {
		s.own, _ = s.host.Sessions.Add(engine.Session{})
	}
	r := &reply{}
	s.execute(r, "select 1; select @@version, "+strings.Repeat("*, ", 90)+"1 from sys.dm_exec_connections; select 7", tokenDoneInProc)
	end := reply{}
	end.done(tokenDoneProc, doneError, 0)
	if len(r.bytes) > maxReply+1<<16 || !bytes.HasSuffix(r.bytes, end.bytes) || !bytes.Contains(r.bytes, toUTF16("so much at once")) {
		t.Errorf("%d bytes", len(r.bytes))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("select SESSION_ID, ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS c where c.session_id = @@SPID;")
	f.Add("set nocount on select N'it''s' as [a]]b], 1 -- c\n/* d */ use x")
	f.Add("select * from master.sys.dm_exec_connections where encrypt_option='FALSE' and 1=1")
	s := &session{host: &engine.Host{Version: newVersion, Sessions: &engine.Sessions{}}}
	s.own, _ = s.host.Sessions.Add(engine.Session{})
	f.Fuzz(func(t *testing.T, query string) {
		statements, err := parse(query)
		if err == nil && len(statements) > maxStatements {
			t.Errorf("%d statements", len(statements))
		}
		if err != nil && (utf8.RuneCountInString(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\x00\x1b\n")) {
			t.Errorf("refusal %q", err)
		}
		for _, d := range []dialect{{old: true}, {}} {
			r := &reply{dialect: d}
			s.execute(r, query, tokenDone)
			if len(r.bytes) == 0 {
				t.Error("no answer")
			}
		}
	})
}

func FuzzLogin(f *testing.F) {
	f.Add(login7(tds74, "admin", "secret", "program"))
	f.Add(login7(tds71, "", "", "")[:93])
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLogin(b)
		if err != nil {
			return
		}
		for _, s := range []string{l.user, l.password, l.program, l.database} {
			if utf8.RuneCountInString(s) > maxLoginField || !utf8.ValidString(s) {
				t.Errorf("field %q", s)
			}
		}
		p := player{host: &engine.Host{}, login: l}
		if n := p.packetSize(); n < 512 || n > 32767 {
			t.Errorf("packet size %d", n)
		}
	})
}

func FuzzExecuteText(f *testing.F) {
	f.Add([]byte{0xff, 0xff, 10, 0, 0, 0, 0, 0, 0xe7, 8, 0, 9, 4, 0xd0, 0, 0x34, 2, 0, 'x', 0})
	f.Add(append([]byte{13, 0}, toUTF16("sp_executesql")...))
	f.Add([]byte{0xff, 0xff, 10, 0, 0, 0, 0, 0, 0x63, 2, 0, 0, 0, 9, 4, 0xd0, 0, 0x34, 2, 0, 0, 0, 'x', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := executeText(b); err == nil && len(s) > 2*len(b) {
			t.Errorf("%d bytes of text from %d", len(s), len(b))
		}
	})
}
