package walletcli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// OracleNet is what the Oracle Net files of a wallet are made from.
type OracleNet struct {
	Wallet     string // directory on the database's machine; absolute
	Host       string // name or address the listener has
	SID        string // also the service name
	OracleHome string
	Port       int // plain TCP
	TLSPort    int // TCPS
	Release    int // major release of the database: 12, 18, 19, 21, 23, 26
}

// Check refuses what would make the files mean something else.
func (o OracleNet) Check() error {
	for _, v := range [][2]string{{"--wallet", o.Wallet}, {"--host", o.Host}, {"--sid", o.SID}, {"--oracle-home", o.OracleHome}} {
		if v[1] == "" {
			return fault.New(fault.MissingParameter, "%s is missing: the files need it", v[0])
		}
		if strings.ContainsAny(v[1], "()=\"'#\\\n\r\t ") {
			return fault.New(fault.InvalidParameter, "%s %q: Oracle Net files cannot hold blanks, quotes, parentheses, = or # in it", v[0], v[1])
		}
	}
	switch {
	case !filepath.IsAbs(o.Wallet) || !filepath.IsAbs(o.OracleHome):
		return fault.New(fault.InvalidParameter, "--wallet and --oracle-home must be absolute paths: the listener runs in another directory")
	case o.Port < 1 || o.Port > 65535 || o.TLSPort < 1 || o.TLSPort > 65535 || o.Port == o.TLSPort:
		return fault.New(fault.InvalidParameter, "--port and --tls-port are two different numbers from 1 to 65535")
	case o.Release < 12 || o.Release > 99:
		return fault.New(fault.InvalidParameter, "--release is the database's major release, from 12: older ones do not speak TLS 1.2")
	}
	return nil
}

// File is one text to put in place.
type File struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// Files returns sqlnet.ora, listener.ora and tnsnames.ora.
func (o OracleNet) Files() []File {
	return []File{{"sqlnet.ora", o.sqlnet()}, {"listener.ora", o.listener()}, {"tnsnames.ora", o.tnsnames()}}
}

// version is the value of SSL_VERSION. Releases before 23 speak TLS 1.2 at
// most and take the number alone.
func (o OracleNet) version() string {
	if o.Release >= 23 {
		return "(TLSv1.3, TLSv1.2)"
	}
	return "1.2"
}

func (o OracleNet) location() string {
	return fmt.Sprintf(`WALLET_LOCATION =
  (SOURCE =
    (METHOD = FILE)
    (METHOD_DATA =
      (DIRECTORY = %s)
    )
  )
`, o.Wallet)
}

func (o OracleNet) sqlnet() string {
	return o.location() + `
SQLNET.AUTHENTICATION_SERVICES = (NONE)
# The server does not ask clients for certificates.
SSL_CLIENT_AUTHENTICATION = FALSE
# TLS 1.0 and 1.1 are off. There is no SSL_CIPHER_SUITES: the release's own
# list is better than any that grows old here.
SSL_VERSION = ` + o.version() + `
# For clients that read this file: the name in the server's certificate must
# be the host they asked for.
SSL_SERVER_DN_MATCH = YES
`
}

func (o OracleNet) listener() string {
	return "SSL_CLIENT_AUTHENTICATION = FALSE\nSSL_VERSION = " + o.version() + "\n\n" + o.location() + fmt.Sprintf(`
SID_LIST_LISTENER =
  (SID_LIST =
    (SID_DESC =
      (GLOBAL_DBNAME = %[1]s)
      (ORACLE_HOME = %[2]s)
      (SID_NAME = %[1]s)
    )
  )

LISTENER =
  (DESCRIPTION_LIST =
    (DESCRIPTION =
      (ADDRESS = (PROTOCOL = TCP)(HOST = %[3]s)(PORT = %[4]d))
      (ADDRESS = (PROTOCOL = TCPS)(HOST = %[3]s)(PORT = %[5]d))
      (ADDRESS = (PROTOCOL = IPC)(KEY = EXTPROC%[4]d))
    )
  )
`, o.SID, o.OracleHome, o.Host, o.Port, o.TLSPort)
}

func (o OracleNet) tnsnames() string {
	entry := func(name, protocol string, port int) string {
		return fmt.Sprintf(`%s =
  (DESCRIPTION =
    (ADDRESS_LIST =
      (ADDRESS = (PROTOCOL = %s)(HOST = %s)(PORT = %d))
    )
    (CONNECT_DATA =
      (SERVER = DEDICATED)
      (SERVICE_NAME = %s)
    )
  )
`, name, protocol, o.Host, port, o.SID)
	}
	return entry(o.SID, "TCP", o.Port) + "\n" + entry(o.SID+"_ssl", "TCPS", o.TLSPort)
}

// Steps is what to do, in order: what each step is for, and its command.
func (o OracleNet) Steps() []Step {
	admin := filepath.Join(o.OracleHome, "network", "admin")
	return []Step{
		{"Put the wallet where the files say, readable by the database's account alone", "ls -l " + o.Wallet},
		{"Merge sqlnet.ora", admin + "/sqlnet.ora"},
		{"Stop the listener: new sessions wait, open ones go on", "lsnrctl stop"},
		{"Merge listener.ora", admin + "/listener.ora"},
		{"Merge tnsnames.ora, on the clients too", admin + "/tnsnames.ora"},
		{"Start the listener", "lsnrctl start"},
		{"See that it listens on " + fmt.Sprint(o.TLSPort) + " with PROTOCOL=tcps", "lsnrctl status"},
		{"Connect through TLS", "sqlplus -L USER@" + o.SID + "_ssl"},
		{"See that the session is encrypted: the answer is tcps", "SELECT SYS_CONTEXT('USERENV', 'network_protocol') FROM DUAL;"},
	}
}

// Step is one thing to do.
type Step struct {
	What    string `json:"what"`
	Command string `json:"command"`
}
