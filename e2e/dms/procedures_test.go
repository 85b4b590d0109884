package dms_test

import (
	"bytes"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestTheProceduresOfTheGuide follows "To create an AWS DMS endpoint with SSL"
// and "To modify an existing AWS DMS endpoint to use SSL" step by step, and the
// use of an Oracle wallet.
func TestTheProceduresOfTheGuide(t *testing.T) {
	installed := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	pem := bundle(t, s)
	rep := worker(t, s)
	for _, c := range []struct{ name, server, mode, end string }{
		{"postgres", "postgres", "verify-full", "successful"},
		{"mariadb", "mariadb", "verify-ca", "successful"},
		{"sqlserver", "sqlserver-se", "verify-full", "successful"},
		{"oracle", "oracle-ee", "verify-ca", "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var i harness.Instance
			switch {
			case c.server != c.name:
				i = simulated(t, s, c.server)
			case slices.Contains(installed, c.server):
				i = s.Create(t, "db-"+c.name, c.server)
			default:
				t.Skip("SKIPPED: not installed")
			}
			upload := []string{"--certificate-pem", "file://" + pem}
			if c.name == "oracle" {
				upload = []string{"--certificate-wallet", "fileb://" + wallet(t, pem)}
			}
			end := []string{"--endpoint-type", "source", "--engine-name", c.name, "--server-name", i.Address, "--port", strconv.Itoa(i.Port),
				"--username", user, "--password", password}
			if database := map[string]string{"postgres": "postgres", "oracle": "orcl"}[c.name]; database != "" {
				end = append(end, "--database-name", database)
			}
			// Certificates, Import Certificate; Endpoints, Create endpoint.
			ca := cli(t, s, "Certificate.CertificateArn", append([]string{"import-certificate", "--certificate-identifier", "ca-" + c.name}, upload...)...)
			made := cli(t, s, "Endpoint.EndpointArn", append([]string{"create-endpoint", "--endpoint-identifier", "made-" + c.name, "--ssl-mode", c.mode, "--certificate-arn", ca}, end...)...)
			wantEnd(t, s, rep, made, "made-"+c.name, c.end)
			// An endpoint that is there: Modify, SSL mode and CA certificate, Modify,
			// Test connection.
			old := cli(t, s, "Endpoint.EndpointArn", append([]string{"create-endpoint", "--endpoint-identifier", "old-" + c.name}, end...)...)
			if _, err := s.AWS(t, "dms", "modify-endpoint", "--endpoint-arn", old, "--ssl-mode", c.mode); err == nil || !strings.Contains(err.Error(), "needs the CA certificate") {
				t.Errorf("a mode that verifies without a CA certificate: %v", err)
			}
			if mode := cli(t, s, "Endpoint.SslMode", "modify-endpoint", "--endpoint-arn", old, "--ssl-mode", c.mode, "--certificate-arn", ca); mode != c.mode {
				t.Errorf("the mode is %s", mode)
			}
			wantEnd(t, s, rep, old, "old-"+c.name, c.end)
		})
	}
}

// wantEnd tests a connection. There is no Oracle database to log in to: what a
// simulated one answers comes after all that TLS is about.
func wantEnd(t *testing.T, s *harness.Server, rep, arn, name, end string) {
	t.Helper()
	cli(t, s, "Connection.Status", "test-connection", "--replication-instance-arn", rep, "--endpoint-arn", arn)
	o := ended(t, s, name)
	if o.Status != end || !o.Outcome.TLS || o.Stale || end == "failed" && (o.Outcome.Stage != "login" || !strings.Contains(o.Message, "TLS verified, listener reached")) {
		t.Errorf("%s: %+v", name, o)
	}
}

func TestAWalletComesBackByteForByteThroughTheCommandLine(t *testing.T) {
	s := harness.Start(t, harness.Data(t))
	for _, name := range []string{"o23_trusted1", "o23_only", "o19_v11", "o23_self"} {
		path := filepath.Join("../../wallet/testdata", name, "cwallet.sso")
		given := readFile(t, path)
		id := strings.ReplaceAll(name, "_", "-")
		for _, text := range []string{
			cli(t, s, "Certificate.CertificateWallet", "import-certificate", "--certificate-identifier", id, "--certificate-wallet", "fileb://"+path),
			must(t, s, "DescribeCertificates", object{"Filters": []object{{"Name": "certificate-id", "Values": []string{id}}}}, "Certificates").([]any)[0].(object)["CertificateWallet"].(string),
		} {
			if got, err := base64.StdEncoding.DecodeString(text); err != nil || !bytes.Equal(got, given) {
				t.Errorf("%s: %d bytes came back of %d, %v", name, len(got), len(given), err)
			}
		}
	}
	for name, says := range map[string]string{
		"o19_local/cwallet.sso":    "local auto-login wallet",
		"o23_csr/cwallet.sso":      "no trusted certificate",
		"o23_trusted1/ewallet.p12": "PKCS12 (ewallet.p12); PEM files and auto-login wallets can be imported. Convert it: dbtls truststore convert FILE",
		"lab-root.pem":             "holds PEM",
	} {
		_, err := s.AWS(t, "dms", "import-certificate", "--certificate-identifier", "no", "--certificate-wallet", "fileb://"+filepath.Join("../../wallet/testdata", name))
		if err == nil || !strings.Contains(err.Error(), "(InvalidCertificateFault)") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
