package sqlserver

// dialect is a version of TDS that a session speaks.
type dialect struct {
	version uint32
	old     bool // before 7.2: no headers before requests, and shorter numbers
}

// The versions of TDS, as LOGINACK says them ([MS-TDS] 2.2.7.14).
const (
	tds71  = 0x71000001
	tds72  = 0x72090002
	tds73a = 0x730a0003
	tds73  = 0x730b0003
	tds74  = 0x74000004
	tds80  = 0x08000000
)

// agree picks the newest version that both sides know; false when the client is
// older than 7.1, which SQL Server 2000 brought. Version 8.0 is spoken only
// where TLS came first.
func agree(client uint32, strict bool) (dialect, bool) {
	switch major := client >> 24; {
	case major == tds80>>24 && strict:
		return dialect{version: tds80}, true
	case major == tds80>>24 || major >= tds74>>24:
		return dialect{version: tds74}, true
	case client == tds73a:
		return dialect{version: tds73a}, true
	case major == tds73>>24:
		return dialect{version: tds73}, true
	case major == tds72>>24:
		return dialect{version: tds72}, true
	case major == tds71>>24:
		return dialect{version: tds71, old: true}, true
	}
	return dialect{old: true}, false
}
