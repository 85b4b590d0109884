// Package ferret exists for its module: go.mod pins FerretDB, a server of the
// MongoDB protocol, as a tool, so that its dependencies are none of the
// product's. Its test is in e2e/login:
//
//	e2e/ferret/build.sh bin/ferretdb
//	DBTLS_FERRETDB=$PWD/bin/ferretdb go test -run Ferret ./e2e/login
//
// The first build takes three to five minutes on two cores.
package ferret
