package mysql

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// playing is what differs between the products when they are played.
type playing struct {
	announce func(version string) string // the version in the greeting
	traits   func(version string) traits
	plugin   func(version string) string // the authentication the greeting proposes
	// forced is the error packet for a login without TLS where TLS is forced.
	forced func(r response, client string) []byte
}

func simulator(p playing) *engine.Simulator { return &engine.Simulator{Serve: p.serve} }

// simulated begins what every login is told.
const simulated = "dbtls: this is a simulated instance"

const (
	// loginTimeout is the products' own connect_timeout.
	loginTimeout = 10 * time.Second
	// maxResponse bounds a handshake response; the client's description of
	// itself may have 64 KiB.
	maxResponse = 1 << 17
)

// serve greets, takes the client to TLS when it wants that, and answers its
// login with an error that says what this is. What a client does wrong ends
// its session and is no error of the instance.
func (p playing) serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	release := engine.Bound(ctx, c)
	defer func() { _ = release() }()
	s := session{playing: p, host: h, conn: c}
	if _, err := c.Write(packet(0, p.greet(h.Version))); err != nil {
		return nil
	}
	r, sequence, ok := s.read()
	if ok && r.wantsTLS() {
		if ok = s.startTLS(ctx); ok {
			r, sequence, ok = s.read()
		}
	}
	if ok {
		s.write(sequence+1, s.verdict(r))
	}
	s.end()
	return s.fault
}

// session is one client before the end of its login, which is all there is.
type session struct {
	playing
	host  *engine.Host
	conn  net.Conn  // plain, or tls once TLS is up
	tls   *tls.Conn // nil: plain
	fault error     // of this side: no certificate could be had
}

// read takes one handshake response; a client that sends none, or another
// thing, is told so as the products do.
func (s *session) read() (response, byte, bool) {
	payload, sequence, err := readPacket(s.conn, maxResponse)
	if err != nil {
		return response{}, 0, false
	}
	r, err := parseResponse(payload)
	if err != nil {
		s.write(sequence+1, errorPacket(codeBadHandshake, "08S01", "Bad handshake"))
		return response{}, 0, false
	}
	return r, sequence, true
}

func (s *session) startTLS(ctx context.Context) bool {
	t, err := engine.ServeTLS(ctx, s.conn, s.host, tlsConfig(s.host.Parameters, s.traits(s.host.Version)))
	if t == nil {
		s.fault = err
		return false
	}
	s.conn, s.tls = t, t
	return true
}

func (s *session) write(sequence byte, payload []byte) {
	_, _ = s.conn.Write(packet(sequence, payload)) // a client that has left misses it
}

// end says that nothing follows; the caller closes the connection.
func (s *session) end() {
	if s.tls != nil {
		_ = s.tls.CloseWrite()
	}
}

// verdict answers a login. No login succeeds: there is no data to show.
func (s *session) verdict(r response) []byte {
	client := engine.NewSession(s.conn, r.user, r.program)
	client.Database = r.database
	if s.tls == nil && isOn(s.host.Parameters[paramForced]) {
		s.host.Sessions.Refuse(client, paramForced+" is on")
		return s.forced(r, client.Client)
	}
	s.host.Sessions.Visit(client)
	transport := "without TLS"
	if s.tls != nil {
		state := s.tls.ConnectionState()
		transport = "over " + engine.VersionName(state.Version)
	}
	return errorPacket(codeUnknown, "HY000", fmt.Sprintf(
		simulated+": its certificate and its TLS are real, it has no data and no logins; you came %s", transport))
}

// greet is the initial handshake packet of protocol 10.
func (p playing) greet(version string) []byte {
	const capabilities = capFoundRows | capLongFlag | capConnectWithDB | capProtocol41 | capSSL | capTransactions |
		capSecureConnection | capPluginAuth | capConnectAttrs | capPluginAuthLenenc | capDeprecateEOF
	const statusAutocommit = 2
	random := salt()
	b := append([]byte{protocolVersion}, p.announce(version)...)
	b = append(b, 0)
	b = append(b, random[20], random[21], random[22], 0) // connection id
	b = append(b, random[:8]...)
	b = append(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(capabilities&0xffff))
	b = append(b, charset)
	b = binary.LittleEndian.AppendUint16(b, statusAutocommit)
	b = binary.LittleEndian.AppendUint16(b, uint16(capabilities>>16))
	b = append(b, 21)                  // length of the salt with its NUL
	b = append(b, make([]byte, 10)...) // reserved
	b = append(b, random[8:20]...)
	b = append(b, 0)
	b = append(b, p.plugin(version)...)
	return append(b, 0)
}

// salt is 20 bytes of a salt, none of them NUL, and four more.
func salt() []byte {
	b := make([]byte, 24)
	rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = b[i]&0x3f + '0'
	}
	return b
}

// tlsConfig is what the parameters say of TLS.
func tlsConfig(values map[string]string, t traits) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	may := t.tlsVersions
	if set := values[paramTLS]; set != "" {
		may = strings.Split(set, ",")
	}
	if slices.Contains(may, tls13) {
		cfg.MaxVersion = tls.VersionTLS13
		if !slices.Contains(may, tls12) {
			cfg.MinVersion = tls.VersionTLS13
		}
	}
	chosen := strings.Split(values[paramCipher], ",")
	for _, c := range ciphers() {
		if slices.Contains(chosen, c.name) {
			cfg.CipherSuites = append(cfg.CipherSuites, c.id)
		}
	}
	return cfg
}

// isOn reads a switch in the spellings of the catalogues.
func isOn(v string) bool { return v == "1" || v == "ON" }
