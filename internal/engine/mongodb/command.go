package mongodb

import (
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Error codes of MongoDB
// (https://www.mongodb.com/docs/manual/reference/error-codes/).
const (
	unauthorized         = 13
	authenticationFailed = 18
)

const simulated = "this is a simulated instance of dbtls: its TLS is real, it has no data and no logins"

// reply is the answer of a server of that version to a command: that of a
// standalone to those a driver needs to see that it is connected, and to all
// others what it is.
func reply(command, version string) bson.D {
	switch strings.ToLower(command) { // servers take ismaster and isMaster
	case "hello", "ismaster":
		return hello(command, version)
	case "ping", "endsessions":
		return bson.D{{Key: "ok", Value: 1.0}}
	case "buildinfo":
		return buildInfo(version)
	case "saslstart", "saslcontinue", "authenticate":
		return failure(authenticationFailed, "AuthenticationFailed", "Authentication failed: "+simulated)
	}
	return failure(unauthorized, "Unauthorized", fmt.Sprintf("command %s is not answered: %s", clip(command), simulated))
}

// hello lacks topologyVersion and logicalSessionTimeoutMinutes, so that drivers
// neither wait for a change of topology nor begin sessions.
func hello(command, version string) bson.D {
	primary := "isWritablePrimary"
	if !strings.EqualFold(command, "hello") {
		primary = "ismaster"
	}
	return bson.D{
		{Key: "helloOk", Value: true},
		{Key: primary, Value: true},
		{Key: "msg", Value: simulated},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)},
		{Key: "maxMessageSizeBytes", Value: int32(48_000_000)},
		{Key: "maxWriteBatchSize", Value: int32(100_000)},
		{Key: "minWireVersion", Value: int32(0)},
		{Key: "maxWireVersion", Value: wireVersion(version)},
		{Key: "readOnly", Value: false},
		{Key: "ok", Value: 1.0},
	}
}

// wireVersion is what a release calls its protocol (maxWireVersion).
func wireVersion(version string) int32 {
	switch major(version) {
	case "8.0":
		return 25
	case "7.0":
		return 21
	case "6.0":
		return 17
	}
	return 13
}

func buildInfo(version string) bson.D {
	numbers := bson.A{}
	for part := range strings.SplitSeq(version+".0", ".") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil {
			n = 0
		}
		numbers = append(numbers, int32(n))
	}
	return bson.D{
		{Key: "version", Value: version},
		{Key: "versionArray", Value: numbers},
		{Key: "modules", Value: bson.A{}},
		{Key: "msg", Value: simulated},
		{Key: "bits", Value: int32(64)},
		{Key: "debug", Value: false},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)},
		{Key: "ok", Value: 1.0},
	}
}

func failure(code int32, name, text string) bson.D {
	return bson.D{
		{Key: "ok", Value: 0.0},
		{Key: "errmsg", Value: text},
		{Key: "code", Value: code},
		{Key: "codeName", Value: name},
	}
}

// clip keeps an answer short and its text well-formed, whatever a client calls
// a command.
func clip(name string) string { return strconv.QuoteToASCII(name[:min(len(name), 64)]) }
