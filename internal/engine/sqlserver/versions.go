package sqlserver

import (
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// versions are those of Amazon RDS, oldest first ("Version policy for Amazon
// RDS for Microsoft SQL Server" in its User Guide).
func versions() []string {
	return strings.Fields(`
13.00.6300.2.v1 13.00.6419.1.v1 13.00.6430.49.v1 13.00.6435.1.v1 13.00.6441.1.v1
13.00.6445.1.v1 13.00.6450.1.v1 13.00.6455.2.v1 13.00.6460.7.v1 13.00.6465.1.v1
13.00.6470.1.v1 13.00.6475.1.v1 13.00.6480.4.v1

14.00.3281.6.v1 14.00.3294.2.v1 14.00.3356.20.v1 14.00.3381.3.v1 14.00.3401.7.v1
14.00.3421.10.v1 14.00.3451.2.v1 14.00.3460.9.v1 14.00.3465.1.v1 14.00.3471.2.v1
14.00.3475.1.v1 14.00.3480.1.v1 14.00.3485.1.v1 14.00.3495.9.v1 14.00.3500.1.v1
14.00.3505.1.v1 14.00.3515.1.v1 14.00.3520.4.v1

15.00.4043.16.v1 15.00.4073.23.v1 15.00.4153.1.v1 15.00.4198.2.v1 15.00.4236.7.v1
15.00.4312.2.v1 15.00.4316.3.v1 15.00.4322.2.v1 15.00.4335.1.v1 15.00.4345.5.v1
15.00.4355.3.v1 15.00.4365.2.v1 15.00.4375.4.v1 15.00.4382.1.v1 15.00.4385.2.v1
15.00.4390.2.v1 15.00.4395.2.v1 15.00.4405.4.v1 15.00.4410.1.v1 15.00.4415.2.v1
15.00.4420.2.v1 15.00.4430.1.v1 15.00.4435.7.v1 15.00.4440.1.v1 15.00.4445.1.v1
15.00.4455.2.v1 15.00.4460.4.v1

16.00.4085.2.v1 16.00.4095.4.v1 16.00.4105.2.v1 16.00.4115.5.v1 16.00.4120.1.v1
16.00.4125.3.v1 16.00.4131.2.v1 16.00.4135.4.v1 16.00.4140.3.v1 16.00.4145.4.v1
16.00.4150.1.v1 16.00.4165.4.v1 16.00.4175.1.v1 16.00.4185.3.v1 16.00.4195.2.v1
16.00.4205.1.v1 16.00.4210.1.v1 16.00.4215.2.v1 16.00.4225.2.v1 16.00.4230.2.v1
16.00.4236.2.v1 16.00.4245.2.v1`)
}

// major is "15.00" of "15.00.4335.1.v1".
func major(version string) string {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	return first + "." + second
}

// family is "sqlserver-se-15.0" of "15.00.4335.1.v1".
func family(edition, version string) string {
	n := number(version)
	return edition + "-" + strconv.Itoa(int(n.major)) + "." + strconv.Itoa(int(n.minor))
}

// release is a version as it travels ([MS-TDS] 2.2.6.5, UL_VERSION and
// US_SUBBUILD).
type release struct {
	major, minor byte
	build, sub   uint16
}

// number reads what it can of a version; parts that are missing are 0.
func number(version string) release {
	var n [4]uint16
	for i, part := range strings.Split(version, ".") {
		if i == len(n) {
			break
		}
		v, _ := strconv.ParseUint(part, 10, 16)
		n[i] = uint16(v) //nolint:gosec // 16 bits were asked for
	}
	return release{byte(n[0]), byte(n[1]), n[2], n[3]} //nolint:gosec // majors and minors are small
}

// String is "16.0.4085", as clients show it.
func (r release) String() string {
	return strconv.Itoa(int(r.major)) + "." + strconv.Itoa(int(r.minor)) + "." + strconv.Itoa(int(r.build))
}

// oldCiphers reports whether old protocols and ciphers are on in version
// unless a parameter says otherwise. RDS turned them off by default in each
// major version after the minor one named here (User Guide, "Configuring SQL
// Server security protocols and ciphers").
func oldCiphers(version string) bool {
	last := map[string]string{
		"13.00": "13.00.6435.1",
		"14.00": "14.00.3465.1",
		"15.00": "15.00.4365.2",
		"16.00": "16.00.4120.1",
	}[major(version)]
	base, _, _ := strings.Cut(version, ".v")
	return last != "" && engine.CompareVersions(base, last) <= 0
}
